// One request to an upstream: sends it, picks endpoints, retries what may be retried, keeps the times. An exchange makes one for its client;
// policies make one for a sub-request. What the response means is its owner's business.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { ProxyParameters } from '../../model/route.ts';
import type { UpstreamAttempt } from '../../observe/exchange-record.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { HeadLimits } from '../http1/head-parser.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { type FailurePhase, type ResponseReceiver, UpstreamConnection } from '../http1/upstream-connection.ts';
import type { OutBuffer } from '../out-buffer.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamEndpoint, UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import { HeldRequest } from './held-request.ts';
import { allowsRetryAfter, isIdempotent, type RetryRules } from './retry-rules.ts';

/** What an owner is told. */
export interface CallOwner {
  /** True while bytes of the response wait for the owner's reader to take them. */
  readonly isReaderPending: boolean;
  onAttemptEnd(attempt: UpstreamAttempt): void;
  onInterimResponse(head: MessageHead): void;
  /** 101. False: nobody asked for it. */
  onSwitchingProtocols(head: MessageHead): boolean;
  /** False: the response is not wanted; the owner has ended the call. */
  onResponseHead(head: MessageHead, isBodyless: boolean): boolean;
  onResponseBody(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  /** All bytes of one read were handed over. */
  onResponsePause(): void;
  onResponseEnd(trailers: Buffer | undefined): void;
  onTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  onTunnelEnd(): void;
  /** No endpoint gave a response, or the response broke off (`phase` is `body`). The call is over. */
  onCallFailure(code: ErrorCode, phase: FailurePhase): void;
  /** The request body must wait, or may go on. */
  pauseRequestBody(): void;
  resumeRequestBody(): void;
}

/** The part of a request body that is at hand, but not in `out`. It is written with `writeBody` and ended with `endBody`. */
export interface BodyReplay {
  /** False: it cannot be written another time. */
  readonly isReplayable: boolean;
  /** An attempt begins: all of it is to be written once the owner hears `resumeRequestBody`. */
  rewind(): void;
}

export interface CallOptions {
  readonly group: UpstreamGroup;
  readonly proxy: ProxyParameters;
  readonly retry: RetryRules;
  readonly method: string;
  readonly isChunked: boolean;
  /** The request has no body: it is complete with its head. */
  readonly isComplete: boolean;
  /** Has the rest of the body behind what is in `out`; undefined: there is none, or it comes from the client. */
  readonly replay?: BodyReplay | undefined;
  /** Chooses an endpoint instead of round robin (affinity, hashing); undefined: round robin. */
  readonly pick: EndpointPicker | undefined;
}

/** Bound on tries where the configuration sets none, if there are fewer endpoints. */
const UNLIMITED_TRIES = 10;
/** Where `proxy-buffer-size` is not written. */
const RESPONSE_LIMITS: HeadLimits = { requestLineBytes: 0, headBytes: 64 * 1024, fieldBytes: 32 * 1024, fields: 128 };
const NO_ENDPOINTS: readonly UpstreamEndpoint[] = [];

export class UpstreamCall implements ResponseReceiver {
  readonly held: HeldRequest;
  isHeadMethod = false;
  isRequestSent = false;
  readonly #context: WorkerContext;
  readonly #owner: CallOwner;
  #options: CallOptions | undefined;
  #upstream: UpstreamConnection | undefined;
  #startedAtMs = 0;
  #tried: readonly UpstreamEndpoint[] = NO_ENDPOINTS;
  #tries = 0;
  #attemptAtMs = 0;
  #headerAtMs = 0;
  #status = 0;
  #isRequestComplete = false;
  #isBodyPaused = false;
  #isResponsePaused = false;
  #isTunnel = false;

  constructor(context: WorkerContext, owner: CallOwner) {
    this.#context = context;
    this.#owner = owner;
    this.held = new HeldRequest(context);
  }

  /** The request head is appended here before `start`. */
  get out(): OutBuffer {
    return this.held.out;
  }

  /** True from `start` until the response is complete or the call has failed. */
  get isActive(): boolean {
    return this.#options !== undefined;
  }

  /** True while bytes of the request wait for the upstream to take them. */
  get isWriterPending(): boolean {
    return this.#upstream !== undefined && this.#upstream.pendingBytes > 0;
  }

  get responseLimits(): HeadLimits {
    const headBytes = this.#options?.proxy.responseHeadBytes ?? RESPONSE_LIMITS.headBytes;
    return headBytes === RESPONSE_LIMITS.headBytes ? RESPONSE_LIMITS : { ...RESPONSE_LIMITS, headBytes, fieldBytes: headBytes };
  }

  get closesConnection(): boolean {
    const proxy = this.#options?.proxy;
    return proxy?.isHttp10 === true || proxy?.connectionHeader === 'close';
  }

  get isClientPending(): boolean {
    return this.#owner.isReaderPending;
  }

  /** Forgets the last request. `out` is empty then. */
  reset(): void {
    this.held.reset();
    this.#options = undefined;
    this.#upstream = undefined;
    this.#tried = NO_ENDPOINTS;
    this.#tries = 0;
    this.#isRequestComplete = false;
    this.#isBodyPaused = false;
    this.#isResponsePaused = false;
    this.#isTunnel = false;
    this.isRequestSent = false;
  }

  /** The call is over for good: gives the memory of the request back. */
  release(): void {
    this.held.out.release();
  }

  /** Sends what is in `out` to an endpoint of the group. */
  start(options: CallOptions): void {
    this.#options = options;
    this.#startedAtMs = this.#context.nowMs;
    this.held.endHead();
    this.isHeadMethod = options.method === 'HEAD';
    this.#isRequestComplete = options.isComplete;
    this.#attempt(options);
  }

  /** The request as far as it is held, for another call: its head, and its body unless parts of it are gone. Ends this call. */
  takeRequest(): ReturnType<HeldRequest['copy']> {
    const request = this.held.copy();
    this.abort();
    this.reset();
    return request;
  }

  /** A piece of the request body; the bytes are only good during the call unless `isStable`. */
  writeBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const upstream = this.#upstream;
    const options = this.#options;
    if (upstream === undefined || options === undefined) return;
    if (options.replay !== undefined) {
      upstream.write(isStable ? buffer.subarray(start, end) : copy(buffer, start, end));
      if (upstream.pendingBytes > 0) this.#pauseBody();
      return;
    }
    const fits = this.held.hasRoomFor(end - start);
    if (fits || !upstream.isConnected) {
      this.held.append(buffer, start, end, options.isChunked);
      // Not connected: take this piece and no more.
      if (!fits) this.#pauseBody();
      return;
    }
    this.flush();
    this.held.isWhole = false;
    if (options.isChunked) upstream.write(chunk(buffer, start, end));
    else upstream.write(isStable ? buffer.subarray(start, end) : copy(buffer, start, end));
    if (upstream.pendingBytes > 0) this.#pauseBody();
  }

  /** The request is complete. `trailers`: lines that may be passed on. */
  endBody(trailers: string): void {
    this.#isRequestComplete = true;
    if (this.#upstream === undefined || this.#options?.isChunked !== true) return;
    const end = `0\r\n${trailers}\r\n`;
    if (this.held.isWhole) this.held.out.appendLatin1(end);
    else this.#upstream.write(Buffer.from(end, 'latin1'));
  }

  /** All input that has arrived was handed over: what is held goes out. */
  flush(): void {
    const upstream = this.#upstream;
    const options = this.#options;
    if (upstream === undefined || options === undefined || !upstream.isConnected || this.#isTunnel) return;
    const bytes = this.held.take();
    if (bytes !== undefined) {
      if (this.#isRequestComplete) upstream.writeOnce(bytes);
      else upstream.write(bytes);
      this.held.out.isOwnAlone = upstream.pendingBytes === 0;
    }
    if (this.#isRequestComplete && !this.isRequestSent) {
      this.isRequestSent = true;
      upstream.setDeadline(this.#context.nowMs + options.proxy.readTimeoutMs);
    } else if (!this.#isRequestComplete) {
      upstream.setDeadline(upstream.pendingBytes > 0 ? this.#context.nowMs + options.proxy.sendTimeoutMs : Infinity);
    }
  }

  writeTunnel(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    upstream.write(isStable ? buffer.subarray(start, end) : copy(buffer, start, end));
    this.#extendDeadline(upstream);
    if (upstream.pendingBytes > 0) this.#pauseBody();
  }

  endTunnel(): void {
    this.#upstream?.end();
  }

  /** The owner's reader cannot take more for now. Its own limit on stalls holds meanwhile. */
  pauseResponse(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || this.#isResponsePaused) return;
    this.#isResponsePaused = true;
    upstream.pause();
    upstream.setDeadline(Infinity);
  }

  resumeResponse(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || !this.#isResponsePaused) return;
    this.#isResponsePaused = false;
    this.#extendDeadline(upstream);
    upstream.resume();
  }

  /** Ends the call; the owner hears nothing more of it but the attempt. */
  abort(): void {
    this.#endAttempt();
    this.#upstream?.close();
    this.#upstream = undefined;
    this.#options = undefined;
  }

  // What the upstream connection tells.

  onUpstreamConnected(): void {
    this.flush();
    this.#resumeBody();
  }

  onUpstreamFlushed(): void {
    if (!this.isWriterPending) this.#resumeBody();
  }

  onInterimResponse(head: MessageHead): void {
    this.#owner.onInterimResponse(head);
  }

  onSwitchingProtocols(head: MessageHead): boolean {
    this.#headerAtMs = this.#context.nowMs;
    this.#status = 101;
    this.#isTunnel = this.#owner.onSwitchingProtocols(head);
    return this.#isTunnel;
  }

  onResponseHead(head: MessageHead, isBodyless: boolean): boolean {
    const options = this.#options;
    if (options === undefined) return false;
    this.#headerAtMs = this.#context.nowMs;
    this.#status = head.status;
    if (options.retry.statuses?.has(head.status) === true && this.#mayRetry(options, true)) {
      this.#endAttempt();
      this.#upstream?.close();
      this.#attempt(options);
      return false;
    }
    if (this.isRequestSent) this.#upstream?.setDeadline(this.#headerAtMs + options.proxy.readTimeoutMs);
    return this.#owner.onResponseHead(head, isBodyless);
  }

  onResponseBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#owner.onResponseBody(buffer, start, end, isStable);
  }

  onResponsePause(): void {
    this.#owner.onResponsePause();
    if (this.#upstream !== undefined && !this.#isResponsePaused && this.isRequestSent) this.#extendDeadline(this.#upstream);
  }

  onResponseEnd(trailers: Buffer | undefined): void {
    this.#endAttempt();
    this.#upstream = undefined;
    this.#options = undefined;
    this.#owner.onResponseEnd(trailers);
  }

  onTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#owner.onTunnelBytes(buffer, start, end, isStable);
  }

  onTunnelEnd(): void {
    this.#owner.onTunnelEnd();
  }

  onUpstreamFailure(code: ErrorCode, phase: FailurePhase): void {
    const options = this.#options;
    const wasReused = this.#upstream?.isReused === true;
    if (phase !== 'body') this.#status = 0;
    this.#endAttempt();
    this.#upstream = undefined;
    if (options !== undefined && phase !== 'body' && this.#mayRetryAfter(options, code, phase, wasReused)) return this.#attempt(options);
    this.#options = undefined;
    this.#owner.onCallFailure(code, phase);
  }

  /** Sends the request to the next endpoint. */
  #attempt(options: CallOptions): void {
    const { nowMs } = this.#context;
    const { group, proxy } = options;
    const endpoint =
      options.pick === undefined ? group.pick(nowMs, this.#tried) : (options.pick(this.#tried, nowMs) ?? group.pick(nowMs, this.#tried));
    if (endpoint === undefined) {
      this.#options = undefined;
      return this.#owner.onCallFailure('PRT-UP-1', 'connect');
    }
    this.#tries++;
    if (this.#tries > 1) this.#context.counters.add(workerCounter.upstreamRetries, 1);
    this.#tried = this.#tried.length === 0 ? [endpoint] : [...this.#tried, endpoint];
    this.#attemptAtMs = nowMs;
    this.#headerAtMs = 0;
    this.#status = 0;
    this.held.rewind();
    this.isRequestSent = false;
    const upstream = UpstreamConnection.take(this.#context, group, endpoint, proxy.connectTimeoutMs);
    this.#upstream = upstream;
    upstream.assign(this);
    if (options.replay === undefined) {
      if (this.#isRequestComplete || this.#tries > 1) this.flush();
      return;
    }
    this.#isRequestComplete = false;
    this.#isBodyPaused = true;
    options.replay.rewind();
    if (upstream.isConnected) this.onUpstreamConnected();
  }

  #mayRetryAfter(options: CallOptions, code: ErrorCode, phase: FailurePhase, wasReused: boolean): boolean {
    if (code !== 'PRT-UP-5' || !wasReused) return allowsRetryAfter(options.retry, code) && this.#mayRetry(options, phase !== 'connect');
    // A race with the upstream's own idle limit says nothing about the endpoint: it is tried again, and the try does not count.
    if (!this.#canSendAgain(options) || !isIdempotent(options.method)) return false;
    this.#tried = this.#tried.slice(0, -1);
    this.#tries--;
    return true;
  }

  #mayRetry(options: CallOptions, wasSent: boolean): boolean {
    const { retry, proxy, group } = options;
    if (!this.#canSendAgain(options) || this.#tries >= retry.maxTries) return false;
    if (wasSent && !retry.nonIdempotent && !isIdempotent(options.method)) return false;
    const { nextUpstreamTimeoutMs } = proxy;
    if (nextUpstreamTimeoutMs > 0 && this.#context.nowMs - this.#startedAtMs >= nextUpstreamTimeoutMs) return false;
    return this.#tries < Math.max(UNLIMITED_TRIES, group.endpoints.length);
  }

  #canSendAgain({ replay }: CallOptions): boolean {
    return this.held.isWhole && replay?.isReplayable !== false;
  }

  #extendDeadline(upstream: UpstreamConnection): void {
    upstream.setDeadline(this.#context.nowMs + (this.#options?.proxy.readTimeoutMs ?? 0));
  }

  #pauseBody(): void {
    if (this.#isBodyPaused) return;
    this.#isBodyPaused = true;
    this.#owner.pauseRequestBody();
  }

  #resumeBody(): void {
    if (!this.#isBodyPaused) return;
    this.#isBodyPaused = false;
    this.#owner.resumeRequestBody();
  }

  #endAttempt(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const { nowMs } = this.#context;
    const startMs = this.#attemptAtMs;
    if (this.#status > 0) this.#options?.group.balancer?.onAnswer?.(upstream.endpoint, (nowMs - startMs) / 1000, nowMs);
    this.#owner.onAttemptEnd({
      address: upstream.endpoint.label,
      status: this.#status,
      responseBytes: this.#headerAtMs > 0 ? upstream.responseBytes - upstream.responseHeadBytes : 0,
      connectSeconds: upstream.isReused ? 0 : upstream.connectedAtMs > 0 ? (upstream.connectedAtMs - startMs) / 1000 : -1,
      headerSeconds: this.#headerAtMs > 0 ? (this.#headerAtMs - startMs) / 1000 : -1,
      responseSeconds: (nowMs - startMs) / 1000,
    });
  }
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
