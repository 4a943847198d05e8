// Values with nginx variables, such as `https://auth.example/verify?url=$request_uri`: parsed once, when the object that holds them is
// translated, and again when a worker compiles its routes, by the same function. Parsing is the whole grammar; nothing in an expanded
// value is ever looked at again.

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** `$name` or `${name}`; names hold letters, digits and `_`. */
  | { readonly kind: 'variable'; readonly name: string }
  /** `$1` to `$9`: a group of the regular expression that matched last. */
  | { readonly kind: 'capture'; readonly group: number };

export interface Template {
  readonly parts: readonly TemplatePart[];
  /** Names that are no variables of nginx or not supported: they expand to nothing, which deserves a diagnostic. */
  readonly unknownNames: readonly string[];
}

/** Longest text of a template; values of annotations are no longer anywhere in practice. */
const MAX_CHARACTERS = 4096;

/** Variables without a name inside their name (ingress-nginx reference 2.18). */
export const VARIABLE_NAMES = [
  'args',
  'best_http_host',
  'binary_remote_addr',
  'body_bytes_sent',
  'bytes_sent',
  'connection',
  'connection_requests',
  'content_length',
  'content_type',
  'document_uri',
  'escaped_request_uri',
  'host',
  'hostname',
  'http_host',
  'https',
  'ingress_name',
  'is_args',
  'location_path',
  'msec',
  'namespace',
  'opentelemetry_context_traceparent',
  'opentelemetry_context_tracestate',
  'opentelemetry_span_id',
  'opentelemetry_trace_id',
  'pass_access_scheme',
  'pass_port',
  'pid',
  'proxy_add_x_forwarded_for',
  'proxy_alternative_upstream_name',
  'proxy_host',
  'proxy_protocol_addr',
  'proxy_upstream_name',
  'query_string',
  'realip_remote_addr',
  'remote_addr',
  'remote_port',
  'remote_user',
  'req_id',
  'request',
  'request_id',
  'request_length',
  'request_method',
  'request_time',
  'request_uri',
  'scheme',
  'server_addr',
  'server_name',
  'server_port',
  'server_protocol',
  'service_name',
  'service_port',
  'ssl_cipher',
  'ssl_client_escaped_cert',
  'ssl_client_fingerprint',
  'ssl_client_i_dn',
  'ssl_client_s_dn',
  'ssl_client_serial',
  'ssl_client_verify',
  'ssl_protocol',
  'ssl_server_name',
  'status',
  'the_real_ip',
  'time_iso8601',
  'time_local',
  'upstream_addr',
  'upstream_connect_time',
  'upstream_header_time',
  'upstream_response_length',
  'upstream_response_time',
  'upstream_status',
  'uri',
] as const;
export type VariableName = (typeof VARIABLE_NAMES)[number];

/** Prefixes of variables that go on with the name of a field, an argument or a cookie. */
export const VARIABLE_PREFIXES = ['http_', 'sent_http_', 'upstream_http_', 'arg_', 'cookie_'] as const;

const NAMES: ReadonlySet<string> = new Set(VARIABLE_NAMES);

export type TemplateResult = { readonly ok: true; readonly value: Template } | { readonly ok: false; readonly error: string };

/**
 * Parses text with nginx variables as nginx does (`ngx_http_script_compile`): `$name`, `${name}`, `$1`. The error ends a sentence that
 * starts with "the value". `ownNames`: variables that the same object sets itself.
 */
export function parseTemplate(text: string, ownNames?: ReadonlySet<string>): TemplateResult {
  if (text.length > MAX_CHARACTERS) return { ok: false, error: `is longer than ${MAX_CHARACTERS} characters` };
  const isControl = /[\0-\x08\x0a-\x1f\x7f]/.test(text);
  if (isControl) return { ok: false, error: 'has a control character' };
  const parts: TemplatePart[] = [];
  const unknownNames: string[] = [];
  let end = 0;
  for (const found of text.matchAll(/\$(?:\{(\w+)\}|([1-9])|([A-Za-z_]\w*)|)/g)) {
    if (found.index > end) parts.push({ kind: 'text', text: text.slice(end, found.index) });
    end = found.index + found[0].length;
    const name = found[1] ?? found[2] ?? found[3];
    if (name === undefined) return { ok: false, error: `has a "$" at position ${found.index + 1} without a variable name after it` };
    if (/^[1-9]$/.test(name)) {
      parts.push({ kind: 'capture', group: Number(name) });
      continue;
    }
    if (!isKnownVariable(name) && ownNames?.has(name) !== true) unknownNames.push(name);
    parts.push({ kind: 'variable', name });
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return { ok: true, value: { parts, unknownNames } };
}

/** Whether a name without `$` is a variable that has a value. */
export function isKnownVariable(name: string): boolean {
  return NAMES.has(name) || VARIABLE_PREFIXES.some((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}
