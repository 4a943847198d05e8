// The certificate of the admission webhook, and the authority that vouches for it and for nothing else: made together, and the key of the
// authority is forgotten at once. Whoever renews the certificate makes a new authority.
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { signCertificate } from '../kit/x509.ts';

/** PEM, as the Secret keeps it. */
export interface WebhookCertificate {
  /** One certificate of an authority, or several: the newest first. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * Nobody renews it between two runs of the chart's Job, which may be years apart, and an expired certificate makes every change of an
 * Ingress fail.
 */
const VALID_DAYS = 3_650;
/** With less than this left, it is renewed. */
const RENEW_BEFORE_DAYS = 365;

/** Makes an authority, a key, and a certificate for these DNS names. */
export function createWebhookCertificate(dnsNames: readonly string[], nowMs: number): WebhookCertificate {
  const validity = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + VALID_DAYS * DAY_MS };
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Go looks for the issuer by its name: authorities of several runs stand in one bundle and must differ.
  const name = { commonName: `portico-webhook-ca-${Math.floor(nowMs / 1000)}`, organization: 'portico' };
  const ca = signCertificate({
    subject: name,
    publicKey: authority.publicKey,
    ...validity,
    purpose: { kind: 'authority' },
    issuer: { name, privateKey: authority.privateKey },
  });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = signCertificate({
    subject: { commonName: dnsNames[0] ?? '', organization: 'portico' },
    publicKey: server.publicKey,
    ...validity,
    purpose: { kind: 'server', dnsNames },
    issuer: { name, privateKey: authority.privateKey, publicKey: authority.publicKey },
  });
  return { ca, cert, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** Why the certificate has to be made anew, to go on a sentence that starts with "the certificate"; undefined: it is good. */
export function problemOfCertificate(
  { ca, cert, key }: WebhookCertificate,
  dnsNames: readonly string[],
  nowMs: number,
): string | undefined {
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 'does not belong to its key';
    const missing = dnsNames.find((name) => certificate.checkHost(name, { subject: 'never' }) === undefined);
    if (missing !== undefined) return `is not for ${missing}`;
    const authorities = readCertificates(ca);
    const authority = authorities.find((candidate) => certificate.checkIssued(candidate) && certificate.verify(candidate.publicKey));
    if (authority === undefined) return 'was not made by its authority';
    const endMs = Math.min(certificate.validToDate.getTime(), authority.validToDate.getTime());
    if (certificate.validFromDate.getTime() > nowMs) return 'is not valid yet';
    if (endMs < nowMs) return 'has expired';
    return endMs - nowMs < RENEW_BEFORE_DAYS * DAY_MS ? `expires soon (${new Date(endMs).toISOString().slice(0, 10)})` : undefined;
  } catch {
    return 'cannot be read';
  }
}

/** The new authority with the newest of those before that is still valid: certificates of both are in use for a while. */
export function joinAuthorities(newest: string, before: string, nowMs: number): string {
  let old: X509Certificate | undefined;
  try {
    old = readCertificates(before).find((certificate) => certificate.ca && certificate.validToDate.getTime() > nowMs);
  } catch {
    // What cannot be read cannot be in use.
  }
  return old === undefined ? newest : `${newest.trimEnd()}\n${old.toString().trimEnd()}\n`;
}

function readCertificates(pem: string): readonly X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((text) => new X509Certificate(text));
}
