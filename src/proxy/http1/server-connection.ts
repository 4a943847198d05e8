// One HTTP/1.x connection of a client: takes requests off the bytes that arrive, one at a time and in order, hands them to the exchange,
// and writes its responses. Any doubt about where a message ends closes the connection (docs/security.md, rules 2 and 6).
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ErrorCode } from '../../model/error-codes.ts';
import type { ConnectionFacts } from '../../observe/exchange-record.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import { NOT_LINKED, type WheelEntry } from '../../kit/timer-wheel.ts';
import type { Downstream, LocalResponse } from '../exchange/downstream.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { ClientOrigin } from '../exchange/forwarded-fields.ts';
import type { GuardedReceiver } from '../listener/guarded-receiver.ts';
import type { ByteReceiver, SocketReader } from '../listener/socket-reader.ts';
import type { WorkerContext } from '../worker-context.ts';
import { BodyPace } from './body-pace.ts';
import { HeldInput, NO_BYTES } from './held-input.ts';
import { Input } from './input.ts';
import type { ConnectionState } from './connection-state.ts';
import { ConnectionGauge } from './connection-gauge.ts';
import { readConnectionFacts } from './connection-facts.ts';
import { Lingering } from './lingering.ts';
import { ReadSwitch } from './read-switch.ts';
import { FieldMemo } from './field-memo.ts';
import { INCOMPLETE, parseRequestHead, REFUSED } from './head-parser.ts';
import { BODY_NONE } from './field-block.ts';
import type { MessageHead } from './message-head.ts';
import { RequestBody } from './request-body.ts';
import { ResponseStream } from './response-stream.ts';
import type { HeadEdit, ResponseFraming } from './response-writer.ts';

/** Requests behind the one being answered are read up to this size. */
const READ_AHEAD_BYTES = 64 * 1024;
/** So much of a request body is read and dropped to keep a connection; a longer rest closes it. */
const DISCARD_BYTES = 64 * 1024;

export interface ServerConnectionOptions {
  readonly origin: ClientOrigin;
  /** Of plain sockets; undefined for TLS. */
  readonly reader: SocketReader | undefined;
  readonly tlsSocket: TLSSocket | undefined;
  /** Its own; for its other events. */
  readonly guard: GuardedReceiver;
  /** Called once, when the connection is gone. */
  readonly onClosed: () => void;
}

export class ServerConnection implements WheelEntry, ByteReceiver, Downstream {
  deadlineMs = Infinity;
  wheelTick = NOT_LINKED;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  readonly origin: ClientOrigin;
  protocol: 'HTTP/1.0' | 'HTTP/1.1' = 'HTTP/1.1';
  readonly #context: WorkerContext;
  readonly #socket: Socket;
  readonly #reader: SocketReader | undefined;
  readonly #tlsSocket: TLSSocket | undefined;
  readonly #serial: number;
  readonly #exchange: Exchange;
  readonly #response: ResponseStream;
  readonly #body = new RequestBody();
  readonly #memo: FieldMemo;
  readonly #held = new HeldInput();
  #state: ConnectionState = 'head';
  readonly #input = new Input();
  #isPumping = false;
  #isBodyPaused = false;
  readonly #reading: ReadSwitch;
  #hasEnded = false;
  #requests = 0;
  #wantsKeepAlive = true;
  #hasSentContinue = true;
  #closesAfterResponse = false;
  /** When the first byte of the head under way arrived; 0: none has. */
  #headStartedAtMs = 0;
  readonly #pace = new BodyPace();
  readonly #lingering = new Lingering();
  readonly #gauge: ConnectionGauge;
  readonly #guard: GuardedReceiver;
  readonly #onClosed: () => void;

  readonly #onFlushed = (): void => {
    this.#context.readClock();
    if (this.pendingBytes > 0 || this.#state === 'closed') return;
    if (this.#state === 'response' || this.#state === 'tunnel') this.#context.wheel.schedule(this, Infinity);
    this.#exchange.onClientFlushed();
    if (this.#state === 'head') this.resumeBody();
  };

  /** The socket must not have been read from yet. */
  constructor(context: WorkerContext, socket: Socket, options: ServerConnectionOptions) {
    const { origin, reader, tlsSocket, guard, onClosed } = options;
    this.#tlsSocket = tlsSocket;
    this.#onClosed = onClosed;
    this.#context = context;
    this.#socket = socket;
    this.#reader = reader;
    this.#reading = new ReadSwitch(socket);
    this.origin = origin;
    this.#guard = guard;
    this.#memo = new FieldMemo(context.hosts);
    this.#response = new ResponseStream(context, socket, origin.isTls, () => guard.run(this.#onFlushed));
    this.#exchange = new Exchange(context, this);
    socket.on('end', () => guard.run(() => this.#onEnd()));
    socket.on('error', () => guard.run(() => this.#onGone()));
    socket.on('close', () => guard.run(() => this.#onGone()));
    context.connections.add(this);
    this.#serial = context.counters.get(workerCounter.connectionsHandled);
    this.#gauge = new ConnectionGauge(context.counters);
    context.readClock();
    context.wheel.schedule(this, context.nowMs + context.settings.client.headerTimeoutMs);
  }

  facts(): ConnectionFacts {
    return readConnectionFacts(this.origin, this.#tlsSocket, { serial: this.#serial, requests: this.#requests });
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  get sentBytes(): number {
    return this.#response.sentBytes;
  }

  get sentBodyBytes(): number {
    return Math.max(0, this.#response.sentBytes - this.#response.headBytes);
  }

  /** Nothing is under way: it may be closed. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#headStartedAtMs === 0 && this.#held.isEmpty && this.pendingBytes === 0;
  }

  onBytes(buffer: Buffer, length: number, isStable: boolean): void {
    if (this.#state === 'closed') return;
    this.#context.readClock();
    if (this.#state === 'lingering')
      return this.#context.wheel.schedule(this, this.#lingering.extend(this.#context.nowMs, this.deadlineMs));
    if (this.#held.isEmpty) {
      this.#input.set(buffer, 0, length, isStable);
      this.#pump();
      return;
    }
    // What waits behind an answer is not looked at before its turn.
    const waits = this.#state === 'response' || (this.#state === 'head' && this.#response.isHeldUp);
    const isWorth = this.#state !== 'head' || this.#held.isWorthParsing(buffer, length, this.#context.settings.client);
    this.#held.append(buffer, 0, length);
    if (waits) this.#boundHeld();
    else if (isWorth) this.#pumpHeld();
  }

  onDeadline(nowMs: number): void {
    this.#guard.run(() => this.#onLate(nowMs));
  }

  #onLate(nowMs: number): void {
    switch (this.#state) {
      case 'head':
        if (this.#headStartedAtMs > 0) this.#refuse('PRT-REQ-15');
        else this.#endAfterAnswer();
        return;
      case 'body':
        if (this.pendingBytes > 0) this.close();
        // It may be the time of an answer that has left meanwhile: the client is not late then.
        else if (this.#setBodyDeadline() <= this.#context.nowMs) this.#exchange.fail('PRT-REQ-16');
        return;
      case 'response':
      case 'tunnel':
        // Only ever set while the client does not take what is sent.
        if (this.pendingBytes > 0) this.close();
        else this.#context.wheel.schedule(this, nowMs + this.#context.settings.client.sendTimeoutMs);
        return;
      case 'discard':
      case 'lingering':
        this.close();
        return;
      case 'closed':
    }
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#socket.destroy();
    this.#onGone();
  }

  /** Ends it if nothing is under way, so that the client gets what it has not read yet. `keepsNew`: unless it had no request yet. */
  closeIdle(keepsNew: boolean): void {
    if (!this.isIdle || (keepsNew && this.#requests === 0)) return;
    this.#context.readClock();
    this.#linger();
  }

  // Downstream: what the exchange asks for.

  sendContinue(): void {
    if (this.#hasSentContinue) return;
    this.#hasSentContinue = true;
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
  }

  sendInterim(head: MessageHead): void {
    this.#response.interim(head);
  }

  sendForwardedHead(head: MessageHead, framing: ResponseFraming, edit: HeadEdit | undefined): void {
    const isTunnel = head.status === 101;
    this.#closesAfterResponse = !isTunnel && !this.#mayKeepOpen(framing.kind === 'until-close');
    this.#response.forwardedHead(head, framing, { edit, keepsOpen: !this.#closesAfterResponse, isHttp10: this.protocol === 'HTTP/1.0' });
  }

  sendLocal({ status, lines, body, edit, closes }: LocalResponse): void {
    this.#closesAfterResponse = closes || !this.#mayKeepOpen(false);
    this.#response.local(status, lines, body, { edit, keepsOpen: !this.#closesAfterResponse, isHttp10: this.protocol === 'HTTP/1.0' });
    this.flush();
  }

  sendBody(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#response.body(buffer, start, end, isStable);
  }

  sendEnd(trailers: string): void {
    this.#response.end(trailers);
    this.flush();
  }

  flush(): void {
    this.#response.flush();
    if (this.pendingBytes > 0) this.#context.wheel.schedule(this, this.#context.nowMs + this.#context.settings.client.sendTimeoutMs);
  }

  takeBack(): boolean {
    return this.#response.takeBack();
  }

  cut(): void {
    this.#response.discard();
    // A reset, so that even a client to which the end of the connection means the end of the body can tell.
    if (this.#response.framing.kind === 'until-close' && !this.origin.isTls) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  pauseBody(): void {
    this.#isBodyPaused = true;
    this.#reading.pause();
    this.#pace.pause(this.#context.nowMs);
    if (this.#state === 'body') this.#setBodyDeadline();
  }

  resumeBody(): void {
    this.#isBodyPaused = false;
    this.#pace.resume(this.#context.nowMs);
    this.#reading.resume();
    if (this.#state === 'body' || this.#state === 'discard') this.#setBodyDeadline();
    this.#pumpHeld();
  }

  startTunnel(): void {
    this.flush();
    this.#state = 'tunnel';
    this.#context.wheel.schedule(this, Infinity);
    this.#reading.resume();
    // Bytes that came before the answer were held back; the upstream's own bytes are handed on first.
    queueMicrotask(() => this.#guard.run(() => this.#pumpHeld()));
  }

  sendTunnelBytes(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#response.raw(buffer, start, end, isStable);
  }

  endTunnel(): void {
    this.#socket.end();
  }

  onExchangeEnd(): void {
    this.#context.counters.add(workerCounter.requests, 1);
    if (this.#state === 'closed') return;
    if (this.#state === 'tunnel' || this.#socket.destroyed) return this.close();
    if (this.#closesAfterResponse) return this.#linger();
    if (this.#state === 'body') {
      this.#state = 'discard';
      this.resumeBody();
    } else {
      this.#awaitRequest();
    }
    if (!this.#isPumping) this.#pumpHeld();
  }

  #pumpHeld(): void {
    if (this.#isPumping || this.#held.isEmpty) return;
    const { bytes, end } = this.#held;
    this.#held.take();
    this.#input.set(bytes, 0, end, false);
    this.#pump();
  }

  /** Uses up the input as far as the state allows; what is left is held. */
  #pump(): void {
    this.#isPumping = true;
    let isMoving = true;
    while (isMoving && this.#input.start < this.#input.end) isMoving = this.#step();
    this.#isPumping = false;
    if (this.#input.start < this.#input.end && this.#state !== 'closed' && this.#state !== 'lingering') {
      this.#held.append(this.#input.bytes, this.#input.start, this.#input.end);
      this.#boundHeld();
    }
    this.#input.set(NO_BYTES, 0, 0, false);
    if (this.#exchange.isActive) this.#exchange.flushRequest();
  }

  #boundHeld(): void {
    if ((this.#state !== 'head' || this.#response.isHeldUp) && this.#held.end >= READ_AHEAD_BYTES) this.#reading.pause();
  }

  /** One step on the input. False: more input, or something else, must come first. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return !this.#response.isHeldUp && this.#readHead();
      case 'body':
      case 'discard':
        return !this.#isBodyPaused && this.#readBody();
      case 'tunnel': {
        const start = this.#input.start;
        this.#input.start = this.#input.end;
        this.#exchange.onClientTunnelBytes(this.#input.bytes, start, this.#input.end, this.#input.isStable);
        return false;
      }
      case 'response':
      case 'lingering':
      case 'closed':
        return false;
    }
  }

  #readHead(): boolean {
    const { settings, requestHead: head, nowMs } = this.#context;
    if (this.#headStartedAtMs === 0) {
      this.#headStartedAtMs = nowMs;
      this.#gauge.set('reading');
      this.#context.wheel.schedule(this, nowMs + settings.client.headerTimeoutMs);
    }
    const at = parseRequestHead(this.#input.bytes, this.#input.start, this.#input.end, settings.client, head, this.#memo);
    if (at === INCOMPLETE) return false;
    const headBytes = at - this.#input.start;
    const receivedAtMs = this.#headStartedAtMs;
    this.#headStartedAtMs = 0;
    this.#requests++;
    this.#gauge.set('writing');
    this.protocol = head.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
    if (at === REFUSED) {
      this.#refuse(head.error, true);
      return false;
    }
    this.#input.start = at;
    this.#wantsKeepAlive = !head.hasConnectionClose && (head.minorVersion === 1 || head.hasConnectionKeepAlive);
    this.#closesAfterResponse = false;
    this.#response.begin();
    this.#body.begin(head);
    this.#hasSentContinue = !head.expectsContinue;
    if (head.body === BODY_NONE || this.#body.isComplete) {
      this.#state = 'response';
      this.#context.wheel.schedule(this, Infinity);
      this.#exchange.begin(head, headBytes, receivedAtMs);
      if (head.body !== BODY_NONE) this.#exchange.onRequestEnd(undefined);
    } else {
      this.#state = 'body';
      this.#pace.begin(nowMs);
      this.#setBodyDeadline();
      if (this.#reader !== undefined) this.#reader.wantsLong = true;
      this.#exchange.begin(head, headBytes, receivedAtMs);
    }
    return true;
  }

  #readBody(): boolean {
    const body = this.#body;
    const isWanted = this.#state === 'body';
    const answer = body.read(this.#input.bytes, this.#input.start, this.#input.end, this.#context.trailerHead);
    this.#input.start = body.next;
    if (answer === 'bad') {
      if (isWanted) this.#exchange.fail('PRT-REQ-6');
      else this.#linger();
      return false;
    }
    if (answer === 'data' && isWanted) {
      this.#pace.note(this.#context.nowMs);
      this.#setBodyDeadline();
      this.#exchange.onRequestBody(this.#input.bytes, body.dataStart, body.dataEnd, this.#input.isStable);
    }
    if (!body.isComplete) return true;
    this.#reader?.endLong(this.#exchange.isUpstreamPending, false);
    if (this.#state === 'discard') {
      this.#awaitRequest();
    } else if (this.#state === 'body') {
      this.#state = 'response';
      this.#context.wheel.schedule(this, Infinity);
      this.#exchange.onRequestEnd(body.trailers);
    }
    return true;
  }

  /** Answers a request that could not even be handed to the exchange. `isParsed`: the worker's scratch head holds what was understood. */
  #refuse(code: ErrorCode, isParsed = false): void {
    if (!isParsed) this.#context.requestHead.reset(NO_BYTES);
    this.#response.begin();
    this.#exchange.refuse(code, this.#input.end - this.#input.start);
  }

  #awaitRequest(): void {
    this.#state = 'head';
    this.#headStartedAtMs = 0;
    this.#isBodyPaused = false;
    this.#gauge.set('waiting');
    const { keepAliveMs } = this.#context.settings.client;
    this.#context.wheel.schedule(this, this.#context.nowMs + keepAliveMs);
    this.#reading.resume();
    if (this.#hasEnded) this.#linger();
  }

  #setBodyDeadline(): number {
    const { nowMs, settings } = this.#context;
    const sentMs = this.pendingBytes > 0 ? nowMs + settings.client.sendTimeoutMs : Infinity;
    const atMs = Math.min(sentMs, this.#pace.deadline(nowMs, this.#body.receivedBytes, settings.client));
    this.#context.wheel.schedule(this, atMs);
    return atMs;
  }

  /** Whether the connection may carry another request after the response that begins now. */
  #mayKeepOpen(isUntilClose: boolean): boolean {
    const { client } = this.#context.settings;
    if (!this.#wantsKeepAlive || isUntilClose || this.#context.isDraining || client.keepAliveMs === 0) return false;
    if (this.#requests >= client.keepAliveRequests || this.#hasEnded) return false;
    return this.#state !== 'body' || (this.#hasSentContinue && this.#body.remainingBytes <= DISCARD_BYTES);
  }

  /** All is answered: closes the connection, but not before what is on its way has left. */
  #endAfterAnswer(): void {
    if (this.pendingBytes > 0 && this.#state !== 'lingering') this.#linger();
    else if (this.pendingBytes === 0) this.close();
  }

  /** Ends our side and drops what still comes, so that the client gets to read the answer before a reset could reach it. */
  #linger(): void {
    const isSending = this.#state === 'body' || !this.#held.isEmpty;
    this.#state = 'lingering';
    this.#held.take();
    this.#reader?.endLong(true, false);
    this.#socket.end();
    this.#reading.resume();
    const sendMs = this.pendingBytes > 0 ? this.#context.settings.client.sendTimeoutMs : 0;
    this.#context.wheel.schedule(this, this.#lingering.begin(this.#context.nowMs, isSending, sendMs));
    if (this.#hasEnded && this.pendingBytes === 0) this.#socket.destroySoon();
  }

  /** The client has ended its side. */
  #onEnd(): void {
    this.#context.readClock();
    this.#hasEnded = true;
    switch (this.#state) {
      case 'head':
        if (this.#headStartedAtMs > 0 && !this.#held.isEmpty) this.#refuse('PRT-REQ-1');
        else this.#endAfterAnswer();
        return;
      case 'body':
        this.#exchange.fail('PRT-REQ-6');
        return;
      case 'response':
        // nginx's default as well (`proxy_ignore_client_abort off`): a client that ends its side has gone away.
        if (this.#response.isBegun) return;
        this.close();
        return;
      case 'tunnel':
        this.#exchange.onClientTunnelEnd();
        return;
      case 'discard':
      case 'lingering':
        this.#endAfterAnswer();
        return;
      case 'closed':
    }
  }

  #onGone(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#held.take();
    this.#reader?.end();
    this.#context.connections.delete(this);
    this.#gauge.end();
    this.#onClosed();
    this.#context.wheel.cancel(this);
    this.#exchange.onClientGone();
  }
}
