// Client certificates. They protect the host and are not supported yet, so routes that ask for them are refused.
import { notYet, refuse } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const clientCertificateAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'auth-tls-secret',
    scope: 'host',
    risk: 'Medium',
    without: refuse,
    summary: 'Secret with the CA of client certificates.',
  }),
  notYet({
    name: 'auth-tls-verify-client',
    scope: 'host',
    risk: 'Medium',
    without: refuse,
    summary: '`on`, `off`, `optional` or `optional_no_ca`.',
  }),
  notYet({ name: 'auth-tls-verify-depth', scope: 'host', risk: 'Low', without: refuse, summary: 'Longest chain of a client certificate.' }),
  notYet({
    name: 'auth-tls-error-page',
    scope: 'host',
    risk: 'High',
    without: refuse,
    summary: 'Redirect for clients without a good certificate.',
  }),
  notYet({
    name: 'auth-tls-pass-certificate-to-upstream',
    scope: 'host',
    risk: 'Low',
    without: refuse,
    summary: 'Sends the certificate to the backend in `ssl-client-cert`.',
  }),
  notYet({
    name: 'auth-tls-match-cn',
    scope: 'host',
    risk: 'High',
    without: refuse,
    summary: 'Regular expression for the subject of the certificate.',
  }),
];
