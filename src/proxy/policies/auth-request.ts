// The head of the request to an authentication service (ingress-nginx reference 2.8): the client's own fields, and what tells the service
// about the client's request. Its body and its framing are never copied.
import { printTraceParent } from '../../observe/tracing/span.ts';
import { appendRequestFields } from '../http1/request-writer.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { isSafeValue, isVisibleText } from '../http1/safe-text.ts';
import type { OutBuffer } from '../out-buffer.ts';
import { clientCertificateLines } from './client-certificate.ts';
import type { ExpandTemplate } from './variables.ts';

export interface AuthRequestTemplate {
  readonly method: string;
  readonly host: string;
  readonly target: ExpandTemplate;
  readonly tellsOriginalUri: boolean;
  readonly requestRedirect: ExpandTemplate | undefined;
  readonly requestHeaders: readonly (readonly [name: string, value: ExpandTemplate])[];
  /** Lower-case names of client fields that are not copied, for they are set here. */
  readonly replaced: ReadonlySet<string>;
  /** The same for requests with a trace. */
  readonly replacedWithTrace: ReadonlySet<string>;
}

const OWN_NAMES = [
  'x-original-url',
  'x-original-method',
  'x-original-uri',
  'x-sent-from',
  'x-auth-request-redirect',
  'x-scheme',
  'x-portico-auth-depth',
] as const;

/** X-Forwarded-Proto is not passed on, as in ingress-nginx. */
const FORWARDED_NAMES = ['X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Scheme'] as const;

export function replacedNames(requestHeaders: readonly (readonly [name: string, template: string])[]): ReadonlySet<string> {
  return new Set([...OWN_NAMES, ...requestHeaders.map(([name]) => name.toLowerCase())]);
}

/** `replaced`: as of `replacedNames`. */
export function withTraceNames(replaced: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...replaced, 'traceparent', 'tracestate']);
}

/**
 * How many requests to authentication services came before this one: the URL of a service may lead back to a route that asks a service. A
 * client is only refused by it if it forges it.
 */
const DEPTHS: readonly string[] = ['0', '1', '2'];

/** False: the expanded URL or a field cannot be sent. */
export function appendAuthRequest(out: OutBuffer, request: PolicyRequest, template: AuthRequestTemplate): boolean {
  const target = template.target(request);
  if (!isVisibleText(target)) return false;
  const lines = linesOf(request, template);
  if (lines === undefined) return false;
  out.appendText(`${template.method} ${target} HTTP/1.1\r\nHost: ${template.host}\r\n${lines}`);
  const { settings, clientAddresses } = request.context;
  appendRequestFields(out, request.head, {
    isPeerTrusted: settings.forwarded.useForwardedHeaders && clientAddresses.isTrusted(request.origin.address),
    keepsUnderscores: settings.underscoresInHeaders,
    replacedName: undefined,
    dropped: request.entry.trace === undefined ? template.replaced : template.replacedWithTrace,
  });
  out.appendLatin1('\r\n');
  return true;
}

function linesOf(request: PolicyRequest, template: AuthRequestTemplate): string | undefined {
  const { entry, origin, hostText } = request;
  const scheme = origin.isTls ? 'https' : 'http';
  const fields: [name: string, value: string][] = [
    ['X-Original-URL', `${scheme}://${hostText}${entry.target}`],
    ['X-Original-Method', request.method],
    ['X-Sent-From', 'nginx-ingress-controller'],
    ['X-Real-IP', request.clientAddress],
    ['X-Forwarded-For', forwardedFor(request)],
    ['X-Auth-Request-Redirect', template.requestRedirect?.(request) ?? entry.target],
    ['X-Request-ID', request.requestId],
  ];
  const depth = request.fieldOf('x-portico-auth-depth') ?? '0';
  if (!DEPTHS.includes(depth)) return undefined;
  if (template.tellsOriginalUri) fields.push(['X-Original-URI', entry.target], ['X-Scheme', request.forwarded.scheme]);
  for (const [name, value] of forwardedByProxy(request)) fields.push([name, value]);
  const { trace } = entry;
  if (trace !== undefined && !template.replaced.has('traceparent')) {
    fields.push(['traceparent', printTraceParent(trace)], ['tracestate', trace.traceState]);
  }
  for (const [name, value] of template.requestHeaders) setField(fields, name, value(request));
  // Nothing may set it back.
  setField(fields, 'X-Portico-Auth-Depth', String(Number(depth) + 1));
  let lines = clientCertificateLines(request);
  for (const [name, value] of fields) {
    if (!isSafeValue(value)) return undefined;
    if (value !== '') lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** What a trusted proxy tells about the client's request: the service may build URLs of it. */
function forwardedByProxy(request: PolicyRequest): readonly (readonly [name: string, value: string])[] {
  const { settings, clientAddresses } = request.context;
  if (!settings.forwarded.useForwardedHeaders || !clientAddresses.isTrusted(request.origin.address)) return [];
  return FORWARDED_NAMES.map((name) => [name, request.fieldOf(name.toLowerCase()) ?? '']);
}

/** One value for each name: the last. */
function setField(fields: [name: string, value: string][], name: string, value: string): void {
  const lowerName = name.toLowerCase();
  const same = fields.find(([other]) => other.toLowerCase() === lowerName);
  if (same === undefined) fields.push([name, value]);
  else same[1] = value;
}

/** As the backend gets it. */
function forwardedFor(request: PolicyRequest): string {
  const { useForwardedHeaders, computeFullForwardedFor, forHeader } = request.context.settings.forwarded;
  if (!useForwardedHeaders || !computeFullForwardedFor) return request.clientAddress;
  const received = request.fieldOf(forHeader.toLowerCase());
  return received === undefined || received === '' ? request.origin.address : `${received}, ${request.origin.address}`;
}
