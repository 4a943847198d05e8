// Writes X.509 certificates, version 3 (RFC 5280), signed with SHA-256 by a key that is RSA or an elliptic curve: for servers, and for
// authorities that vouch for them.
import { createHash, randomBytes, sign } from 'node:crypto';
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
} from './der.ts';

export interface DistinguishedName {
  readonly commonName: string;
  readonly organization: string;
}

export interface CertificateContents {
  readonly subject: DistinguishedName;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /**
   * A server has DNS names and IPv4 addresses in its subject alternative name, at least one; an authority has none, and may vouch for servers
   * only, not for other authorities.
   */
  readonly purpose: { readonly kind: 'server'; readonly dnsNames: readonly string[] } | { readonly kind: 'authority' };
  readonly issuer: {
    readonly name: DistinguishedName;
    readonly privateKey: KeyObject;
    /** Of an authority; undefined: the certificate is signed by its own key. */
    readonly publicKey?: KeyObject;
  };
}

const SERIAL_BYTES = 16;

/** The certificate as PEM. */
export function signCertificate(contents: CertificateContents): string {
  const { privateKey } = contents.issuer;
  const algorithm =
    privateKey.asymmetricKeyType === 'ec'
      ? derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'))
      : derSequence(derObjectIdentifier('1.2.840.113549.1.1.11'), derNull());
  const body = certificateBody(contents, algorithm);
  return pem('CERTIFICATE', derSequence(body, algorithm, derBitString(sign('sha256', body, privateKey))));
}

/** TBSCertificate. */
function certificateBody(contents: CertificateContents, algorithm: Buffer): Buffer {
  return derSequence(
    derExplicit(0, derInteger(Buffer.of(2))),
    derInteger(serialNumber()),
    algorithm,
    encodeName(contents.issuer.name),
    derSequence(derTime(contents.notBeforeMs), derTime(contents.notAfterMs)),
    encodeName(contents.subject),
    contents.publicKey.export({ type: 'spki', format: 'der' }),
    derExplicit(3, derSequence(...extensions(contents))),
  );
}

function extensions({ purpose, publicKey, issuer }: CertificateContents): readonly Buffer[] {
  const subjectKey = extension('2.5.29.14', derOctetString(keyIdentifier(publicKey)), false);
  if (purpose.kind === 'authority') {
    return [
      // keyUsage: keyCertSign, the sixth of its bits.
      extension('2.5.29.15', derBitString(Buffer.of(0b0000_0100), 2), true),
      // basicConstraints: an authority, with no other one below it.
      extension('2.5.29.19', derSequence(derBoolean(true), derInteger(Buffer.of(0))), true),
      subjectKey,
    ];
  }
  const ofAuthority =
    issuer.publicKey === undefined
      ? []
      : [subjectKey, extension('2.5.29.35', derSequence(derImplicit(0, keyIdentifier(issuer.publicKey))), false)];
  return [
    // keyUsage: digitalSignature and keyEncipherment, the first and the third of its bits.
    extension('2.5.29.15', derBitString(Buffer.of(0b1010_0000), 5), true),
    // extendedKeyUsage: serverAuth.
    extension('2.5.29.37', derSequence(derObjectIdentifier('1.3.6.1.5.5.7.3.1')), false),
    // basicConstraints: not an authority.
    extension('2.5.29.19', derSequence(), true),
    extension('2.5.29.17', derSequence(...purpose.dnsNames.map(generalName)), false),
    ...ofAuthority,
  ];
}

/** Any name that is the same in both certificates will do (RFC 5280, section 4.2.1.2). */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function extension(identifier: string, value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [derBoolean(true)] : [];
  return derSequence(derObjectIdentifier(identifier), ...critical, derOctetString(value));
}

function generalName(name: string): Buffer {
  return isIP(name) === 4 ? derImplicit(7, Buffer.from(name.split('.').map(Number))) : derImplicit(2, Buffer.from(name, 'latin1'));
}

function encodeName({ commonName, organization }: DistinguishedName): Buffer {
  return derSequence(attribute('2.5.4.10', organization), attribute('2.5.4.3', commonName));
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
