// What is spoken with the backend: TLS, gRPC, FastCGI.
import { notYet } from './row.ts';
import type { AnnotationRow, WithoutIt } from './row.ts';

export const backendProtocolAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'backend-protocol',
    scope: 'location',
    risk: 'Low',
    without: withoutBackendProtocol,
    summary: '`HTTP`; `HTTPS`, `AUTO_HTTP`, `GRPC`, `GRPCS` and `FCGI` are not supported yet.',
  }),
  notYet({
    name: 'proxy-ssl-secret',
    scope: 'location',
    risk: 'Medium',
    summary: 'Secret with the client certificate and CA towards the backend.',
  }),
  notYet({ name: 'proxy-ssl-verify', scope: 'location', risk: 'Low', summary: 'Whether the certificate of the backend is verified.' }),
  notYet({ name: 'proxy-ssl-verify-depth', scope: 'location', risk: 'Low', summary: 'Longest chain of a backend certificate.' }),
  notYet({ name: 'proxy-ssl-name', scope: 'location', risk: 'High', summary: 'Name to verify and to send as SNI.' }),
  notYet({ name: 'proxy-ssl-server-name', scope: 'location', risk: 'Low', summary: 'Whether SNI is sent to the backend.' }),
  notYet({ name: 'proxy-ssl-ciphers', scope: 'location', risk: 'Medium', summary: 'OpenSSL cipher list towards the backend.' }),
  notYet({ name: 'proxy-ssl-protocols', scope: 'location', risk: 'Low', summary: 'TLS versions towards the backend.' }),
  notYet({ name: 'fastcgi-index', scope: 'location', risk: 'Medium', summary: 'File name for paths that end in a slash.' }),
  notYet({ name: 'fastcgi-params-configmap', scope: 'location', risk: 'Medium', summary: 'ConfigMap with FastCGI parameters.' }),
];

function withoutBackendProtocol(text: string): WithoutIt {
  switch (text.toUpperCase()) {
    case 'HTTPS':
    case 'GRPCS':
      // Requests that were meant to travel encrypted must not be sent in the clear.
      return 'refuse';
    case 'HTTP':
      return 'same';
    default:
      return 'serve';
  }
}
