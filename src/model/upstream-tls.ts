// TLS towards endpoints: annotations `backend-protocol: HTTPS` and `proxy-ssl-*`. Everything here changes the connection, so all of it is
// in the key of the upstream too: two upstreams with different settings never share a connection.
import type { Brand } from '../kit/brand.ts';
import type { Origin } from './origin.ts';

/** `namespace NUL secret name`; made by `upstreamSecretKey` only. */
export type UpstreamSecretKey = Brand<string, 'UpstreamSecretKey'>;

export interface UpstreamTls {
  /** What the certificate must be for, and the server name that is sent, where they are asked for. */
  readonly name: string;
  readonly sendsServerName: boolean;
  readonly verifies: boolean;
  /** Intermediate certificates between the trust anchor and the endpoint's certificate. */
  readonly verifyDepth: number;
  /** OpenSSL cipher list for TLS 1.2. */
  readonly ciphers: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Trust and client certificate. */
  readonly secret?: UpstreamSecretKey;
}

/** What a Secret of `proxy-ssl-secret` holds, checked: whatever is there parses. */
export interface UpstreamSecret {
  readonly key: UpstreamSecretKey;
  /** PEM of the trusted certificates; empty: nothing is trusted. */
  readonly trustPem: string;
  /** PEM, leaf first; empty: no client certificate is sent. */
  readonly chainPem: string;
  /** PEM. Never printed, never logged. */
  readonly privateKeyPem: string;
  readonly origin: Origin;
}

export function upstreamSecretKey(namespace: string, secret: string): UpstreamSecretKey {
  return `${namespace}\0${secret}` as UpstreamSecretKey;
}
