// Makes self-signed certificates: the one that hosts without a certificate of their own are shown, and those of demos.
// X.509 version 3 (RFC 5280), signed with SHA-256, valid from an hour before now, for clocks that are slow.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import {
  derBitString,
  derBoolean,
  derExplicit,
  derImplicit,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from '../../kit/der.ts';

export interface SelfSignedRequest {
  readonly commonName: string;
  readonly organization: string;
  /** DNS names and IPv4 addresses of the subject alternative name; not empty. */
  readonly dnsNames: readonly string[];
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** `rsa` (2048 bits) unless given: every client can use it. `ec` (P-256) is made a hundred times faster. */
  readonly keyType?: 'rsa' | 'ec';
}

export interface SelfSignedCertificate {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SERIAL_BYTES = 16;

/** What ingress-nginx shows where there is no certificate: scripts and monitors know it by this name. */
export function createDefaultCertificate(nowMs: number): SelfSignedCertificate {
  return createSelfSignedCertificate({
    commonName: 'Kubernetes Ingress Controller Fake Certificate',
    organization: 'Acme Co',
    dnsNames: ['ingress.local'],
    days: 365,
    nowMs,
  });
}

/** Makes a key pair and a certificate for it, both PEM. Blocks for as long as the key takes: about 0.1 s for RSA. */
export function createSelfSignedCertificate(request: SelfSignedRequest): SelfSignedCertificate {
  const isElliptic = request.keyType === 'ec';
  const { publicKey, privateKey } = isElliptic
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = isElliptic
    ? derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'))
    : derSequence(derObjectIdentifier('1.2.840.113549.1.1.11'), derNull());
  const body = certificateBody(request, publicKey, algorithm);
  const certificate = derSequence(body, algorithm, derBitString(sign('sha256', body, privateKey)));
  return { chainPem: pem('CERTIFICATE', certificate), privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** TBSCertificate. */
function certificateBody(request: SelfSignedRequest, publicKey: KeyObject, algorithm: Buffer): Buffer {
  const name = derSequence(attribute('2.5.4.10', request.organization), attribute('2.5.4.3', request.commonName));
  const validity = derSequence(derTime(request.nowMs - HOUR_MS), derTime(request.nowMs + request.days * DAY_MS));
  return derSequence(
    derExplicit(0, derInteger(Buffer.of(2))),
    derInteger(serialNumber()),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    derExplicit(3, derSequence(...extensions(request.dnsNames))),
  );
}

function extensions(dnsNames: readonly string[]): readonly Buffer[] {
  return [
    // keyUsage: digitalSignature and keyEncipherment, the first and the third of its bits.
    extension('2.5.29.15', derBitString(Buffer.of(0b1010_0000), 5), true),
    // extendedKeyUsage: serverAuth.
    extension('2.5.29.37', derSequence(derObjectIdentifier('1.3.6.1.5.5.7.3.1')), false),
    // basicConstraints: not an authority.
    extension('2.5.29.19', derSequence(), true),
    extension('2.5.29.17', derSequence(...dnsNames.map(generalName)), false),
  ];
}

function extension(identifier: string, value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [derBoolean(true)] : [];
  return derSequence(derObjectIdentifier(identifier), ...critical, derOctetString(value));
}

function generalName(name: string): Buffer {
  return isIP(name) === 4 ? derImplicit(7, Buffer.from(name.split('.').map(Number))) : derImplicit(2, Buffer.from(name, 'latin1'));
}

function attribute(identifier: string, value: string): Buffer {
  return derSet(derSequence(derObjectIdentifier(identifier), derUtf8String(value)));
}

/** Random and positive (RFC 5280, section 4.1.2.2): browsers refuse two certificates of one issuer with the same number. */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
