// Makes self-signed certificates: the one that hosts without a certificate of their own are shown, and those of demos.
// They are valid from an hour before now, for clocks that are slow.
import { generateKeyPairSync } from 'node:crypto';
import { signCertificate } from '../../kit/x509.ts';

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
  const { commonName, organization, dnsNames, days, nowMs, keyType } = request;
  const { publicKey, privateKey } =
    keyType === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const name = { commonName, organization };
  const chainPem = signCertificate({
    subject: name,
    publicKey,
    notBeforeMs: nowMs - HOUR_MS,
    notAfterMs: nowMs + days * DAY_MS,
    purpose: { kind: 'server', dnsNames },
    issuer: { name, privateKey },
  });
  return { chainPem, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
