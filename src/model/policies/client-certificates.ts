// Client certificates of a host: annotations `auth-tls-*` of ingress-nginx. They hold for every path of the host, whichever object it
// comes from. A host whose CA is missing has no such row: all its routes are refused.

export interface ClientCertificatePolicy {
  /**
   * `on`: a good certificate is needed. `optional`: none is fine, a bad one is not. `optional_no_ca`: one whose issuer is unknown is fine
   * too. `off`: none is asked for.
   */
  readonly verify: 'on' | 'optional' | 'optional_no_ca' | 'off';
  readonly trust: ClientTrust;
  /** Intermediate certificates between the CA and the client's certificate. */
  readonly depth: number;
  /** Where clients without a good certificate are sent; template. */
  readonly errorPage?: string;
  /** Whether the backend gets the certificate in `ssl-client-cert`. */
  readonly passesCertificate: boolean;
  /** RE2 pattern, anywhere in the subject (RFC 2253), or 403. */
  readonly subjectPattern?: string;
}

/** What a Secret holds, checked. Hosts with the same Secret refer to the same object. */
export interface ClientTrust {
  /** PEM. */
  readonly caPem: string;
  /** PEM; empty: no certificate is revoked. */
  readonly crlPem: string;
}

/** Whether both trust the same; copies from another thread are other objects. */
export function isSameTrust(a: ClientTrust, b: ClientTrust): boolean {
  return a.caPem === b.caPem && a.crlPem === b.crlPem;
}
