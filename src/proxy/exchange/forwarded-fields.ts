// The fields that tell the upstream about the client and its request, exactly those of ingress-nginx (reference 5.1). The client's own
// fields of these names were dropped before. For a connection whose peer is not believed they only change with Host, so they are kept as
// bytes with a gap for the request id.
import type { ListenPorts, Settings } from '../../model/settings.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { trimBlanks } from '../http1/message-head.ts';
import type { TlsFacts } from './tls-facts.ts';

/** What a connection knows about its peer. */
export interface ClientOrigin {
  /** Address of the TCP peer, or of the PROXY header's source; IPv4-mapped addresses as IPv4. */
  readonly address: string;
  readonly port: number;
  /** Address of the TCP peer, whatever a PROXY header says. */
  readonly peerAddress: string;
  readonly isTls: boolean;
  /** Of connections over TLS. */
  readonly tls?: TlsFacts;
  /** Port that the client connected to. */
  readonly localPort: number;
  /** True: address and port came in a PROXY header. */
  readonly isFromProxyHeader: boolean;
}

/** The client's view of the request after trusted fields were looked at. */
export interface ForwardedRequest {
  readonly clientAddress: string;
  readonly scheme: string;
  readonly port: string;
  /** Host as sent to the upstream and used in redirects (ingress-nginx's `$best_http_host`). */
  readonly host: string;
}

/** What holds where nothing of the request is believed. */
export function plainForwardedRequest(origin: ClientOrigin, ports: ListenPorts, host: string): ForwardedRequest {
  const isHttps = origin.isTls || (origin.isFromProxyHeader && origin.localPort === 443);
  const port = reportedPort(String(origin.localPort), ports);
  return { clientAddress: origin.address, scheme: isHttps ? 'https' : 'http', port, host };
}

/** Nobody outside knows the number of the HTTPS port in the pod. */
function reportedPort(port: string, ports: ListenPorts): string {
  return port === String(ports.https) ? '443' : port;
}

/** With `use-forwarded-headers` (everything is believed from any peer, as ingress-nginx does) or `enable-real-ip` (the address only). */
export function trustedForwardedRequest(
  head: MessageHead,
  plain: ForwardedRequest,
  { forwarded: settings, ports }: Pick<Settings, 'forwarded' | 'ports'>,
  resolve: (peer: string, forwardedFor: string) => string,
): ForwardedRequest {
  const forwardedFor = head.valueOfName(settings.forHeader.toLowerCase());
  const clientAddress = forwardedFor === undefined ? plain.clientAddress : resolve(plain.clientAddress, forwardedFor);
  if (!settings.useForwardedHeaders) return { ...plain, clientAddress };
  const port = head.valueOfName('x-forwarded-port') ?? '';
  const host = firstElement(head.valueOfName(settings.hostHeader.toLowerCase()));
  return {
    clientAddress,
    scheme: head.valueOfName('x-forwarded-proto') || plain.scheme,
    port: port === '' ? plain.port : reportedPort(port, ports),
    host: host === undefined || host === '' ? plain.host : host,
  };
}

export interface ForwardedLines {
  /** The end of the request line and all lines, so that they are one copy; the request id stands at `idOffset`, 32 characters, if there is a gap for it. */
  readonly bytes: Buffer;
  readonly idOffset: number;
  /** Where X-Forwarded-Host has the same value as Host; negative: there is none, or it has another. */
  readonly forwardedHostAt: number;
}

const FORWARDED_NAMES: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-scheme',
]);
const ID_GAP = '0'.repeat(32);
const HOST_START = ' HTTP/1.1\r\nHost: ';
const FORWARDED_HOST_START = 'X-Forwarded-Host: ';

/** `upstreamHost`: value of Host towards the upstream. `forwardedFor`: value of X-Forwarded-For. */
export function forwardedLines(
  request: ForwardedRequest,
  upstreamHost: string,
  forwardedFor: string,
  hasRequestId: boolean,
): ForwardedLines {
  const start = `${HOST_START}${upstreamHost}\r\n${hasRequestId ? 'X-Request-ID: ' : ''}`;
  const id = hasRequestId ? `${ID_GAP}\r\n` : '';
  const address = `X-Real-IP: ${request.clientAddress}\r\nX-Forwarded-For: ${forwardedFor}\r\n`;
  const host = request.host === '' ? '' : `${FORWARDED_HOST_START}${request.host}\r\n`;
  const scheme = `X-Forwarded-Proto: ${request.scheme}\r\nX-Forwarded-Scheme: ${request.scheme}\r\nX-Scheme: ${request.scheme}\r\n`;
  const before = `${start}${id}${address}`;
  const text = `${before}${host}X-Forwarded-Port: ${request.port}\r\n${scheme}`;
  return {
    bytes: Buffer.from(text, 'latin1'),
    idOffset: hasRequestId ? start.length : -1,
    forwardedHostAt: host !== '' && request.host === upstreamHost ? before.length + FORWARDED_HOST_START.length : -1,
  };
}

/**
 * The lines with another value of Host and X-Forwarded-Host; they must have `forwardedHostAt`. A host of the same length is written in place, so
 * that `lines` must be the caller's own.
 */
export function replaceHost(lines: ForwardedLines, oldHost: string, host: string): ForwardedLines {
  const { bytes, idOffset, forwardedHostAt } = lines;
  const hostAt = HOST_START.length;
  const delta = host.length - oldHost.length;
  const moved = delta === 0 ? bytes : Buffer.allocUnsafe(bytes.length + 2 * delta);
  writeShort(moved, host, hostAt);
  writeShort(moved, host, forwardedHostAt + delta);
  if (delta === 0) return lines;
  bytes.copy(moved, 0, 0, hostAt);
  bytes.copy(moved, hostAt + host.length, hostAt + oldHost.length, forwardedHostAt);
  bytes.copy(moved, forwardedHostAt + delta + host.length, forwardedHostAt + oldHost.length);
  return { bytes: moved, idOffset: idOffset < 0 ? idOffset : idOffset + delta, forwardedHostAt: forwardedHostAt + delta };
}

/** Hosts are so short that a loop is faster than a call of `latin1Write`, which takes some 50 ns (bench hosts). */
function writeShort(bytes: Buffer, text: string, at: number): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

const FIELD_LINE = /^([^:]+):.*\r\n/gm;

/** The lines without the fields of these lower-case names. The request line and Host stay. */
export function withoutFields(lines: ForwardedLines, dropped: ReadonlySet<string>): ForwardedLines {
  if (!hasForwardedName(dropped)) return lines;
  const text = lines.bytes.latin1Slice();
  const kept = text.replace(FIELD_LINE, (line, name: string) => (dropped.has(name.toLowerCase()) && line !== '' ? '' : line));
  const idOffset =
    lines.idOffset < 0 || dropped.has('x-request-id') ? -1 : kept.indexOf('\r\nX-Request-ID: ') + '\r\nX-Request-ID: '.length;
  return { bytes: Buffer.from(kept, 'latin1'), idOffset, forwardedHostAt: -1 };
}

function hasForwardedName(dropped: ReadonlySet<string>): boolean {
  for (const name of dropped) if (FORWARDED_NAMES.has(name)) return true;
  return false;
}

function firstElement(value: string | undefined): string | undefined {
  return value === undefined ? undefined : trimBlanks(value.split(',', 1)[0] ?? '');
}
