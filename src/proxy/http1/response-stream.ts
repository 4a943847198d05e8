// Writes responses to one client socket. Heads and small bodies are put together in the worker's out buffer and leave in one write;
// large pieces of a body are written as they lie in memory.
import type { Socket } from 'node:net';
import { byteText } from '../out-buffer.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { MessageHead } from './message-head.ts';
import {
  appendEnd,
  appendForwardedHead,
  appendInterimHead,
  appendLocalHead,
  type HeadEdit,
  type ResponseFraming,
} from './response-writer.ts';

/** Pieces of a body up to this size are copied behind what is waiting to be written. */
const COPIED_BYTES = 16 * 1024;
const TLS_PENDING_BYTES = 64 * 1024;
const NO_BODY: ResponseFraming = { kind: 'none' };
const CRLF = Buffer.from('\r\n', 'latin1');

export interface HeadEnd {
  /** What policies change; undefined: nothing. */
  readonly edit: HeadEdit | undefined;
  readonly keepsOpen: boolean;
  readonly isHttp10: boolean;
}

export class ResponseStream {
  /** Bytes of the response under way, head included. */
  sentBytes = 0;
  /** Bytes of its head; 0 before it was put together. */
  headBytes = 0;
  /** True once its head was put together. */
  isBegun = false;
  framing: ResponseFraming = NO_BODY;
  readonly #context: WorkerContext;
  readonly #socket: Socket;
  readonly #isTls: boolean;
  readonly #onFlushed: () => void;
  #hasCorkedOut = false;

  /** `onFlushed` is called whenever bytes that were written have left for the kernel. */
  constructor(context: WorkerContext, socket: Socket, isTls: boolean, onFlushed: () => void) {
    this.#context = context;
    this.#socket = socket;
    this.#isTls = isTls;
    this.#onFlushed = onFlushed;
  }

  /**
   * The client does not take its responses: no further request of it is answered, for each response may keep a whole out buffer. On a plain
   * socket the kernel's buffers are full then; the TLS layer has a copy of what is on its way.
   */
  get isHeldUp(): boolean {
    return this.#socket.writableLength > (this.#isTls ? TLS_PENDING_BYTES : 0);
  }

  /** A request has arrived: its response will be the next. */
  begin(): void {
    this.sentBytes = 0;
    this.headBytes = 0;
    this.isBegun = false;
    this.framing = NO_BODY;
  }

  /** True: nothing of the response had left yet, and it is forgotten. */
  takeBack(): boolean {
    if (this.sentBytes > 0) return false;
    this.#context.out.length = 0;
    this.begin();
    return true;
  }

  /** Forgets what was put together but not written: the out buffer belongs to all connections. */
  discard(): void {
    this.#context.out.length = 0;
  }

  /** Leaves at once: what follows it may come from another upstream, later. */
  interim(head: MessageHead): void {
    appendInterimHead(this.#context.out, head);
    this.flush();
  }

  forwardedHead(head: MessageHead, framing: ResponseFraming, end: HeadEnd): void {
    const { out, dateLine, responseFields } = this.#context;
    appendForwardedHead(out, head, { fields: responseFields, dateLine, isTls: this.#isTls, dropped: end.edit?.dropped });
    this.#endHead(framing, end, head.status !== 101);
  }

  /** Head and body of a response that Portico makes itself. */
  local(status: number, lines: string, body: string, end: HeadEnd): void {
    const { out, dateLine, responseFields } = this.#context;
    const bytes = byteText(body);
    appendLocalHead(out, status, lines, { fields: responseFields, dateLine, isTls: this.#isTls, dropped: end.edit?.dropped });
    this.#endHead({ kind: 'length', length: bytes.length }, end, true);
    out.appendLatin1(bytes);
  }

  body(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const { out } = this.#context;
    const isChunked = this.framing.kind === 'chunked';
    if (isChunked) out.appendLatin1(`${(end - start).toString(16)}\r\n`);
    if (!isStable || end - start <= COPIED_BYTES) {
      out.append(buffer, start, end);
    } else {
      // Head and body leave in one system call.
      this.#socket.cork();
      this.flush();
      this.#write(buffer.subarray(start, end));
      this.#socket.uncork();
      this.#keepPending();
    }
    if (isChunked) out.append(CRLF, 0, 2);
  }

  end(trailers: string): void {
    if (this.framing.kind === 'chunked') this.#context.out.appendLatin1(`0\r\n${trailers}\r\n`);
  }

  /** Bytes of a tunnel. */
  raw(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.flush();
    this.#write(isStable ? buffer.subarray(start, end) : Buffer.from(buffer.subarray(start, end)));
  }

  flush(): void {
    const { out } = this.#context;
    if (out.length === 0) return;
    const bytes = out.bytes.subarray(0, out.length);
    out.length = 0;
    this.sentBytes += bytes.length;
    if (this.#isTls) return this.#writeTls(bytes);
    this.#socket.write(bytes);
    if (this.#socket.writableCorked > 0) this.#hasCorkedOut = true;
    else if (this.#socket.writableLength > 0) this.#lendOut();
  }

  /**
   * The TLS layer has encrypted what it is given before `write` returns, but what waits behind an earlier write stays where it is
   * (TLSWrap::DoWrite in Node 24). Nearly every write is still on its way then, so that lending memory would need a buffer per connection.
   */
  #writeTls(bytes: Buffer): void {
    const waits = this.#socket.writableLength > 0 || this.#socket.writableCorked > 0;
    this.#socket.write(waits ? Buffer.from(bytes) : bytes, this.#onFlushed);
  }

  /** What was corked has been handed to the kernel, or not: then the socket still reads the out buffer. */
  #keepPending(): void {
    if (this.#hasCorkedOut && this.#socket.writableLength > 0) this.#lendOut();
    this.#hasCorkedOut = false;
  }

  /** The socket still reads the out buffer. An empty write behind it tells when it is done. */
  #lendOut(): void {
    const { out } = this.#context;
    const lent = out.lend();
    this.#socket.write(NOTHING, () => {
      out.giveBack(lent);
      this.#onFlushed();
    });
  }

  #write(bytes: Buffer): void {
    this.sentBytes += bytes.length;
    this.#socket.write(bytes, this.#onFlushed);
  }

  #endHead(framing: ResponseFraming, end: HeadEnd, isFinal: boolean): void {
    const { out } = this.#context;
    this.isBegun = true;
    this.framing = framing;
    if (end.edit !== undefined) out.appendText(end.edit.lines);
    if (isFinal) appendEnd(out, framing, end.keepsOpen, end.isHttp10);
    else out.appendLatin1('\r\n');
    // Interim responses have left already.
    this.headBytes = this.sentBytes + out.length;
  }
}

const NOTHING = Buffer.alloc(0);
