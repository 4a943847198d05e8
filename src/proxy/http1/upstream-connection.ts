// One HTTP/1.1 connection to an endpoint. It reads responses strictly, tells the exchange it works for what arrives, and decides alone
// whether it may be used again: only if nothing at all was unexpected (docs/security.md, "Reuse").
import net from 'node:net';
import type { ErrorCode } from '../../model/error-codes.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import { NOT_LINKED, type WheelEntry } from '../../kit/timer-wheel.ts';
import { GuardedReceiver } from '../listener/guarded-receiver.ts';
import { SocketReader } from '../listener/socket-reader.ts';
import { HeldInput } from './held-input.ts';
import type { UpstreamEndpoint, UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import { CHUNK_BAD, CHUNK_DATA, CHUNK_END, ChunkedDecoder } from './chunked-decoder.ts';
import { FIELD } from './field-names.ts';
import { type HeadLimits, INCOMPLETE, parseResponseHead, REFUSED } from './head-parser.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './field-block.ts';
import type { MessageHead } from './message-head.ts';
import { isValidTrailerSection } from './trailer-section.ts';

/** How far an attempt had come when it failed. */
export type FailurePhase =
  /** Nothing was sent. */
  | 'connect'
  /** Something may have been sent, no byte of a response has come. */
  | 'response'
  /** The response had begun. */
  | 'body';

/** What the connection tells the exchange that it works for. */
export interface ResponseReceiver {
  readonly isHeadMethod: boolean;
  /** For the head of the response. */
  readonly responseLimits: HeadLimits;
  /** True once every byte of the request has been handed to the connection. */
  readonly isRequestSent: boolean;
  /** True while bytes of the response wait for the client to take them. */
  readonly isClientPending: boolean;
  /** True: the connection is for one request only. */
  readonly closesConnection: boolean;
  onUpstreamConnected(): void;
  /** An interim response other than 101. */
  onInterimResponse(head: MessageHead): void;
  /** 101. False: nobody asked for it. */
  onSwitchingProtocols(head: MessageHead): boolean;
  /** False: the response is not wanted, and the connection was already given up. */
  onResponseHead(head: MessageHead, isBodyless: boolean): boolean;
  onResponseBody(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  /** The response is complete. The connection does not belong to the exchange any more. */
  onResponseEnd(trailers: Buffer | undefined): void;
  /** All bytes of one read were handed over. */
  onResponsePause(): void;
  onTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  onTunnelEnd(): void;
  /** The connection is gone. */
  onUpstreamFailure(code: ErrorCode, phase: FailurePhase): void;
  /** What was written has left for the kernel. */
  onUpstreamFlushed(): void;
}

const MAX_INTERIM_RESPONSES = 8;
/**
 * Idle connections above the limit live this long instead of being closed at once: with more requests at a time than the limit, each of
 * them would open a connection of its own (bench small-1000: 30 against 17 us).
 */
const SURPLUS_IDLE_MS = 1000;
const SURPLUS_FACTOR = 8;
/** After a response of this size the connection keeps memory of its own to read into. */
const LONG_RESPONSE_BYTES = 16 * 1024;

type Phase = 'connecting' | 'idle' | 'head' | 'body' | 'tunnel' | 'closed';

export class UpstreamConnection implements WheelEntry {
  deadlineMs = Infinity;
  wheelTick = NOT_LINKED;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  readonly endpoint: UpstreamEndpoint;
  /** True once a response was read on it: a failure before the next one may be a race with the upstream's own idle limit. */
  isReused = false;
  /** Milliseconds of the worker's clock; 0 while it is not reached. */
  connectedAtMs = 0;
  /** Bytes of the current response, and those of its heads. */
  responseBytes = 0;
  responseHeadBytes = 0;
  /** Neighbours in the pool: used later, and earlier. */
  #later: UpstreamConnection | undefined;
  #earlier: UpstreamConnection | undefined;
  readonly #context: WorkerContext;
  readonly #group: UpstreamGroup;
  readonly #socket: net.Socket;
  readonly #reader: SocketReader;
  readonly #guard: GuardedReceiver;
  readonly #openedAtMs: number;
  readonly #held = new HeldInput();
  readonly #decoder = new ChunkedDecoder();
  #phase: Phase = 'connecting';
  #receiver: ResponseReceiver | undefined;
  #responses = 0;
  #interims = 0;
  #body: MessageHead['body'] = BODY_NONE;
  #remaining = 0;
  #mayReuse = false;
  #idleTimeoutMs = 0;
  readonly #onFlushed = (): void => {
    this.#guard.run(() => {
      this.#context.readClock();
      this.#receiver?.onUpstreamFlushed();
    });
  };

  constructor(context: WorkerContext, group: UpstreamGroup, endpoint: UpstreamEndpoint, connectTimeoutMs: number) {
    this.#context = context;
    this.#group = group;
    this.endpoint = endpoint;
    this.#openedAtMs = context.nowMs;
    const receiver = new GuardedReceiver(context, () => this.#fail('PRT-INT-1'));
    receiver.target = this;
    this.#guard = receiver;
    this.#reader = new SocketReader(context.readMemory, receiver);
    const { onread } = this.#reader;
    const address = { host: endpoint.address, port: endpoint.port };
    const socket = group.tls?.connect(address, onread) ?? net.connect({ ...address, noDelay: true, onread, allowHalfOpen: true });
    this.#socket = socket;
    const onBroken = (): void => receiver.run(() => this.#onEnd(true));
    socket.on(group.tls === undefined ? 'connect' : 'secureConnect', () => receiver.run(() => this.#onConnect()));
    socket.on('end', () => receiver.run(() => this.#onEnd(false)));
    socket.on('error', onBroken);
    socket.on('close', onBroken);
    context.counters.add(workerCounter.upstreamConnects, 1);
    context.counters.add(workerCounter.upstreamConnectionsNow, 1);
    context.wheel.schedule(this, this.#openedAtMs + connectTimeoutMs);
  }

  get isConnected(): boolean {
    return this.#phase !== 'connecting' && this.#phase !== 'closed';
  }

  /** Bytes that were written but not yet taken by the kernel. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Takes the connection for one request. */
  assign(receiver: ResponseReceiver): void {
    this.#receiver = receiver;
    this.#interims = 0;
    this.responseBytes = 0;
    this.responseHeadBytes = 0;
    if (this.#phase === 'idle') {
      this.#phase = 'head';
      this.isReused = true;
    }
  }

  /** Whether a pooled connection is still good for a request now. */
  isUsable(nowMs: number): boolean {
    const { lifetimeMs, requests } = this.#context.settings.upstreamKeepalive;
    return this.#phase === 'idle' && nowMs - this.#openedAtMs < lifetimeMs && this.#responses < requests;
  }

  /** Memory must stay as it is until `pendingBytes` is 0 or the connection is closed. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes, this.#onFlushed);
  }

  /** The same, for the one write of a small request: nobody waits for it to be flushed. */
  writeOnce(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sets the time by which something must happen; Infinity: no limit. */
  setDeadline(atMs: number): void {
    this.#context.wheel.schedule(this, atMs);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Half-close, for tunnels. */
  end(): void {
    this.#socket.end();
  }

  /** Ends the connection at once; the exchange hears nothing more. */
  close(): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'idle') this.#leavePool();
    this.#phase = 'closed';
    this.#receiver = undefined;
    this.#reader.end();
    this.#context.wheel.cancel(this);
    this.#context.counters.add(workerCounter.upstreamConnectionsNow, -1);
    this.#socket.destroy();
  }

  onDeadline(nowMs: number): void {
    this.#guard.run(() => this.#onLate(nowMs));
  }

  #onLate(nowMs: number): void {
    if (this.#phase === 'idle') {
      this.close();
      return;
    }
    if (this.#phase === 'connecting') {
      this.endpoint.noteRefusal(nowMs);
      this.#context.counters.add(workerCounter.upstreamConnectFailures, 1);
      this.#fail('PRT-UP-2');
    } else {
      this.#fail(this.#receiver?.isRequestSent === false ? 'PRT-UP-4' : 'PRT-UP-3');
    }
  }

  onBytes(buffer: Buffer, length: number, isStable: boolean): void {
    if (this.#phase === 'closed') return;
    this.#context.readClock();
    const receiver = this.#receiver;
    if (receiver === undefined || this.#phase === 'idle') {
      // Nobody asked for these bytes: whatever they are, the connection cannot be trusted.
      this.close();
      return;
    }
    this.responseBytes += length;
    if (this.#held.isEmpty) {
      this.#read(receiver, buffer, 0, length, isStable);
    } else {
      const isWaiting = !this.#held.isWorthParsing(buffer, length, receiver.responseLimits);
      this.#held.append(buffer, 0, length);
      if (isWaiting) return;
      const { bytes, end } = this.#held;
      this.#held.take();
      this.#read(receiver, bytes, 0, end, false);
    }
    if (this.#receiver === receiver) receiver.onResponsePause();
  }

  #onConnect(): void {
    if (this.#phase !== 'connecting') return;
    this.#context.readClock();
    this.#phase = 'head';
    this.connectedAtMs = this.#context.nowMs;
    this.endpoint.noteConnected();
    this.#receiver?.onUpstreamConnected();
  }

  /** The upstream sent FIN, or the connection broke. */
  #onEnd(isBroken: boolean): void {
    this.#context.readClock();
    switch (this.#phase) {
      case 'closed':
        return;
      case 'idle':
        this.close();
        return;
      case 'connecting':
        if (!isBroken) return;
        this.endpoint.noteRefusal(this.#context.nowMs);
        this.#context.counters.add(workerCounter.upstreamConnectFailures, 1);
        this.#fail('PRT-UP-1');
        return;
      case 'head':
        this.#fail(this.responseBytes > 0 ? 'PRT-UP-6' : 'PRT-UP-5');
        return;
      case 'body':
        if (this.#body === BODY_UNTIL_CLOSE && !isBroken) this.#finish(undefined, false);
        else this.#fail('PRT-UP-7');
        return;
      case 'tunnel':
        if (isBroken) this.#fail('PRT-UP-7');
        else this.#receiver?.onTunnelEnd();
    }
  }

  #fail(code: ErrorCode): void {
    const receiver = this.#receiver;
    const phase: FailurePhase = this.#phase === 'connecting' ? 'connect' : this.#phase === 'head' ? 'response' : 'body';
    this.close();
    receiver?.onUpstreamFailure(code, phase);
  }

  #read(receiver: ResponseReceiver, buffer: Buffer, start: number, end: number, isStable: boolean): void {
    let at = start;
    while (this.#phase === 'head') {
      at = this.#readHead(receiver, buffer, at, end, isStable);
      if (at < 0) return;
    }
    if (this.#receiver !== receiver) return;
    if (this.#phase === 'body') this.#readBody(receiver, buffer, at, end, isStable);
    else if (this.#phase === 'tunnel' && at < end) receiver.onTunnelBytes(buffer, at, end, isStable);
  }

  /** Returns the offset to read on from, or a negative number when there is nothing more to do. */
  #readHead(receiver: ResponseReceiver, buffer: Buffer, start: number, end: number, isStable: boolean): number {
    const head = this.#context.responseHead;
    const at = parseResponseHead(buffer, start, end, receiver.responseLimits, head);
    if (at === INCOMPLETE) {
      this.#held.append(buffer, start, end);
      return INCOMPLETE;
    }
    if (at === REFUSED) {
      this.#fail(head.error);
      return REFUSED;
    }
    this.responseHeadBytes += at - start;
    if (head.status === 101) return this.#switchProtocols(receiver, head, at);
    if (head.status < 200) {
      if (++this.#interims > MAX_INTERIM_RESPONSES) {
        this.#fail('PRT-UP-6');
        return REFUSED;
      }
      receiver.onInterimResponse(head);
      return this.#receiver === receiver ? at : REFUSED;
    }
    return this.#startBody(receiver, head, at, isStable);
  }

  #switchProtocols(receiver: ResponseReceiver, head: MessageHead, at: number): number {
    if (!head.isWebSocket || !receiver.onSwitchingProtocols(head)) {
      this.#fail('PRT-UP-8');
      return REFUSED;
    }
    this.#phase = 'tunnel';
    return at;
  }

  #startBody(receiver: ResponseReceiver, head: MessageHead, at: number, isStable: boolean): number {
    const isBodyless = receiver.isHeadMethod || head.status === 204 || head.status === 304;
    this.#body = isBodyless ? BODY_NONE : head.body;
    this.#remaining = this.#body === BODY_LENGTH ? head.contentLength : 0;
    this.#mayReuse =
      !head.hasConnectionClose && (head.minorVersion === 1 || head.hasConnectionKeepAlive) && this.#body !== BODY_UNTIL_CLOSE;
    if (head.minorVersion === 0 && head.body === BODY_CHUNKED) this.#mayReuse = false;
    this.#idleTimeoutMs = idleTimeout(head, this.#context.settings.upstreamKeepalive.idleTimeoutMs);
    if (this.#body === BODY_CHUNKED) this.#decoder.reset();
    this.#phase = 'body';
    this.#reader.wantsLong = !isStable && this.#body !== BODY_NONE;
    return receiver.onResponseHead(head, isBodyless) ? at : REFUSED;
  }

  #readBody(receiver: ResponseReceiver, buffer: Buffer, start: number, end: number, isStable: boolean): void {
    switch (this.#body) {
      case BODY_NONE:
        this.#finish(undefined, start < end);
        return;
      case BODY_LENGTH: {
        const length = Math.min(this.#remaining, end - start);
        this.#remaining -= length;
        if (length > 0) receiver.onResponseBody(buffer, start, start + length, isStable);
        if (this.#remaining === 0 && this.#receiver === receiver) this.#finish(undefined, start + length < end);
        return;
      }
      case BODY_CHUNKED:
        this.#readChunks(receiver, buffer, start, end, isStable);
        return;
      case BODY_UNTIL_CLOSE:
        if (start < end) receiver.onResponseBody(buffer, start, end, isStable);
    }
  }

  #readChunks(receiver: ResponseReceiver, buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const decoder = this.#decoder;
    let at = start;
    while (at < end) {
      const answer = decoder.read(buffer, at, end);
      at = decoder.next;
      if (answer === CHUNK_DATA) {
        receiver.onResponseBody(buffer, decoder.dataStart, decoder.dataEnd, isStable);
        if (this.#receiver !== receiver) return;
      } else if (answer === CHUNK_BAD || (answer === CHUNK_END && !this.#hasValidTrailers())) {
        this.#fail('PRT-UP-7');
        return;
      } else if (answer === CHUNK_END) {
        this.#finish(decoder.trailers, at < end);
        return;
      }
    }
  }

  #hasValidTrailers(): boolean {
    const { trailers } = this.#decoder;
    return trailers === undefined || isValidTrailerSection(trailers, this.#context.trailerHead);
  }

  /** The response is complete: back to the pool, or close; then the exchange may go on. */
  #finish(trailers: Buffer | undefined, hasLeftover: boolean): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    this.#receiver = undefined;
    this.#responses++;
    this.#reader.endLong(receiver.isClientPending, this.responseBytes > LONG_RESPONSE_BYTES);
    const isClean =
      this.#mayReuse && !hasLeftover && !receiver.closesConnection && receiver.isRequestSent && this.#socket.writableLength === 0;
    if (isClean && !this.endpoint.isDraining && !this.#context.isDraining && this.#group.idleCount < this.#maxIdle()) this.#enterPool();
    else this.close();
    receiver.onResponseEnd(trailers);
  }

  #enterPool(): void {
    this.#phase = 'idle';
    const { endpoint } = this;
    const earlier = endpoint.idle;
    this.#earlier = earlier;
    if (earlier !== undefined) earlier.#later = this;
    endpoint.idle = this;
    this.#group.idleCount++;
    this.#context.counters.add(workerCounter.upstreamIdleNow, 1);
    const isSurplus = this.#group.idleCount > this.#context.settings.upstreamKeepalive.connections;
    this.#context.wheel.schedule(
      this,
      this.#context.nowMs + (isSurplus ? Math.min(SURPLUS_IDLE_MS, this.#idleTimeoutMs) : this.#idleTimeoutMs),
    );
  }

  /** `upstream-keepalive-connections` is what stays; a wave of requests may leave more behind for the next one. */
  #maxIdle(): number {
    return this.#context.settings.upstreamKeepalive.connections * SURPLUS_FACTOR;
  }

  #leavePool(): void {
    const later = this.#later;
    const earlier = this.#earlier;
    if (later === undefined) this.endpoint.idle = earlier;
    else later.#earlier = earlier;
    if (earlier !== undefined) earlier.#later = later;
    this.#later = undefined;
    this.#earlier = undefined;
    this.#group.idleCount--;
    this.#context.counters.add(workerCounter.upstreamIdleNow, -1);
  }

  /** Takes the warmest idle connection of the endpoint, or opens one. */
  static take(context: WorkerContext, group: UpstreamGroup, endpoint: UpstreamEndpoint, connectTimeoutMs: number): UpstreamConnection {
    const nowMs = context.nowMs;
    for (let connection = endpoint.idle; connection !== undefined; connection = endpoint.idle) {
      connection.#leavePool();
      if (connection.isUsable(nowMs)) return connection;
      connection.#phase = 'head';
      connection.close();
    }
    return new UpstreamConnection(context, group, endpoint, connectTimeoutMs);
  }
}

/** An upstream that says when it closes idle connections is believed, with a margin against the race. */
function idleTimeout(head: MessageHead, ownMs: number): number {
  const field = head.valueOfNumber(FIELD['keep-alive']);
  const match = field === undefined ? null : /(?:^|[ ,;])timeout=([0-9]{1,6})/i.exec(field);
  return match === null ? ownMs : Math.min(ownMs, Math.max(0, Number(match[1]) * 1000 - 500));
}
