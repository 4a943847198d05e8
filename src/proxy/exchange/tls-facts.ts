// What a connection knows of its TLS handshake that decides about its requests: which host it was made for, and the client's certificate.
import type { ClientTrust } from '../../model/policies/client-certificates.ts';

export interface TlsFacts {
  /** Name of the virtual host that the server name of the handshake led to, of the host itself for an alias: `_` without one. */
  readonly hostName: string;
  /** What certificates were verified against; undefined: none was asked for. */
  readonly trust: ClientTrust | undefined;
  readonly certificate: ClientCertificate | undefined;
}

/** All texts may stand in a header field. */
export interface ClientCertificate {
  /** `SUCCESS`, or `FAILED:` and why, in OpenSSL's words. */
  readonly verify: string;
  /** True: nothing is wrong but that the issuer is not known. */
  readonly isOnlyUntrusted: boolean;
  /** Certificates between this one and the CA. */
  readonly intermediates: number;
  /** RFC 2253. */
  readonly subject: string;
  /** RFC 2253. */
  readonly issuer: string;
  /** PEM, percent-encoded. */
  readonly escapedPem: string;
  /** Hexadecimal, upper case. */
  readonly serial: string;
  /** SHA-1 in lower-case hexadecimal digits. */
  readonly fingerprint: string;
}
