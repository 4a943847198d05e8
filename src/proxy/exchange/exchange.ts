// One request and its response: which route takes it, which endpoint answers it, and what happens when something fails. There is one
// exchange per client connection (later: per stream), used again for each request. The phases of a request, in order: match,
// declared body size, redirects, endpoint, request body, response; docs/architecture.md has the picture.
import type { ErrorCode } from '../../model/error-codes.ts';
import { errorCodes } from '../../model/error-codes.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import { normalisePath } from '../../routing/normalise-path.ts';
import type { FailurePhase, ResponseReceiver } from '../http1/upstream-connection.ts';
import { UpstreamConnection } from '../http1/upstream-connection.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, type MessageHead } from '../http1/message-head.ts';
import { appendRequestHead } from '../http1/request-writer.ts';
import type { ResponseFraming } from '../http1/response-writer.ts';
import { passableTrailers } from '../http1/trailer-section.ts';
import { OutBuffer } from '../out-buffer.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { UpstreamEndpoint, UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { Downstream } from './downstream.ts';
import { errorPage } from './error-page.ts';
import { ExchangeEntry } from './exchange-entry.ts';
import { ForwardedCache } from './forwarded-cache.ts';
import type { ForwardedRequest } from './forwarded-fields.ts';
import { redirectToSlash, redirectToTls } from './redirects.ts';

/** Bound on tries where the configuration sets none, if there are fewer endpoints. */
const UNLIMITED_TRIES = 10;
/** A request up to this size is held, so that it can be sent again to another endpoint. */
const HELD_REQUEST_BYTES = 64 * 1024;
const FIRST_OUT_BYTES = 2048;
const EMPTY = Buffer.alloc(0);
const NO_ENDPOINTS: readonly UpstreamEndpoint[] = [];
const NO_BODY: ResponseFraming = { kind: 'none' };
const CHUNKED_BODY: ResponseFraming = { kind: 'chunked' };
const UNTIL_CLOSE: ResponseFraming = { kind: 'until-close' };
/** Safe to send twice (RFC 9110 9.2.2); nginx's list of exceptions is POST, LOCK and PATCH. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export class Exchange implements ResponseReceiver {
  readonly entry = new ExchangeEntry();
  isHeadMethod = false;
  isRequestSent = false;
  readonly #context: WorkerContext;
  readonly #client: Downstream;
  readonly #forwarded: ForwardedCache;
  /** The request as it goes to the upstream, held as long as it may have to be sent again. */
  readonly #out = new OutBuffer(FIRST_OUT_BYTES);
  #flushedBytes = 0;
  #isActive = false;
  #route: ProxyRoute | undefined;
  #group: UpstreamGroup | undefined;
  #upstream: UpstreamConnection | undefined;
  #tried: readonly UpstreamEndpoint[] = NO_ENDPOINTS;
  #tries = 0;
  #receivedAtMs = 0;
  #attemptAtMs = 0;
  #headerAtMs = 0;
  #bodyBytes = 0;
  #bodyLimit = 0;
  #isChunkedRequest = false;
  #isRequestComplete = false;
  #isHeld = true;
  #isBodyPaused = false;
  #isUpstreamPaused = false;
  #isHeadSent = false;
  #isTunnel = false;
  #isWebSocket = false;
  #acceptsTrailers = false;
  #attemptStatus = 0;

  constructor(context: WorkerContext, client: Downstream) {
    this.#context = context;
    this.#client = client;
    this.#forwarded = new ForwardedCache(context, client.origin);
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** True while bytes of the request wait for the upstream to take them. */
  get isUpstreamPending(): boolean {
    return this.#upstream !== undefined && this.#upstream.pendingBytes > 0;
  }

  get isClientPending(): boolean {
    return this.#client.pendingBytes > 0;
  }

  /** Starts with a request head, which is only good during the call. `headBytes`: its size as received. */
  begin(head: MessageHead, headBytes: number, receivedAtMs: number): void {
    this.#reset(head, headBytes, receivedAtMs);
    const hostText = head.hostField < 0 ? '' : head.valueOf(head.hostField);
    const hostName = this.#forwarded.hostNameOf(hostText);
    const host = this.#context.table.findHost(hostName);
    const { entry } = this;
    entry.host = hostName;
    entry.isHostDefined = host.host.name === hostName;
    let path = readPath(head);
    let target: string | undefined;
    if (head.isPathSpecial && head.targetForm !== 'asterisk') {
      const normal = normalisePath(path);
      if (normal.kind === 'bad') return this.fail('PRT-REQ-5');
      target = this.#forwardedTarget(head, path, normal.forwardPath);
      path = normal.path;
    }
    const verdict = host.matchPath(path);
    if (verdict === undefined) return this.fail('PRT-ROUTE-1');
    const route = verdict.target;
    this.#route = route;
    entry.labels = route.route.labels;
    entry.isDefaultBackend = route.isDefaultBackend;
    entry.isLogged = route.isLogged;
    this.#bodyLimit = route.proxy.bodySizeBytes;
    if (this.#bodyLimit > 0 && head.body === BODY_LENGTH && head.contentLength > this.#bodyLimit) return this.fail('PRT-REQ-14');
    const forwarded = this.#forwarded.requestFor(head, hostText);
    entry.clientAddress = forwarded.clientAddress;
    if (verdict.kind === 'slash-redirect') {
      return this.#redirect(301, redirectToSlash(verdict.location, head, hostName, forwarded, this.#client.origin, this.#context.settings));
    }
    if (route.refusal !== undefined) return this.fail(route.refusal);
    if (route.tlsRedirect !== undefined && forwarded.scheme === 'http') {
      return this.#redirect(route.tlsRedirect.statusCode, redirectToTls(route.tlsRedirect, entry.target, forwarded.host));
    }
    this.#forward(head, route, hostText, forwarded, target);
  }

  /** Answers a request whose head could not be understood: nothing of it is used. */
  refuse(code: ErrorCode): void {
    const head = this.#context.requestHead;
    head.reset(EMPTY);
    head.methodStart = head.methodEnd = head.targetStart = head.targetEnd = 0;
    this.#reset(head, 0, this.#context.nowMs);
    this.fail(code);
  }

  /** A piece of the request body; the bytes are only good during the call unless `isStable`. */
  onRequestBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    if (!this.#isActive) return;
    const length = end - start;
    this.#bodyBytes += length;
    this.entry.requestBytes += length;
    if (this.#bodyLimit > 0 && this.#bodyBytes > this.#bodyLimit) return this.fail('PRT-REQ-14');
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    if (this.#out.length + length <= HELD_REQUEST_BYTES && this.#isHeld) {
      this.#appendBody(buffer, start, end);
      return;
    }
    if (!upstream.isConnected) {
      // Cannot be written yet: take this piece and no more.
      this.#appendBody(buffer, start, end);
      this.#pauseBody();
      return;
    }
    this.flushRequest();
    this.#isHeld = false;
    if (this.#upstream !== upstream) return;
    if (this.#isChunkedRequest) upstream.write(chunk(buffer, start, end));
    else upstream.write(isStable ? buffer.subarray(start, end) : copy(buffer, start, end));
    if (upstream.pendingBytes > 0) this.#pauseBody();
  }

  /** The request is complete. */
  onRequestEnd(trailers: Buffer | undefined): void {
    this.#isRequestComplete = true;
    if (!this.#isActive || this.#upstream === undefined || !this.#isChunkedRequest) return;
    const lines = trailers === undefined || !this.#acceptsTrailers ? '' : passableTrailers(trailers, this.#context.trailerHead);
    const end = `0\r\n${lines}\r\n`;
    if (this.#isHeld) this.#out.appendLatin1(end);
    else this.#upstream.write(Buffer.from(end, 'latin1'));
  }

  /** All input that has arrived was handed over: what is held goes out. */
  flushRequest(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || !upstream.isConnected || this.#isTunnel) return;
    if (this.#isHeld && this.#out.length > this.#flushedBytes) {
      const bytes = this.#out.bytes.subarray(this.#flushedBytes, this.#out.length);
      this.#flushedBytes = this.#out.length;
      if (this.#isRequestComplete) upstream.writeOnce(bytes);
      else upstream.write(bytes);
    }
    if (this.#isRequestComplete && !this.isRequestSent) {
      this.isRequestSent = true;
      upstream.setDeadline(this.#context.nowMs + this.#proxy.readTimeoutMs);
    } else if (!this.#isRequestComplete) {
      upstream.setDeadline(upstream.pendingBytes > 0 ? this.#context.nowMs + this.#proxy.sendTimeoutMs : Infinity);
    }
  }

  /** The client is gone: nobody waits for the answer any more. */
  onClientGone(): void {
    if (!this.#isActive) return;
    this.#endAttempt(0);
    this.#upstream?.close();
    this.#upstream = undefined;
    if (!this.#isTunnel) {
      this.entry.errorCode = 'PRT-REQ-18';
      if (!this.#isHeadSent) this.entry.status = 499;
      this.#context.counters.reject('PRT-REQ-18');
    }
    this.#finish();
  }

  /** What was sent to the client has left for the kernel. */
  onClientFlushed(): void {
    const upstream = this.#upstream;
    if (!this.#isUpstreamPaused || upstream === undefined) return;
    this.#isUpstreamPaused = false;
    upstream.setDeadline(this.#context.nowMs + this.#proxy.readTimeoutMs);
    upstream.resume();
  }

  onClientTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.entry.requestBytes += end - start;
    upstream.write(isStable ? buffer.subarray(start, end) : copy(buffer, start, end));
    upstream.setDeadline(this.#context.nowMs + this.#proxy.readTimeoutMs);
    if (upstream.pendingBytes > 0) this.#pauseBody();
  }

  onClientTunnelEnd(): void {
    this.#upstream?.end();
  }

  /** Ends the exchange with an error of Portico's own, or cuts the response if it has begun. */
  fail(code: ErrorCode): void {
    const row = errorCodes[code];
    const { entry } = this;
    entry.errorCode = code;
    this.#context.counters.reject(code);
    this.#endAttempt(this.#attemptStatus);
    this.#upstream?.close();
    this.#upstream = undefined;
    if (this.#isHeadSent && !this.#client.takeBack()) {
      this.#client.cut();
      return this.#finish();
    }
    entry.status = row.status;
    const errorLine = this.#context.settings.errorHeader ? `X-Portico-Error: ${code}\r\n` : '';
    const body = this.isHeadMethod ? '' : errorPage(row.status);
    this.#isHeadSent = true;
    this.#client.sendLocal(row.status, `Content-Type: text/html\r\n${errorLine}`, body, row.closes);
    this.#finish();
  }

  // What the upstream connection tells.

  onUpstreamConnected(): void {
    this.flushRequest();
    this.#resumeBody();
  }

  onInterimResponse(head: MessageHead): void {
    if (head.status === 103 && this.#client.protocol !== 'HTTP/1.0') this.#client.sendInterim(head);
  }

  onSwitchingProtocols(head: MessageHead): boolean {
    if (!this.#isWebSocket) return false;
    this.#headerAtMs = this.#context.nowMs;
    this.#attemptStatus = 101;
    this.entry.status = 101;
    this.#isHeadSent = true;
    this.#isTunnel = true;
    this.#client.sendForwardedHead(head, NO_BODY, 'Upgrade: websocket\r\nConnection: upgrade\r\n');
    this.#client.startTunnel();
    return true;
  }

  onResponseHead(head: MessageHead, isBodyless: boolean): boolean {
    this.#headerAtMs = this.#context.nowMs;
    this.#attemptStatus = head.status;
    if (this.#context.accessLog.isEnabled) this.entry.responseHead.keep(head);
    if (this.#route?.retryStatuses?.has(head.status) === true && this.#mayRetry(true)) {
      this.#endAttempt(head.status);
      this.#upstream?.close();
      this.#attempt();
      return false;
    }
    this.entry.status = head.status;
    this.#isHeadSent = true;
    if (this.isRequestSent) this.#upstream?.setDeadline(this.#headerAtMs + this.#proxy.readTimeoutMs);
    this.#client.sendForwardedHead(head, this.#framingFor(head, isBodyless), '');
    return true;
  }

  onResponseBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#client.sendBody(buffer, start, end, isStable);
  }

  onResponsePause(): void {
    this.#client.flush();
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    if (this.#client.pendingBytes > 0) {
      if (this.#isUpstreamPaused) return;
      // The client's own limit on stalls holds meanwhile.
      this.#isUpstreamPaused = true;
      upstream.pause();
      upstream.setDeadline(Infinity);
    } else if (this.isRequestSent) {
      upstream.setDeadline(this.#context.nowMs + this.#proxy.readTimeoutMs);
    }
  }

  onResponseEnd(trailers: Buffer | undefined): void {
    this.#endAttempt(this.#attemptStatus);
    this.#upstream = undefined;
    const lines = trailers === undefined || !this.#acceptsTrailers ? '' : passableTrailers(trailers, this.#context.trailerHead);
    this.#client.sendEnd(lines);
    this.#finish();
  }

  onTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#client.sendTunnelBytes(buffer, start, end, isStable);
  }

  onTunnelEnd(): void {
    this.#client.endTunnel();
  }

  onUpstreamFlushed(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || upstream.pendingBytes > 0) return;
    this.#resumeBody();
  }

  onUpstreamFailure(code: ErrorCode, phase: FailurePhase): void {
    const upstream = this.#upstream;
    this.#endAttempt(phase === 'body' ? this.#attemptStatus : 0);
    this.#upstream = undefined;
    if (this.#isTunnel) {
      this.#client.cut();
      return this.#finish();
    }
    if (phase !== 'body' && this.#mayRetryAfter(code, phase, upstream?.isReused === true)) return this.#attempt();
    this.fail(code);
  }

  get #proxy(): ProxyRoute['proxy'] {
    return this.#route?.proxy ?? this.#context.settings.proxy;
  }

  #reset(head: MessageHead, headBytes: number, receivedAtMs: number): void {
    const { entry } = this;
    const { origin } = this.#client;
    entry.reset();
    entry.clientAddress = origin.address;
    entry.clientPort = origin.port;
    entry.protocol = this.#client.protocol;
    entry.scheme = origin.isTls ? 'https' : 'http';
    entry.method = methodOf(head);
    entry.target = head.buffer.latin1Slice(head.targetStart, head.targetEnd);
    entry.requestBytes = headBytes;
    if (this.#context.accessLog.isEnabled) {
      entry.requestHead.keep(head);
      const facts = this.#client.facts();
      if (facts !== undefined) entry.connection = facts;
    }
    entry.startedAtMs = performance.timeOrigin + receivedAtMs;
    this.#receivedAtMs = receivedAtMs;
    this.isHeadMethod = entry.method === 'HEAD';
    this.isRequestSent = false;
    this.#out.length = 0;
    this.#flushedBytes = 0;
    this.#isActive = true;
    this.#route = undefined;
    this.#group = undefined;
    this.#tried = NO_ENDPOINTS;
    this.#tries = 0;
    this.#bodyBytes = 0;
    this.#bodyLimit = 0;
    this.#isChunkedRequest = head.body === BODY_CHUNKED;
    this.#isRequestComplete = false;
    this.#isHeld = true;
    this.#isBodyPaused = false;
    this.#isUpstreamPaused = false;
    this.#isHeadSent = false;
    this.#isTunnel = false;
    this.#isWebSocket = head.isWebSocket;
    this.#acceptsTrailers = head.acceptsTrailers;
    this.#attemptStatus = 0;
  }

  /** What to send upstream instead of the received target, or undefined. */
  #forwardedTarget(head: MessageHead, path: string, forwardPath: string): string | undefined {
    const isChanged = this.#context.settings.pathForwarding === 'safe' && forwardPath !== path;
    if (!isChanged && head.targetForm !== 'absolute') return undefined;
    return (isChanged ? forwardPath : path) + head.buffer.latin1Slice(head.pathEnd, head.targetEnd);
  }

  #forward(head: MessageHead, route: ProxyRoute, hostText: string, forwarded: ForwardedRequest, target: string | undefined): void {
    const group = usableGroup(route);
    if (group === undefined) return this.fail(route.isDefaultBackend ? 'PRT-ROUTE-1' : 'PRT-ROUTE-2');
    this.#group = group;
    this.entry.upstreamName = group.name;
    const lines = this.#forwarded.linesFor(head, forwarded, route.upstreamHost ?? forwarded.host);
    const linesAt = appendRequestHead(this.#out, head, {
      target,
      lines: lines.bytes,
      extraLines: this.#forwarded.extraLinesFor(head, group === route.fallback ? route : undefined),
      isPeerTrusted: this.#forwarded.isPeerTrusted,
      keepsUnderscores: this.#context.settings.underscoresInHeaders,
      replacedName: this.#forwarded.replacedName,
    });
    this.#writeRequestId(head, linesAt, lines.idOffset);
    if (hostText === '' && forwarded.host === '') this.entry.host = '';
    if (head.body === BODY_NONE) this.#isRequestComplete = true;
    this.#attempt();
    if (head.expectsContinue && head.body !== BODY_NONE && this.#isActive) this.#client.sendContinue();
  }

  #writeRequestId(head: MessageHead, linesAt: number, idOffset: number): void {
    if (head.requestIdField >= 0) {
      this.entry.requestId = head.valueOf(head.requestIdField);
    } else if (idOffset >= 0) {
      const at = linesAt + idOffset;
      this.#context.requestIds.write(this.#out.bytes, at);
      // Only the log asks for the text.
      if (this.#context.accessLog.isEnabled) this.entry.requestId = this.#out.bytes.latin1Slice(at, at + 32);
    }
  }

  /** Sends the request to the next endpoint. */
  #attempt(): void {
    const group = this.#group;
    const nowMs = this.#context.nowMs;
    const endpoint = group?.pick(nowMs, this.#tried);
    if (group === undefined || endpoint === undefined) return this.fail('PRT-UP-1');
    this.#tries++;
    if (this.#tries > 1) this.#context.counters.add(workerCounter.upstreamRetries, 1);
    this.#tried = this.#tried.length === 0 ? [endpoint] : [...this.#tried, endpoint];
    this.#attemptAtMs = nowMs;
    this.#headerAtMs = 0;
    this.#attemptStatus = 0;
    this.#flushedBytes = 0;
    this.isRequestSent = false;
    const upstream = UpstreamConnection.take(this.#context, group, endpoint, this.#proxy.connectTimeoutMs);
    this.#upstream = upstream;
    upstream.assign(this);
    if (this.#isRequestComplete || this.#tries > 1) this.flushRequest();
  }

  /** nginx's `proxy_next_upstream`: which failures make another endpoint be tried. */
  #mayRetryAfter(code: ErrorCode, phase: FailurePhase, wasReused: boolean): boolean {
    const route = this.#route;
    if (route === undefined) return false;
    if (code === 'PRT-UP-5' && wasReused) {
      // A race with the upstream's own idle limit says nothing about the endpoint: it is tried again, and the try does not count.
      if (!this.#isHeld || !IDEMPOTENT.has(this.entry.method)) return false;
      this.#tried = this.#tried.slice(0, -1);
      this.#tries--;
      return true;
    }
    const isTimeout = code === 'PRT-UP-2' || code === 'PRT-UP-3' || code === 'PRT-UP-4';
    if (code === 'PRT-UP-6' && !route.proxy.nextUpstream.includes('invalid_header')) return false;
    if (isTimeout ? !route.retriesOnTimeout : code !== 'PRT-UP-6' && !route.retriesOnError) return false;
    return this.#mayRetry(phase !== 'connect');
  }

  #mayRetry(wasSent: boolean): boolean {
    const route = this.#route;
    if (route === undefined || !this.#isHeld || this.#tries >= route.maxTries) return false;
    if (wasSent && !route.retriesNonIdempotent && !IDEMPOTENT.has(this.entry.method)) return false;
    const { nextUpstreamTimeoutMs } = route.proxy;
    if (nextUpstreamTimeoutMs > 0 && this.#context.nowMs - this.#receivedAtMs >= nextUpstreamTimeoutMs) return false;
    return this.#tries < Math.max(UNLIMITED_TRIES, this.#group?.endpoints.length ?? 0);
  }

  #framingFor(head: MessageHead, isBodyless: boolean): ResponseFraming {
    if (head.body === BODY_LENGTH && head.status !== 204) return { kind: 'length', length: head.contentLength };
    if (isBodyless) return NO_BODY;
    return this.#client.protocol === 'HTTP/1.0' ? UNTIL_CLOSE : CHUNKED_BODY;
  }

  #redirect(status: number, location: string): void {
    this.entry.status = status;
    this.#isHeadSent = true;
    this.#client.sendLocal(status, `Content-Type: text/html\r\nLocation: ${location}\r\n`, this.isHeadMethod ? '' : errorPage(status), false);
    this.#finish();
  }

  #appendBody(buffer: Buffer, start: number, end: number): void {
    if (this.#isChunkedRequest) this.#out.appendLatin1(`${(end - start).toString(16)}\r\n`);
    this.#out.append(buffer, start, end);
    if (this.#isChunkedRequest) this.#out.appendLatin1('\r\n');
  }

  #pauseBody(): void {
    if (this.#isBodyPaused) return;
    this.#isBodyPaused = true;
    this.#client.pauseBody();
  }

  #resumeBody(): void {
    if (!this.#isBodyPaused) return;
    this.#isBodyPaused = false;
    this.#client.resumeBody();
  }

  #endAttempt(status: number): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const nowMs = this.#context.nowMs;
    const startMs = this.#attemptAtMs;
    this.entry.addAttempt({
      address: upstream.endpoint.label,
      status,
      responseBytes: upstream.responseBytes,
      connectSeconds: upstream.isReused ? 0 : upstream.connectedAtMs > 0 ? (upstream.connectedAtMs - startMs) / 1000 : -1,
      headerSeconds: this.#headerAtMs > 0 ? (this.#headerAtMs - startMs) / 1000 : -1,
      responseSeconds: (nowMs - startMs) / 1000,
    });
  }

  #finish(): void {
    const { entry } = this;
    this.#isActive = false;
    this.#upstream = undefined;
    entry.durationSeconds = (this.#context.nowMs - this.#receivedAtMs) / 1000;
    entry.sentBytes = this.#client.sentBytes;
    entry.sentBodyBytes = this.#client.sentBodyBytes;
    this.#route?.series.observe(entry);
    this.#context.accessLog.observe(entry);
    this.#client.onExchangeEnd();
  }
}

/** The group that has endpoints: the route's own, else its fallback. */
function usableGroup(route: ProxyRoute): UpstreamGroup | undefined {
  if (route.upstream !== undefined && route.upstream.endpoints.length > 0) return route.upstream;
  return route.fallback !== undefined && route.fallback.endpoints.length > 0 ? route.fallback : undefined;
}

function readPath(head: MessageHead): string {
  if (head.targetForm === 'asterisk' || head.targetStart === head.pathEnd) return '/';
  return head.buffer.latin1Slice(head.targetStart, head.pathEnd);
}

function methodOf(head: MessageHead): string {
  const { buffer, methodStart, methodEnd } = head;
  // The common one without making a string.
  if (methodEnd - methodStart === 3 && buffer[methodStart] === 71 && buffer[methodStart + 1] === 69 && buffer[methodStart + 2] === 84) return 'GET';
  return buffer.latin1Slice(methodStart, methodEnd);
}

function copy(buffer: Buffer, start: number, end: number): Buffer {
  return Buffer.from(buffer.subarray(start, end));
}

/** One chunk of a chunked body (RFC 9112 7.1). */
function chunk(buffer: Buffer, start: number, end: number): Buffer {
  const size = `${(end - start).toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(size.length + end - start + 2);
  bytes.latin1Write(size, 0);
  buffer.copy(bytes, size.length, start, end);
  bytes.latin1Write('\r\n', bytes.length - 2);
  return bytes;
}
