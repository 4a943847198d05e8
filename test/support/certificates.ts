// Makes X.509 certificates for tests (RFC 5280): the subject is a common name only, alternative names are exactly those asked for. Keys
// are RSA 2048 and come from a small pool, because making them is what costs time.
import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import * as der from './der.ts';

export interface IssuedCertificate {
  readonly commonName: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly privateKey: KeyObject;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  /** Undefined: signed with its own key. */
  readonly issuer?: IssuedCertificate;
  readonly isAuthority?: boolean;
  readonly isExpired?: boolean;
}

export interface CertificateIssuer {
  issue: (request: CertificateRequest) => Promise<IssuedCertificate>;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const SHA256_WITH_RSA = der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), der.nothing());
const DAY_MS = 24 * 3600 * 1000;
const makeKeyPair = promisify(generateKeyPair);

/** Keys are made when they are first needed; at most `poolSize` of them, and one of its own for each authority. */
export function createCertificateIssuer(options: { readonly poolSize: number; readonly now: () => number }): CertificateIssuer {
  const pool: Promise<KeyPair>[] = [];
  let used = 0;
  const takeKeyPair = async (isAuthority: boolean): Promise<KeyPair> => {
    if (isAuthority) return newKeyPair();
    const index = used++ % options.poolSize;
    pool[index] ??= newKeyPair();
    return pool[index];
  };
  return {
    async issue(request) {
      const keys = await takeKeyPair(request.isAuthority === true);
      return {
        commonName: request.commonName,
        certificatePem: toPem('CERTIFICATE', encodeCertificate(request, keys, options.now())),
        privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        privateKey: keys.privateKey,
      };
    },
  };
}

async function newKeyPair(): Promise<KeyPair> {
  return makeKeyPair('rsa', { modulusLength: 2048 });
}

function encodeCertificate(request: CertificateRequest, keys: KeyPair, nowMs: number): Buffer {
  const startMs = request.isExpired === true ? nowMs - 10 * DAY_MS : nowMs - DAY_MS;
  const endMs = request.isExpired === true ? nowMs - DAY_MS : nowMs + 365 * DAY_MS;
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const body = der.sequence(
    der.contextTag(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    SHA256_WITH_RSA,
    encodeName(request.issuer?.commonName ?? request.commonName),
    der.sequence(der.time(new Date(startMs)), der.time(new Date(endMs))),
    encodeName(request.commonName),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der.contextTag(3, der.sequence(...encodeExtensions(request))),
  );
  const signature = sign('sha256', body, request.issuer?.privateKey ?? keys.privateKey);
  return der.sequence(body, SHA256_WITH_RSA, der.bitString(signature));
}

function encodeName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(commonName))));
}

function encodeExtensions(request: CertificateRequest): Buffer[] {
  const isAuthority = request.isAuthority === true;
  const extensions = [extension('2.5.29.19', true, isAuthority ? der.sequence(der.boolean(true)) : der.sequence())];
  // keyCertSign and cRLSign, or digitalSignature and keyEncipherment.
  extensions.push(extension('2.5.29.15', true, der.bitString(Buffer.from([isAuthority ? 0x06 : 0xa0]), isAuthority ? 1 : 5)));
  if (!isAuthority) {
    const purposes = der.sequence(der.objectIdentifier('1.3.6.1.5.5.7.3.1'), der.objectIdentifier('1.3.6.1.5.5.7.3.2'));
    extensions.push(extension('2.5.29.37', false, purposes));
  }
  if (request.hosts.length > 0) extensions.push(extension('2.5.29.17', false, der.sequence(...request.hosts.map(encodeAlternativeName))));
  return extensions;
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...critical, der.octetString(value));
}

function encodeAlternativeName(host: string): Buffer {
  if (isIP(host) === 4) return der.contextTag(7, Buffer.from(host.split('.').map(Number)), false);
  return der.contextTag(2, Buffer.from(host), false);
}

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
