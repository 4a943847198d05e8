// Reads the certificate that a client showed in its handshake into the texts that header fields and variables hold.
import type { TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { isSafeValue } from '../http1/safe-text.ts';
import type { ClientCertificate } from '../exchange/tls-facts.ts';

/** OpenSSL's texts of what goes wrong most, by Node's codes; others are told by their code. */
const REASONS: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify the first certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_REVOKED: 'certificate revoked',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  CERT_CHAIN_TOO_LONG: 'certificate chain too long',
  UNABLE_TO_GET_CRL: 'unable to get certificate CRL',
  CRL_HAS_EXPIRED: 'CRL has expired',
  INVALID_PURPOSE: 'unsuitable certificate purpose',
  INVALID_CA: 'invalid CA certificate',
  PATH_LENGTH_EXCEEDED: 'path length constraint exceeded',
};

/** nginx: `ngx_ssl_verify_error_optional`. */
const ONLY_UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** No chain is longer in practice; OpenSSL stops at 100. */
const MAX_CHAIN = 20;

/** Of a socket whose handshake asked for a certificate. Undefined: the client has sent none. */
export function readClientCertificate(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const code = socket.authorized ? '' : errorCodeOf(socket);
  return {
    verify: code === '' ? 'SUCCESS' : `FAILED:${REASONS[code] ?? code.toLowerCase().replaceAll('_', ' ')}`,
    isOnlyUntrusted: ONLY_UNTRUSTED.has(code),
    intermediates: countIntermediates(certificate),
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    escapedPem: encodeURIComponent(certificate.toString()),
    serial: certificate.serialNumber,
    fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
  };
}

/** Node's types say that it is an Error; it is the code (Node 24, `lib/_tls_wrap.js`). */
function errorCodeOf(socket: TLSSocket): string {
  const error: unknown = socket.authorizationError;
  return typeof error === 'string' && /^[A-Z0-9_]+$/.test(error) ? error : 'UNSPECIFIED';
}

function countIntermediates(certificate: X509Certificate): number {
  let count = 0;
  let issuer = certificate.issuerCertificate;
  for (let length = 0; issuer !== undefined && length < MAX_CHAIN; length++) {
    const next = issuer.issuerCertificate;
    // The last one is the CA itself.
    if (next === undefined || issuer.subject === issuer.issuer) break;
    count++;
    issuer = next;
  }
  return count;
}

/**
 * From Node's form, an attribute a line in the order of the certificate and escaped by RFC 2253, to RFC 2253 as nginx prints it: the last
 * attribute first, bytes above 127 escaped.
 */
export function distinguishedName(text: string | undefined): string {
  const name = (text ?? '').split('\n').toReversed().map(escapeHighBytes).join(',').replaceAll(' + ', '+');
  return isSafeValue(name) ? name : '';
}

function escapeHighBytes(text: string): string {
  return text.replaceAll(/[^\0-\x7f]+/g, (characters) =>
    Array.from(Buffer.from(characters, 'utf8'), (byte) => `\\${byte.toString(16).toUpperCase()}`).join(''),
  );
}
