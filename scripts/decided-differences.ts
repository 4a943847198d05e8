// Where Portico behaves otherwise than ingress-nginx on purpose and no single annotation, key or flag is the reason. The page
// docs/compatibility.md shows them below the tables, together with what the rows of the registries say themselves.

export interface DecidedDifference {
  readonly subject: string;
  readonly ingressNginx: string;
  readonly portico: string;
  /** One sentence. */
  readonly why: string;
}

/** What fails open in ingress-nginx, and fails closed here. */
export const failClosed: readonly DecidedDifference[] = [
  {
    subject: 'External authentication with an invalid companion (`auth-cache-duration`, `auth-request-redirect`, `auth-always-set-cookie`)',
    ingressNginx: 'switched off; the routes are open',
    portico: 'the routes answer 503',
    why: 'A typing mistake must not open what was closed.',
  },
  {
    subject: '`cors-allow-origin` that is not valid',
    ingressNginx: 'every origin is allowed',
    portico: 'no origin is allowed',
    why: 'The list was written to keep origins out.',
  },
  {
    subject: 'Origins with a wildcard label in `cors-allow-origin`',
    ingressNginx: 'compared at the end only, so that something may stand in front of the scheme',
    portico: 'compared as a whole',
    why: 'An origin that only ends like an allowed one is another origin.',
  },
  {
    subject: 'Client certificates over plain HTTP',
    ingressNginx: 'not asked for: the routes are open there unless something redirects',
    portico: 'refused where `auth-tls-verify-client` is `on` and nothing redirects to HTTPS',
    why: 'The policy would hold for those only who keep to it.',
  },
  {
    subject: '`auth-tls-secret` with a Secret without `ca.crt`',
    ingressNginx: 'the host is open',
    portico: 'the host answers 403',
    why: 'Nobody can show a certificate of an unknown authority.',
  },
  {
    subject: 'ConfigMap keys that protect every route (`block-cidrs`, `global-auth-url`, ...) with a value that is not valid',
    ingressNginx: 'the default, or a configuration that does not load',
    portico: 'all routes answer 503',
    why: 'As for annotations: what protects is never left out.',
  },
  {
    subject: '`enable-modsecurity: "true"`',
    ingressNginx: 'the firewall',
    portico: 'the routes answer 503 until there is one',
    why: 'Somebody believes these routes to be guarded.',
  },
];

/** Accidents of the nginx implementation that are not repeated, and choices of Portico. */
export const decidedQuirks: readonly DecidedDifference[] = [
  {
    subject: 'Other paths with the main Service of a canary',
    ingressNginx: 'sent to the canary too',
    portico: 'only the paths that the canary Ingress names',
    why: 'An Ingress changes what it names.',
  },
  {
    subject: 'Prefix paths `/foo` and `/foo/` on one host',
    ingressNginx: 'nginx refuses the whole configuration',
    portico: 'both are served; the longer path wins',
    why: 'One object takes no other down.',
  },
  {
    subject: '`mirror-request-body: off` and a request with a body',
    ingressNginx: 'the copy announces a body that never comes',
    portico: 'the copy is a request without a body',
    why: 'The target would wait until it gives up.',
  },
  {
    subject: 'Dot segments of a path',
    ingressNginx: 'sent on as received',
    portico: 'removed before the path is sent on; `portico-path-forwarding: nginx` sends them',
    why: 'The backend must not reduce a path to another one than was matched.',
  },
  {
    subject: 'Requests that are malformed or have two readings',
    ingressNginx: 'some are repaired and passed on',
    portico: '400 and a code; see [security.md](security.md)',
    why: 'Two servers that read a request differently are a way in.',
  },
  {
    subject: 'Regular expressions',
    ingressNginx: 'PCRE, which can take exponential time',
    portico: 'RE2, in linear time; look-behind, back-references and possessive groups are a diagnostic',
    why: 'One tenant’s expression must not stop the traffic of all.',
  },
  {
    subject: 'Bodies',
    ingressNginx: 'request bodies are read as a whole first, to disk where they are large',
    portico:
      'streamed under back-pressure, the first 64 KiB kept for retries and error pages; as in ingress-nginx with `proxy-request-buffering: "on"` ' +
      'in the ConfigMap or on the Ingress',
    why: 'A backend can answer before the body is complete, and nothing is written to a disk that nobody asked for.',
  },
  {
    subject: 'TLS 1.0 and 1.1, early data',
    ingressNginx: 'can be switched on',
    portico: 'never',
    why: 'RFC 8996; early data can be replayed.',
  },
  {
    subject: 'Errors of the proxy itself',
    ingressNginx: 'a page',
    portico: 'the same page, and a code in the header `X-Portico-Error` (ConfigMap `portico-error-header`)',
    why: 'An answer should lead to its cause.',
  },
  {
    subject: 'Changes',
    ingressNginx: 'configuration is reloaded; old workers end after `worker-shutdown-timeout` (240 s) and cut what is left',
    portico: 'nothing is reloaded; a change cuts no connection',
    why: 'A WebSocket has nothing to do with somebody else’s Ingress.',
  },
];
