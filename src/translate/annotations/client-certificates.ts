// Client certificates. They protect all paths of a host, whichever Ingress those come from, and are not supported yet, so every route of
// the host is refused.
import { notYet } from './row.ts';
import type { AnnotationRow, WithoutIt } from './row.ts';

export const clientCertificateAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'auth-tls-secret',
    scope: 'host',
    risk: 'Medium',
    without: refuseHosts,
    summary: 'Secret with the CA of client certificates.',
  }),
  notYet({
    name: 'auth-tls-verify-client',
    scope: 'host',
    risk: 'Medium',
    without: refuseHosts,
    summary: '`on`, `off`, `optional` or `optional_no_ca`.',
  }),
  notYet({
    name: 'auth-tls-verify-depth',
    scope: 'host',
    risk: 'Low',
    without: refuseHosts,
    summary: 'Longest chain of a client certificate.',
  }),
  notYet({
    name: 'auth-tls-error-page',
    scope: 'host',
    risk: 'High',
    without: refuseHosts,
    summary: 'Redirect for clients without a good certificate.',
  }),
  notYet({
    name: 'auth-tls-pass-certificate-to-upstream',
    scope: 'host',
    risk: 'Low',
    without: refuseHosts,
    summary: 'Sends the certificate to the backend in `ssl-client-cert`.',
  }),
  notYet({
    name: 'auth-tls-match-cn',
    scope: 'host',
    risk: 'High',
    without: refuseHosts,
    summary: 'Regular expression for the subject of the certificate.',
  }),
];

function refuseHosts(text: string): WithoutIt {
  return text === 'off' ? 'same' : 'refuse-hosts';
}
