import type { Brand } from '../kit/brand.ts';
import type { Origin } from './origin.ts';

/** `namespace NUL secret name`; made by `certificateKey` only. */
export type CertificateKey = Brand<string, 'CertificateKey'>;

/** A key pair that was checked: the chain parses, the key parses and belongs to the first certificate. */
export interface Certificate {
  readonly key: CertificateKey;
  /** PEM, leaf first. */
  readonly chainPem: string;
  /** PEM. Never printed, never logged. */
  readonly privateKeyPem: string;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
  readonly serialNumber: string;
  readonly issuerCommonName: string;
  readonly issuerOrganization: string;
  readonly publicKeyAlgorithm: string;
  readonly origin: Origin;
}

export function certificateKey(namespace: string, secret: string): CertificateKey {
  return `${namespace}\0${secret}` as CertificateKey;
}
