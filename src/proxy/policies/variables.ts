// nginx variables while a request is under way: name -> how to read it from the request as policies see it. What is only known later
// (`$status`, `$upstream_*`, `$sent_http_*`) has a value in response hooks and is empty before.
import { hostname as readHostname } from 'node:os';
import { escapeComponent } from '../../kit/percent-encoding.ts';
import { parseTemplate, type VariableName } from '../../model/template.ts';
import { ClockText, formatEpoch, formatSeconds } from '../../observe/access-log/clock-text.ts';
import type { UpstreamAttempt } from '../../observe/exchange-record.ts';
import { printTraceParent } from '../../observe/tracing/span.ts';
import { pathBytes } from '../exchange/path-bytes.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { utf8Text } from '../out-buffer.ts';

export type ExpandTemplate = (request: PolicyRequest) => string;

type Reader = (request: PolicyRequest) => string;

/** The value of `$1` and so on. */
export type ReadCapture = (request: PolicyRequest, group: number) => string;

const plainCapture: ReadCapture = ({ captures }, group) => captures[group] ?? '';

/**
 * Makes the function that expands a text with nginx variables. The text was checked with `parseTemplate` when it was translated; one that
 * does not parse all the same expands to nothing. Unknown variables expand to nothing, and so do captures without a match. Values from
 * the client are not escaped: whoever writes the result into a head checks it (`isSafeValue`).
 */
export function compileTemplate(text: string, readCapture: ReadCapture = plainCapture): ExpandTemplate {
  const template = parseTemplate(text);
  if (!template.ok) return () => '';
  const readers = template.value.parts.map((part): Reader => {
    switch (part.kind) {
      case 'text': {
        const { text: constant } = part;
        return () => constant;
      }
      case 'capture': {
        const { group } = part;
        return (request) => readCapture(request, group);
      }
      case 'variable':
        return findReader(part.name);
    }
  });
  const [first = (): string => '', ...rest] = readers;
  if (rest.length === 0) return first;
  return (request) => {
    let value = first(request);
    for (const read of rest) value += read(request);
    return value;
  };
}

/** The same for a text of an object, whose characters become the bytes of their UTF-8, as nginx would have read them. */
export function compileUtf8Template(text: string, readCapture: ReadCapture = plainCapture): ExpandTemplate {
  return compileTemplate(utf8Text(text), readCapture);
}

/** The reader of one variable by its name without `$`; a value that a policy has set goes first. */
export function findReader(name: string): Reader {
  const read = findFixed(name) ?? findPrefixed(name);
  if (read === undefined) return (request) => request.variables?.get(name) ?? request.context.mappedVariables?.(request, name) ?? '';
  return (request) => request.variables?.get(name) ?? read(request);
}

function findFixed(name: string): Reader | undefined {
  return Object.hasOwn(fixedReaders, name) ? fixedReaders[name as VariableName] : undefined;
}

const empty: Reader = () => '';

/** Readers hold a clock text, so they are made where they are needed. */
const localTime: Reader = (request) => new ClockText().local(request.epochMs);
const isoTime: Reader = (request) => new ClockText().isoLocal(request.epochMs);

const fixedReaders: Readonly<Record<VariableName, Reader>> = {
  args: (request) => request.query,
  best_http_host: (request) => request.forwarded.host,
  binary_remote_addr: (request) => request.clientAddress,
  body_bytes_sent: (request) => String(request.client.sentBodyBytes),
  bytes_sent: (request) => String(request.client.sentBytes),
  connection: (request) => String(request.client.facts().serial),
  connection_requests: (request) => String(request.client.facts().requests),
  content_length: (request) => request.fieldOf('content-length') ?? '',
  content_type: (request) => request.fieldOf('content-type') ?? '',
  document_uri: readUri,
  escaped_request_uri: (request) => escapeComponent(request.entry.target),
  host: (request) => (request.hostName === '' ? serverName(request) : request.hostName),
  hostname: readHostname,
  http_host: (request) => request.hostText,
  https: (request) => (request.origin.isTls ? 'on' : ''),
  ingress_name: (request) => request.entry.labels.ingress,
  is_args: (request) => (request.query === '' ? '' : '?'),
  location_path: (request) => request.entry.labels.path,
  msec: (request) => formatEpoch(request.epochMs),
  namespace: (request) => request.entry.labels.namespace,
  opentelemetry_context_traceparent: ({ entry: { trace } }) => (trace === undefined ? '' : printTraceParent(trace)),
  opentelemetry_context_tracestate: ({ entry }) => entry.trace?.traceState ?? '',
  opentelemetry_span_id: ({ entry }) => entry.trace?.spanId ?? '',
  opentelemetry_trace_id: ({ entry }) => entry.trace?.traceId ?? '',
  pass_access_scheme: (request) => request.forwarded.scheme,
  pass_port: (request) => request.forwarded.port,
  pid: () => String(process.pid),
  proxy_add_x_forwarded_for: readForwardedFor,
  proxy_alternative_upstream_name: (request) => request.entry.alternativeUpstreamName,
  proxy_host: () => 'upstream_balancer',
  proxy_protocol_addr: (request) => (request.origin.isFromProxyHeader ? request.origin.address : ''),
  proxy_upstream_name: readUpstreamName,
  query_string: (request) => request.query,
  realip_remote_addr: (request) => request.origin.peerAddress,
  remote_addr: (request) => request.clientAddress,
  remote_port: (request) => String(request.origin.port),
  remote_user: readUser,
  req_id: (request) => request.requestId,
  request: (request) => `${request.method} ${request.entry.target} ${request.entry.protocol}`,
  request_id: (request) => request.requestId,
  request_length: (request) => String(request.entry.requestBytes),
  request_method: (request) => request.method,
  request_time: (request) => formatSeconds((request.epochMs - request.entry.startedAtMs) / 1000),
  request_uri: (request) => request.entry.target,
  scheme: (request) => (request.origin.isTls ? 'https' : 'http'),
  server_addr: empty,
  server_name: serverName,
  server_port: (request) => String(request.origin.localPort),
  server_protocol: (request) => request.entry.protocol,
  service_name: (request) => request.entry.labels.service,
  service_port: (request) => request.entry.labels.servicePort,
  ssl_cipher: (request) => request.client.facts().tlsCipher,
  // The policy of client certificates sets these.
  ssl_client_escaped_cert: empty,
  ssl_client_fingerprint: empty,
  ssl_client_i_dn: empty,
  ssl_client_s_dn: empty,
  ssl_client_serial: empty,
  ssl_client_verify: empty,
  ssl_protocol: (request) => request.client.facts().tlsProtocol,
  ssl_server_name: (request) => request.client.facts().tlsServerName,
  status: (request) => String(request.entry.status),
  the_real_ip: (request) => request.clientAddress,
  time_iso8601: isoTime,
  time_local: localTime,
  upstream_addr: (request) => joinAttempts(request, (attempt) => attempt.address),
  upstream_connect_time: (request) => joinAttempts(request, (attempt) => seconds(attempt.connectSeconds)),
  upstream_header_time: (request) => joinAttempts(request, (attempt) => seconds(attempt.headerSeconds)),
  upstream_response_length: (request) => joinAttempts(request, (attempt) => String(attempt.responseBytes)),
  upstream_response_time: (request) => joinAttempts(request, (attempt) => seconds(attempt.responseSeconds)),
  upstream_status: (request) => joinAttempts(request, (attempt) => (attempt.status === 0 ? '-' : String(attempt.status))),
  uri: readUri,
};

function findPrefixed(name: string): Reader | undefined {
  const rest = (prefix: string): string | undefined =>
    name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length).toLowerCase() : undefined;
  const requestField = rest('http_')?.replaceAll('_', '-');
  if (requestField !== undefined) return (request) => request.fieldOf(requestField) ?? '';
  const responseField = (rest('sent_http_') ?? rest('upstream_http_'))?.replaceAll('_', '-');
  if (responseField !== undefined) return (request) => request.responseHead?.valueOfName(responseField) ?? '';
  const argument = rest('arg_');
  if (argument !== undefined) return (request) => findArgument(request.query, argument);
  const cookie = name.startsWith('cookie_') ? name.slice('cookie_'.length) : '';
  return cookie === '' ? undefined : (request) => request.cookieOf(cookie) ?? '';
}

/** Not decoded, names in any case, the first one counts: as nginx's `$arg_`. */
function findArgument(query: string, name: string): string {
  for (const pair of query.split('&')) {
    if (pair.length > name.length && pair[name.length] === '=' && pair.slice(0, name.length).toLowerCase() === name) {
      return pair.slice(name.length + 1);
    }
  }
  return '';
}

/** The normalised path as bytes; after a rewrite the one that it was rewritten to. */
function readUri(request: PolicyRequest): string {
  return pathBytes(request.path);
}

function serverName(request: PolicyRequest): string {
  return request.entry.isHostDefined ? request.hostName : '_';
}

function readForwardedFor(request: PolicyRequest): string {
  const received = request.fieldOf('x-forwarded-for') ?? '';
  return received === '' ? request.clientAddress : `${received}, ${request.clientAddress}`;
}

function readUpstreamName(request: PolicyRequest): string {
  return request.entry.upstreamName;
}

/** As nginx: the name of the Basic credentials, whether or not somebody checks them. */
function readUser(request: PolicyRequest): string {
  if (request.entry.remoteUser !== '') return request.entry.remoteUser;
  const credentials = /^basic +([A-Za-z0-9+/=]+)$/i.exec(request.fieldOf('authorization') ?? '')?.[1];
  if (credentials === undefined) return '';
  const text = Buffer.from(credentials, 'base64').latin1Slice();
  const colon = text.indexOf(':');
  return colon < 0 ? '' : text.slice(0, colon);
}

function seconds(value: number): string {
  return value < 0 ? '-' : formatSeconds(value);
}

function joinAttempts(request: PolicyRequest, print: (attempt: UpstreamAttempt) => string): string {
  return request.entry.attempts.map(print).join(', ');
}
