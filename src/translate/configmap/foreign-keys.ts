// Keys that hold nginx configuration, or ask for an engine that does not exist here, and the keys of global external authentication.
import { noEffect, notYet } from './row.ts';
import type { ConfigRow } from './row.ts';

export const foreignKeys: readonly ConfigRow[] = [
  ...notYet('refuse', [['global-auth-url', '', 'External authentication of every route.']]),
  ...notYet('serve', [
    ['global-auth-method', '', 'Method of the request to `global-auth-url`.'],
    ['global-auth-signin', '', 'Where a client is sent to sign in.'],
    ['global-auth-signin-redirect-param', 'rd', 'Query parameter with the URL to come back to.'],
    ['global-auth-response-headers', '', 'Headers copied from the answer.'],
    ['global-auth-request-redirect', '', 'X-Auth-Request-Redirect.'],
    ['global-auth-cache-key', '', 'Key under which answers are kept.'],
    ['global-auth-cache-duration', '200 202 401 5m', 'How long answers are kept.'],
    ['global-auth-always-set-cookie', 'false', 'Passes cookies on with every status.'],
  ]),
  ...noEffect('there is no nginx that could read it', [
    ['global-auth-snippet', '', 'nginx directives of global authentication.'],
    ['main-snippet', '', 'nginx directives.'],
    ['http-snippet', '', 'nginx directives.'],
    ['server-snippet', '', 'nginx directives.'],
    ['location-snippet', '', 'nginx directives.'],
    ['stream-snippet', '', 'nginx directives.'],
    ['modsecurity-snippet', '', 'Configuration text of the firewall.'],
  ]),
  ...notYet('serve', [
    ['enable-modsecurity', 'false', 'Web application firewall for every route.'],
    ['enable-owasp-modsecurity-crs', 'false', 'OWASP core rules for every route.'],
    ['use-geoip2', 'false', 'Variables with the place of an address.'],
    ['geoip2-autoreload-in-minutes', '0', 'Reads the databases again.'],
  ]),
  ...noEffect('ingress-nginx has removed it', [
    ['use-geoip', 'false', 'Removed.'],
    ['jaeger-collector-host', '', 'Removed.'],
    ['jaeger-collector-port', '', 'Removed.'],
    ['jaeger-service-name', '', 'Removed.'],
  ]),
];
