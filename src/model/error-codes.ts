// The registry of the errors that Portico itself answers. Each has a stable code that stands in the access log, in the metric
// `portico_rejected_requests_total` and in the response header `X-Portico-Error`. docs/reference/error-codes.md is generated from it.
// A number is never given a second meaning.

export interface ErrorCodeRow {
  readonly slug: string;
  /** Status that the client gets; 0 where the connection is closed without an answer. */
  readonly status: number;
  /** Who caused it. */
  readonly source: 'client' | 'portico' | 'upstream';
  /** Whether the client's connection is closed after the answer. */
  readonly closes: boolean;
  /** One sentence for the reference page. */
  readonly meaning: string;
}

const rows = {
  // The request cannot be understood or may not be passed on: every one of these closes the connection.
  'PRT-REQ-1': row('bad-request-line', 400, 'client', true, 'The request line is malformed: white space, an unknown form of target, a control character, or no version.'),
  'PRT-REQ-2': row('bad-field', 400, 'client', true, 'A header field is malformed: name not a token, no colon, white space before the colon, a folded line, a control character, or a line that does not end in CRLF.'),
  'PRT-REQ-3': row('bad-host', 400, 'client', true, 'Host is missing, repeated, malformed, or differs from the authority of the request target.'),
  'PRT-REQ-4': row('bad-framing', 400, 'client', true, 'The length of the body is ambiguous: Content-Length and Transfer-Encoding together, repeated, or malformed.'),
  'PRT-REQ-5': row('bad-target', 400, 'client', true, 'The request target cannot be matched safely: a bad escape, a path above the root, a backslash, or a dot segment hidden behind an encoding.'),
  'PRT-REQ-6': row('bad-body', 400, 'client', true, 'The chunked body is malformed.'),
  'PRT-REQ-7': row('head-too-large', 431, 'client', true, 'The request head or one of its fields is larger than the limit, or has too many fields.'),
  'PRT-REQ-8': row('target-too-long', 414, 'client', true, 'The request line is longer than the limit.'),
  'PRT-REQ-9': row('version-not-supported', 505, 'client', true, 'The HTTP version is neither 1.0 nor 1.1.'),
  'PRT-REQ-10': row('method-not-allowed', 405, 'client', true, 'CONNECT and TRACE are never forwarded.'),
  'PRT-REQ-11': row('method-too-long', 501, 'client', true, 'The method is longer than 32 bytes.'),
  'PRT-REQ-12': row('coding-not-supported', 501, 'client', true, 'The request body has a transfer coding other than chunked.'),
  'PRT-REQ-13': row('expectation-failed', 417, 'client', true, 'Expect holds something else than 100-continue.'),
  'PRT-REQ-14': row('body-too-large', 413, 'client', true, 'The request body is larger than `proxy-body-size`.'),
  'PRT-REQ-15': row('head-timeout', 408, 'client', true, 'The request head was not complete within `client-header-timeout`.'),
  'PRT-REQ-16': row('body-timeout', 408, 'client', true, 'No byte of the request body arrived within `client-body-timeout`, or it came too slowly.'),
  'PRT-REQ-17': row('upgrade-with-body', 400, 'client', true, 'A request to switch protocols also carries a body.'),
  'PRT-REQ-18': row('client-closed', 499, 'client', true, 'The client closed the connection before the answer was complete; the status is only logged.'),
  'PRT-REQ-19': row('plain-http-on-tls-port', 400, 'client', true, 'A plain HTTP request was sent to the HTTPS port.'),
  // There is no way to a backend.
  'PRT-ROUTE-1': row('no-route', 404, 'portico', false, 'No rule takes this host and path, and there is no default backend Service.'),
  'PRT-ROUTE-2': row('no-endpoints', 503, 'portico', false, 'The Service of the matched rule does not exist or has no ready endpoint.'),
  'PRT-ROUTE-3': row('route-refused', 503, 'portico', false, 'The matched rule is configured in a way that would be unsafe to serve; a diagnostic on its object says why.'),
  'PRT-ROUTE-4': row('overloaded', 503, 'portico', true, 'A limit on connections or on pending requests was reached.'),
  'PRT-ROUTE-5': row('misdirected', 421, 'client', true, 'The Host of the request needs another TLS policy than the one of the handshake.'),
  // Who may come in.
  'PRT-LIMIT-1': row('too-many-requests', 503, 'client', false, 'The client sends more requests than `limit-rps` or `limit-rpm` allow; the status is `limit-req-status-code`.'),
  'PRT-LIMIT-2': row('too-many-connections', 503, 'client', false, 'The client has more requests under way than `limit-connections` allows; the status is `limit-conn-status-code`.'),
  'PRT-SNIPPET-1': row('answered-by-snippet', 403, 'portico', false, 'A `return` of a snippet annotation gives this answer; the status is the one written there.'),
  'PRT-SNIPPET-2': row('rewritten-too-often', 500, 'portico', false, 'Rewrites of snippets led to another location more than ten times, to an empty path, or a variable grew beyond 64 KiB.'),
  'PRT-ACCESS-1': row('address-refused', 403, 'client', false, 'The address of the client is on the deny list of the route, or not on its allow list.'),
  'PRT-ACCESS-2': row('client-blocked', 403, 'client', false, 'The client is blocked everywhere: `block-cidrs`, `block-user-agents` or `block-referers`.'),
  'PRT-AUTH-1': row('password-required', 401, 'client', false, 'The route asks for a user and a password, and the request has none or wrong ones.'),
  'PRT-AUTH-2': row('refused-by-auth-service', 401, 'client', false, 'The authentication service of the route (`auth-url`) answered 401 or 403.'),
  'PRT-AUTH-3': row('auth-service-failed', 500, 'upstream', false, 'The authentication service of the route (`auth-url`) gave no answer, or one that is neither 2xx nor 401 nor 403.'),
  'PRT-AUTH-4': row('auth-overloaded', 503, 'portico', false, 'Too many passwords wait to be checked.'),
  'PRT-AUTH-5': row('auth-service-overloaded', 503, 'portico', false, 'Too many requests wait for authentication services (ConfigMap key `portico-auth-waiting`).'),
  'PRT-CERT-1': row('no-client-certificate', 400, 'client', true, 'The host asks for a client certificate, and none was sent.'),
  'PRT-CERT-2': row('bad-client-certificate', 400, 'client', true, 'The client certificate is not valid, or not from a CA that the host trusts.'),
  'PRT-CERT-3': row('subject-refused', 403, 'client', false, 'The subject of the client certificate does not match `auth-tls-match-cn`.'),
  'PRT-CERT-4': row('client-trust-missing', 403, 'portico', false, 'The CA for client certificates of this host is missing or unusable: all of the host is closed.'),
  // The backend failed.
  'PRT-UP-1': row('connect-failed', 502, 'upstream', false, 'No endpoint accepted a connection.'),
  'PRT-UP-2': row('connect-timeout', 504, 'upstream', false, 'No endpoint accepted a connection within `proxy-connect-timeout`.'),
  'PRT-UP-3': row('read-timeout', 504, 'upstream', false, 'The backend sent nothing within `proxy-read-timeout`.'),
  'PRT-UP-4': row('send-timeout', 504, 'upstream', false, 'The backend took nothing of the request within `proxy-send-timeout`.'),
  'PRT-UP-5': row('closed-early', 502, 'upstream', false, 'The backend closed the connection before it sent a response head.'),
  'PRT-UP-6': row('bad-response', 502, 'upstream', false, 'The response head of the backend is malformed or ambiguous.'),
  'PRT-UP-7': row('response-cut', 502, 'upstream', true, 'The backend ended its response before it was complete; the client sees its connection cut.'),
  'PRT-UP-8': row('bad-switch', 502, 'upstream', false, 'The backend switched protocols without being asked to, or to another protocol than asked for.'),
  'PRT-UP-9': row('response-head-too-large', 502, 'upstream', false, 'The response head of the backend is larger than `proxy-buffer-size` (64 KiB where that is not set), has a field above 32 KiB, or more than 128 fields.'),
  // Portico failed.
  'PRT-INT-1': row('internal', 500, 'portico', true, 'A fault in Portico; the log has the details.'),
} as const satisfies Record<string, ErrorCodeRow>;

export type ErrorCode = keyof typeof rows;

export const errorCodes: Readonly<Record<ErrorCode, ErrorCodeRow>> = rows;

/** In the order of the registry: a code's place here is its number in shared memory. */
export const errorCodeList = Object.keys(rows) as readonly ErrorCode[];

function row(slug: string, status: number, source: ErrorCodeRow['source'], closes: boolean, meaning: string): ErrorCodeRow {
  return { slug, status, source, closes, meaning };
}
