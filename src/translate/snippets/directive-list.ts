// The directives of nginx that snippets may have: a short and closed list, from which the reader and the reference page are made. One that
// is not in it refuses the whole snippet; those that people are known to write come with what to use instead.

/** Where a directive stands. `http` is the ConfigMap's http-snippet, `auth` the request to `auth-url`. */
export const SNIPPET_PLACES = ['http', 'server', 'server-if', 'location', 'location-if', 'answer', 'auth'] as const;
/** `answer`: a `location` block of a server-snippet, which has no backend. */
export type SnippetPlace = (typeof SNIPPET_PLACES)[number];

export interface DirectiveRow {
  readonly name: string;
  /** Elsewhere the snippet is refused. */
  readonly places: readonly SnippetPlace[];
  /** nginx's syntax, as far as it is interpreted. */
  readonly syntax: string;
  readonly summary: string;
  /** Where Portico behaves otherwise than ingress-nginx. */
  readonly differs?: string;
  /** What to use instead in other places. */
  readonly elsewhere?: string;
}

const REWRITING: readonly SnippetPlace[] = ['server', 'server-if', 'location', 'location-if', 'answer'];
const RESPONSE: readonly SnippetPlace[] = ['http', 'server', 'location', 'location-if', 'answer'];
const LEVELS: readonly SnippetPlace[] = ['http', 'server', 'location', 'answer'];
const DUPLICATE = 'nginx refuses it as a duplicate; here it goes before the annotation';
const OWN_IN_LOCATION = 'every location of ingress-nginx has its own, so that this one would never count';

export const directiveRows: readonly DirectiveRow[] = [
  { name: 'set', places: REWRITING, syntax: 'set $name value', summary: 'A variable of the snippet, or `$args`.' },
  {
    name: 'if',
    places: ['server', 'location', 'answer'],
    syntax: 'if ($variable), if ($variable = text), !=, ~, ~*, !~, !~*',
    summary: 'Runs its block where the condition holds. Of headers, those of the last block that was run count, as in nginx.',
    differs: 'files cannot be looked at (-f, -d, -e, -x); patterns are those of RE2',
  },
  {
    name: 'return',
    places: REWRITING,
    syntax: 'return status [text | URL], return URL',
    summary: 'Answers; 444 closes the connection without an answer.',
  },
  {
    name: 'rewrite',
    places: REWRITING,
    syntax: 'rewrite pattern replacement [last | break | redirect | permanent]',
    summary: 'Another path, or a redirect. Without `break` the location is looked for again, at most ten times (500).',
    differs: 'a path that would need normalising, such as one with `..`, is answered with 400; patterns are those of RE2',
  },
  { name: 'break', places: REWRITING, syntax: 'break', summary: 'Ends the steps of the snippet.' },
  {
    name: 'add_header',
    places: RESPONSE,
    syntax: 'add_header name value [always]',
    summary: 'A response header beside those that are there. Only those of the innermost level count, as in nginx.',
  },
  {
    name: 'more_set_headers',
    places: RESPONSE,
    syntax: "more_set_headers [-a] [-s 'statuses'] [-t 'types'] 'Name: value' ...",
    summary: 'A response header instead of those of the name.',
  },
  {
    name: 'more_clear_headers',
    places: RESPONSE,
    syntax: "more_clear_headers [-s 'statuses'] [-t 'types'] Name ...",
    summary: 'Removes response headers; `X-*` removes all that begin so.',
    differs: 'what frames the response (Content-Length, Transfer-Encoding, Connection) stays',
  },
  {
    name: 'more_set_input_headers',
    places: ['http', 'server', 'location', 'location-if', 'auth'],
    syntax: "more_set_input_headers [-r] [-t 'types'] 'Name: value' ...",
    summary: 'A header of the request towards the backend. `-r`: only where the client has sent it.',
    differs: 'variables ($http_*) and the authentication service still have what the client has sent',
  },
  {
    name: 'more_clear_input_headers',
    places: ['http', 'server', 'location', 'location-if', 'auth'],
    syntax: "more_clear_input_headers [-t 'types'] Name ...",
    summary: 'Removes headers of the request towards the backend.',
    differs: 'variables ($http_*) and the authentication service still have what the client has sent',
  },
  {
    name: 'proxy_set_header',
    places: ['location', 'auth'],
    syntax: 'proxy_set_header name value',
    summary: 'A header of the request towards the backend (`auth-snippet`: towards the authentication service).',
    differs: 'a header that Portico sets too is replaced; nginx sends both',
    elsewhere: `${OWN_IN_LOCATION}: use configuration-snippet, or the ConfigMap key proxy-set-headers`,
  },
  {
    name: 'proxy_hide_header',
    places: LEVELS,
    syntax: 'proxy_hide_header name',
    summary: 'Drops a header of the backend.',
    differs: 'the ConfigMap key `hide-headers` still counts',
  },
  {
    name: 'expires',
    places: RESPONSE,
    syntax: 'expires [modified] time, expires @time, expires epoch | max | off',
    summary: 'Sets Expires and Cache-Control.',
    differs: 'no variables',
  },
  {
    name: 'allow',
    places: LEVELS,
    syntax: 'allow address | CIDR | all',
    summary: 'Lets clients in. Annotations about addresses go first; a level without any has those of the level above.',
    elsewhere: 'nginx does not allow it there either: write "return 403"',
  },
  {
    name: 'deny',
    places: LEVELS,
    syntax: 'deny address | CIDR | all',
    summary: 'Keeps clients out (403).',
    elsewhere: 'nginx does not allow it there either: write "return 403"',
  },
  {
    name: 'default_type',
    places: LEVELS,
    syntax: 'default_type type',
    summary: 'Content-Type of what `return` answers, where the path has no known ending.',
  },
  {
    name: 'satisfy',
    places: ['location'],
    syntax: 'satisfy any | all',
    summary: 'As the annotation `satisfy`.',
    elsewhere: 'use the annotation satisfy',
  },
  ...(
    [
      ['client_max_body_size', 'client_max_body_size size', 'proxy-body-size'],
      ['client_body_buffer_size', 'client_body_buffer_size size', 'client-body-buffer-size'],
      ['proxy_connect_timeout', 'proxy_connect_timeout time', 'proxy-connect-timeout'],
      ['proxy_read_timeout', 'proxy_read_timeout time', 'proxy-read-timeout'],
      ['proxy_send_timeout', 'proxy_send_timeout time', 'proxy-send-timeout'],
      ['proxy_buffering', 'proxy_buffering on | off', 'proxy-buffering'],
      ['proxy_request_buffering', 'proxy_request_buffering on | off', 'proxy-request-buffering'],
      ['proxy_buffer_size', 'proxy_buffer_size size', 'proxy-buffer-size'],
      ['proxy_max_temp_file_size', 'proxy_max_temp_file_size size', 'proxy-max-temp-file-size'],
      ['proxy_cookie_domain', 'proxy_cookie_domain from to, off', 'proxy-cookie-domain'],
      ['proxy_cookie_path', 'proxy_cookie_path from to, off', 'proxy-cookie-path'],
      ['proxy_http_version', 'proxy_http_version 1.0 | 1.1', 'proxy-http-version'],
    ] as const
  ).map(([name, syntax, annotation]): DirectiveRow => ({
    name,
    places: ['location'],
    syntax,
    summary: `As the annotation \`${annotation}\`.`,
    differs: DUPLICATE,
    elsewhere: `${OWN_IN_LOCATION}: use the annotation ${annotation}, which is a key of the ConfigMap too`,
  })),
  {
    name: 'limit_rate',
    places: ['location'],
    syntax: 'limit_rate size',
    summary: 'As the annotation `limit-rate`, in bytes a second.',
    differs: 'rounded up to whole KiB',
    elsewhere: 'use the annotation limit-rate',
  },
  {
    name: 'limit_rate_after',
    places: ['location'],
    syntax: 'limit_rate_after size',
    summary: 'As the annotation `limit-rate-after`.',
    differs: 'rounded up to whole KiB',
    elsewhere: 'use the annotation limit-rate-after',
  },
  {
    name: 'gzip',
    places: ['location'],
    syntax: 'gzip off',
    summary: 'Responses are not compressed here.',
    differs: 'Brotli and Zstandard go too; `gzip on` only by the ConfigMap key `use-gzip`',
    elsewhere: 'use the ConfigMap key use-gzip',
  },
  {
    name: 'access_log',
    places: ['location'],
    syntax: 'access_log off',
    summary: 'As the annotation `enable-access-log`.',
    elsewhere: 'use the annotation enable-access-log',
  },
  {
    name: 'map',
    places: ['http'],
    syntax: 'map text $name { default value; text value; ~pattern value; ~*pattern value; }',
    summary: 'A variable that follows from a text, for all snippets.',
    differs: 'no `hostnames`, no `include`; patterns are those of RE2',
    elsewhere: 'use the ConfigMap key http-snippet, or write "if"',
  },
  {
    name: 'location',
    places: ['server'],
    syntax: 'location [= | ~ | ~* | ^~] path { ... }',
    summary:
      'Answers by itself for these paths: with `return`, `rewrite`, headers, `allow` and `deny`, else 404. It is looked for as in nginx: exact paths, ' +
      'then `^~`, then regular expressions, then the longest path.',
    differs: 'it cannot have a backend (`proxy_pass`)',
    elsewhere: 'write a rule of its own',
  },
];

export const directivesByName: ReadonlyMap<string, DirectiveRow> = new Map(directiveRows.map((row) => [row.name, row]));

/** What to use instead of directives that are not interpreted. */
export const refusedDirectives: Readonly<Record<string, string>> = {
  proxy_pass: 'write a rule with another backend',
  proxy_redirect: 'use the annotations proxy-redirect-from and proxy-redirect-to',
  proxy_buffers: 'use the annotations proxy-buffers-number and proxy-buffer-size',
  proxy_busy_buffers_size: 'leave it out',
  proxy_next_upstream: 'use the annotation proxy-next-upstream',
  proxy_next_upstream_tries: 'use the annotation proxy-next-upstream-tries',
  proxy_ssl_name: 'use the annotation proxy-ssl-name',
  proxy_ssl_server_name: 'use the annotation proxy-ssl-server-name',
  proxy_ssl_verify: 'use the annotation proxy-ssl-verify',
  proxy_cache: 'put a cache between Portico and its clients',
  proxy_pass_header: 'leave it out: headers of the backend are passed on',
  proxy_intercept_errors: 'use the annotation custom-http-errors',
  proxy_method: 'leave it out',
  proxy_bind: 'leave it out',
  auth_basic: 'use the annotations auth-type and auth-secret',
  auth_basic_user_file: 'use the annotations auth-type and auth-secret',
  auth_request: 'use the annotation auth-url',
  auth_request_set: 'use the annotation auth-response-headers',
  error_page: 'use the annotations custom-http-errors and default-backend',
  limit_req: 'use the annotations limit-rps and limit-rpm',
  limit_req_zone: 'use the annotations limit-rps and limit-rpm',
  limit_req_status: 'use the ConfigMap key limit-req-status-code',
  limit_conn: 'use the annotation limit-connections',
  limit_conn_zone: 'use the annotation limit-connections',
  limit_except: 'write "if ($request_method ...) { return 405; }"',
  gzip_types: 'use the ConfigMap key gzip-types',
  gzip_min_length: 'use the ConfigMap key gzip-min-length',
  brotli: 'use the ConfigMap key enable-brotli',
  sub_filter: 'let the backend write what it means: bodies are not changed',
  error_log: 'use the ConfigMap key error-log-level',
  log_format: 'use the ConfigMap key log-format-upstream',
  modsecurity: 'use the annotation enable-modsecurity',
  modsecurity_rules: 'use the annotation modsecurity-snippet',
  modsecurity_rules_file: 'use the annotation modsecurity-snippet',
  opentelemetry: 'use the annotation enable-opentelemetry',
  ssl_verify_client: 'use the annotation auth-tls-verify-client',
  ssl_client_certificate: 'use the annotation auth-tls-secret',
  ssl_ciphers: 'use the annotation ssl-ciphers',
  ssl_protocols: 'use the ConfigMap key ssl-protocols',
  real_ip_header: 'use the ConfigMap key forwarded-for-header',
  set_real_ip_from: 'use the ConfigMap key proxy-real-ip-cidr',
  client_header_timeout: 'use the ConfigMap key client-header-timeout',
  client_body_timeout: 'use the ConfigMap key client-body-timeout',
  client_header_buffer_size: 'use the ConfigMap key client-header-buffer-size',
  large_client_header_buffers: 'use the ConfigMap key large-client-header-buffers',
  keepalive_timeout: 'use the ConfigMap key keep-alive',
  underscores_in_headers: 'use the ConfigMap key enable-underscores-in-headers',
  server_tokens: 'use the ConfigMap key server-tokens',
  server_name: 'use the annotation server-alias',
  listen: 'use the flags --http-port and --https-port',
  geo: 'write "allow" and "deny"',
  valid_referers: 'write "if ($http_referer ...)", or use the ConfigMap key block-referers',
  mirror: 'use the annotation mirror-target',
  grpc_pass: 'use the annotation backend-protocol',
  fastcgi_pass: 'use the annotation backend-protocol',
  root: 'let a backend serve files',
  alias: 'let a backend serve files',
  try_files: 'let a backend serve files',
  index: 'let a backend serve files',
  autoindex: 'let a backend serve files',
  include: 'write what the file holds',
  load_module: 'leave it out: there are no modules',
  worker_processes: 'use the ConfigMap key worker-processes',
  worker_connections: 'use the ConfigMap key max-worker-connections',
  worker_shutdown_timeout: 'use the ConfigMap key worker-shutdown-timeout',
  env: 'leave it out: snippets cannot read the environment',
  upstream: 'use a Service, and a rule for it',
  proxy_timeout: 'use the ConfigMap key proxy-stream-timeout',
};

/** Ends a sentence that starts with the name of a directive that is not in the list. */
export function adviceFor(name: string): string {
  if (/_by_lua/.test(name)) return ': Lua is never run';
  const instead = Object.hasOwn(refusedDirectives, name) ? refusedDirectives[name] : undefined;
  return instead === undefined ? '' : `: ${instead}`;
}
