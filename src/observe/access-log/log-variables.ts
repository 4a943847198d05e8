// nginx's variables, as far as they mean something when an exchange has ended: name -> how to read it from the record. The names and
// values follow nginx's documentation of its core, log and upstream modules, and ingress-nginx's template for its own variables.
import { errorCodes } from '../../model/error-codes.ts';
import type { ListenPorts } from '../../model/settings.ts';
import type { ExchangeRecord, UpstreamAttempt } from '../exchange-record.ts';
import { printTraceParent } from '../tracing/span.ts';
import { ClockText, formatEpoch, formatSeconds } from './clock-text.ts';

export interface LogVariable {
  /** Undefined where the variable has no value, which nginx's default format prints as `-`. */
  readonly read: (record: ExchangeRecord) => string | undefined;
  /** True: the value never needs escaping. */
  readonly isSafe: boolean;
}

export interface LogVariablesDeps {
  readonly ports: ListenPorts;
  readonly hostname: string;
  readonly pid: number;
}

export type FindLogVariable = (name: string) => LogVariable | undefined;

/** Makes the look-up of variables by name without `$`; undefined for names that are not known or not supported. */
export function createLogVariables(deps: LogVariablesDeps): FindLogVariable {
  const fixed = new Map<string, LogVariable>([
    ...safe(clockVariables()),
    ...safe(numberVariables(deps)),
    ...safe(upstreamVariables()),
    ...unsafe(traceVariables()),
    ...unsafe(requestVariables(deps)),
    ...unsafe(routeVariables()),
    ...unsafe(connectionVariables()),
  ]);
  return (name) => fixed.get(name) ?? findPrefixed(name);
}

type Readers = Readonly<Record<string, LogVariable['read']>>;

function safe(readers: Readers): readonly (readonly [string, LogVariable])[] {
  return Object.entries(readers).map(([name, read]) => [name, { read, isSafe: true }]);
}

function unsafe(readers: Readers): readonly (readonly [string, LogVariable])[] {
  return Object.entries(readers).map(([name, read]) => [name, { read, isSafe: false }]);
}

function endMs(record: ExchangeRecord): number {
  return record.startedAtMs + record.durationSeconds * 1000;
}

function clockVariables(): Readers {
  const clock = new ClockText();
  return {
    time_local: (record) => clock.local(endMs(record)),
    time_iso8601: (record) => clock.isoLocal(endMs(record)),
    msec: (record) => formatEpoch(endMs(record)),
    request_time: (record) => formatSeconds(record.durationSeconds),
  };
}

function numberVariables(deps: LogVariablesDeps): Readers {
  const pid = String(deps.pid);
  const isTls = (record: ExchangeRecord): boolean => record.scheme === 'https';
  return {
    pid: () => pid,
    status: (record) => (record.status < 100 ? String(record.status).padStart(3, '0') : String(record.status)),
    bytes_sent: (record) => String(record.sentBytes),
    body_bytes_sent: (record) => String(record.sentBodyBytes),
    request_length: (record) => String(record.requestBytes),
    remote_port: (record) => String(record.clientPort),
    server_port: (record) => String(isTls(record) ? deps.ports.https : deps.ports.http),
    pass_port: (record) => (isTls(record) ? '443' : String(deps.ports.http)),
    scheme: (record) => record.scheme,
    pass_access_scheme: (record) => record.scheme,
    https: (record) => (isTls(record) ? 'on' : ''),
    server_protocol: (record) => record.protocol,
    request_completion: (record) => (record.errorCode === 'PRT-REQ-18' || record.errorCode === 'PRT-UP-7' ? '' : 'OK'),
    portico_error: (record) => record.errorCode,
  };
}

/** Values of several attempts stand in order, with `, ` between. */
function upstreamVariables(): Readers {
  const seconds = (value: number): string => (value < 0 ? '-' : formatSeconds(value));
  return {
    upstream_addr: (record) => joinAttempts(record, (attempt) => attempt.address),
    upstream_status: (record) => joinAttempts(record, attemptStatus),
    upstream_response_length: (record) => joinAttempts(record, (attempt) => String(attempt.responseBytes)),
    upstream_connect_time: (record) => joinAttempts(record, (attempt) => seconds(attempt.connectSeconds)),
    upstream_header_time: (record) => joinAttempts(record, (attempt) => seconds(attempt.headerSeconds)),
    upstream_response_time: (record) => joinAttempts(record, (attempt) => seconds(attempt.responseSeconds)),
  };
}

function traceVariables(): Readers {
  return {
    opentelemetry_trace_id: (record) => record.trace?.traceId,
    opentelemetry_span_id: (record) => record.trace?.spanId,
    opentelemetry_context_traceparent: ({ trace }) => (trace === undefined ? undefined : printTraceParent(trace)),
    opentelemetry_context_tracestate: (record) => present(record.trace?.traceState ?? ''),
  };
}

type PrintAttempt = (attempt: UpstreamAttempt, isLast: boolean, record: ExchangeRecord) => string;

function joinAttempts(record: ExchangeRecord, print: PrintAttempt): string | undefined {
  const { attempts } = record;
  if (attempts.length === 0) return undefined;
  let text = '';
  for (let i = 0; i < attempts.length; i++) {
    const attempt = attempts[i];
    if (attempt === undefined) continue;
    const value = print(attempt, i === attempts.length - 1, record);
    text = i === 0 ? value : `${text}, ${value}`;
  }
  return text;
}

/** An attempt without a response head shows the status that it would have led to, as in nginx; `-` where the client went away. */
function attemptStatus(attempt: UpstreamAttempt, isLast: boolean, record: ExchangeRecord): string {
  if (attempt.status !== 0) return String(attempt.status);
  if (!isLast) return '502';
  if (record.errorCode === undefined) return '-';
  const error = errorCodes[record.errorCode];
  return error.source === 'upstream' ? String(error.status) : '-';
}

function requestVariables(deps: LogVariablesDeps): Readers {
  return {
    hostname: () => deps.hostname,
    host: (record) => (record.host === '' ? '_' : record.host),
    server_name: (record) => (record.isHostDefined ? record.host : '_'),
    best_http_host: (record) => present(record.requestHeader('host')) ?? record.host,
    request: (record) =>
      record.method === '' && record.target === '' ? undefined : `${record.method} ${record.target} ${record.protocol}`,
    request_method: (record) => present(record.method),
    request_uri: (record) => present(record.target),
    uri: (record) => present(record.uri()) ?? present(pathOf(record.target)),
    document_uri: (record) => present(record.uri()) ?? present(pathOf(record.target)),
    args: (record) => queryOf(record.target),
    query_string: (record) => queryOf(record.target),
    is_args: (record) => (present(queryOf(record.target) ?? '') === undefined ? '' : '?'),
    remote_addr: (record) => present(record.clientAddress),
    remote_user: (record) => present(record.remoteUser),
    request_id: (record) => present(record.requestId),
    req_id: (record) => present(record.requestId),
    content_type: (record) => present(record.requestHeader('content-type')),
    content_length: (record) => present(record.requestHeader('content-length')),
    proxy_add_x_forwarded_for: (record) => {
      const given = record.requestHeader('x-forwarded-for');
      return given === '' ? record.clientAddress : `${given}, ${record.clientAddress}`;
    },
  };
}

/** ingress-nginx sets these for every location, so they are never missing, only empty. */
function routeVariables(): Readers {
  return {
    namespace: (record) => record.labels.namespace,
    ingress_name: (record) => record.labels.ingress,
    service_name: (record) => record.labels.service,
    service_port: (record) => record.labels.servicePort,
    location_path: (record) => record.labels.path,
    proxy_upstream_name: (record) => (record.upstreamName === '' ? '-' : record.upstreamName),
    proxy_alternative_upstream_name: (record) => record.alternativeUpstreamName,
  };
}

function connectionVariables(): Readers {
  return {
    connection: (record) => (record.connection === undefined ? undefined : String(record.connection.serial)),
    connection_requests: (record) => (record.connection === undefined ? undefined : String(record.connection.requests)),
    realip_remote_addr: (record) => present(record.connection?.peerAddress ?? ''),
    proxy_protocol_addr: (record) => present(record.connection?.proxyProtocolAddress ?? ''),
    ssl_protocol: (record) => present(record.connection?.tlsProtocol ?? ''),
    ssl_cipher: (record) => present(record.connection?.tlsCipher ?? ''),
    ssl_server_name: (record) => present(record.connection?.tlsServerName ?? ''),
  };
}

function findPrefixed(name: string): LogVariable | undefined {
  const rest = (prefix: string): string | undefined =>
    name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length).toLowerCase() : undefined;
  const requestHeader = rest('http_')?.replaceAll('_', '-');
  if (requestHeader !== undefined) return { read: (record) => present(record.requestHeader(requestHeader)), isSafe: false };
  const responseHeader = (rest('sent_http_') ?? rest('upstream_http_'))?.replaceAll('_', '-');
  if (responseHeader !== undefined) return { read: (record) => present(record.responseHeader(responseHeader)), isSafe: false };
  const argument = rest('arg_');
  if (argument !== undefined) return { read: (record) => findArgument(queryOf(record.target) ?? '', argument), isSafe: false };
  const cookie = name.startsWith('cookie_') ? name.slice('cookie_'.length) : '';
  if (cookie !== '') return { read: (record) => findCookie(record.requestHeader('cookie'), cookie), isSafe: false };
  return undefined;
}

/** Not decoded, names in any case: as nginx's `$arg_`. */
function findArgument(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    if (pair.length > name.length && pair[name.length] === '=' && pair.slice(0, name.length).toLowerCase() === name) {
      return pair.slice(name.length + 1);
    }
  }
  return undefined;
}

function findCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const text = pair.trimStart();
    if (text.startsWith(name) && text[name.length] === '=') return text.slice(name.length + 1);
  }
  return undefined;
}

function present(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function queryOf(target: string): string | undefined {
  const query = target.indexOf('?');
  return query === -1 ? undefined : target.slice(query + 1);
}
