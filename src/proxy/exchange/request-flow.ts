// The way of a request from the client to the upstream: head and body to the call, the body to the copy too, and, where the route buffers
// requests, nothing to the call before the body is complete.
import { tmpdir } from 'node:os';
import type { BodyBuffer } from '../../model/policies/buffering.ts';
import { ByteSpool } from '../filters/byte-spool.ts';
import { BODY_CHUNKED, BODY_NONE } from '../http1/field-block.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { Downstream } from './downstream.ts';
import type { RequestCopy } from './request-copy.ts';
import type { CallOptions, UpstreamCall } from './upstream-call.ts';

export type RequestOptions = Omit<CallOptions, 'isChunked' | 'isComplete' | 'receivedAtMs'>;

const CHUNKED_END = 'Transfer-Encoding: chunked\r\n\r\n';

export class RequestFlow {
  /** The client has sent all of its request. */
  isComplete = false;
  readonly #client: Downstream;
  readonly #call: UpstreamCall;
  readonly #onFailure: () => void;
  #isChunked = false;
  #receivedAtMs = 0;
  /** The rest of the body has no reader. */
  #isIgnored = false;
  #copy: RequestCopy | undefined;
  #spool: ByteSpool | undefined;
  /** The call to be made once the body is complete. */
  #waiting: RequestOptions | undefined;
  #isSending = false;
  #isPaused = false;
  #bodyBytes = 0;

  constructor(client: Downstream, call: UpstreamCall, onFailure: () => void) {
    this.#client = client;
    this.#call = call;
    this.#onFailure = onFailure;
  }

  begin(head: MessageHead, receivedAtMs: number): void {
    this.isComplete = head.body === BODY_NONE;
    this.#isChunked = head.body === BODY_CHUNKED;
    this.#receivedAtMs = receivedAtMs;
    this.#isIgnored = false;
    this.#copy = undefined;
    this.#waiting = undefined;
    this.#isSending = false;
    this.#isPaused = false;
    this.#bodyBytes = 0;
  }

  /** Sends the request whose head is in the call's `out`. `buffer`: first takes the whole body. */
  forward(options: RequestOptions, copy: RequestCopy | undefined, buffer: BodyBuffer | undefined): void {
    this.#copy = copy;
    const { out } = this.#call;
    copy?.start({
      head: out.bytes.latin1Slice(0, out.length),
      method: options.method,
      isChunked: this.#isChunked,
      isComplete: this.isComplete,
      nowMs: this.#receivedAtMs,
    });
    if (buffer === undefined || this.isComplete) return this.#start(options, this.#isChunked, this.isComplete);
    this.#waiting = options;
    this.#spool = new ByteSpool({ ...buffer, directory: tmpdir() }, { onMoved: () => this.#onSpoolMoved(), onFailure: this.#onFailure });
  }

  /** Sends another request instead: its head and, if `hasBody`, the beginning of its body are in the call's `out`. */
  forwardInstead(options: RequestOptions, hasBody: boolean): void {
    this.#dropSpool();
    this.#isIgnored = !hasBody;
    this.#start(options, this.#isChunked, this.isComplete || !hasBody);
    this.#client.resumeBody();
  }

  /** A piece of the body; the bytes are only good during the call unless `isStable`, and then until they have left for the kernel. */
  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#copy?.write(buffer, start, end);
    if (this.#isIgnored) return;
    if (this.#waiting === undefined) return this.#call.writeBody(buffer, start, end, isStable);
    this.#bodyBytes += end - start;
    this.#spool?.push(Buffer.from(buffer.subarray(start, end)));
    if (this.#spool?.isFull === true) this.#client.pauseBody();
  }

  end(trailers: string): void {
    this.isComplete = true;
    this.#copy?.endBody();
    if (this.#isIgnored) return;
    const { out } = this.#call;
    const options = this.#waiting;
    if (options === undefined) return this.#call.endBody(trailers);
    this.#waiting = undefined;
    // The length is known now, and nginx tells it too.
    if (this.#isChunked) {
      out.length -= CHUNKED_END.length;
      out.appendLatin1(`Content-Length: ${this.#bodyBytes}\r\n\r\n`);
    }
    if (this.#spool?.hasSpilled !== true) return this.#sendFromMemory(options);
    this.#isSending = true;
    this.#start(options, false, false);
    this.#send();
  }

  flush(): void {
    if (this.#waiting === undefined) this.#call.flush();
    this.#copy?.flush();
  }

  /** The upstream cannot take more for now. */
  pause(): void {
    if (this.#isSending) this.#isPaused = true;
    else this.#client.pauseBody();
  }

  resume(): void {
    if (!this.#isSending) return this.#client.resumeBody();
    this.#isPaused = false;
    this.#send();
  }

  /** The exchange is over. */
  reset(): void {
    this.#dropSpool();
    this.#copy?.onExchangeEnd();
    this.#copy = undefined;
  }

  #start(options: RequestOptions, isChunked: boolean, isComplete: boolean, heldBodyBytes = 0): void {
    this.#call.start({ ...options, isChunked, isComplete, receivedAtMs: this.#receivedAtMs, heldBodyBytes });
  }

  #sendFromMemory(options: RequestOptions): void {
    const { out } = this.#call;
    for (let piece = this.#spool?.take(); piece !== undefined; piece = this.#spool?.take()) out.append(piece, 0, piece.length);
    this.#dropSpool();
    this.#start(options, false, true, this.#bodyBytes);
  }

  /** The upstream or the file has caught up. */
  #onSpoolMoved(): void {
    if (this.#isSending) this.#send();
    else if (this.#spool?.isFull === false) this.#client.resumeBody();
  }

  /** Hands over what was spooled as far as the upstream takes it. */
  #send(): void {
    while (this.#isSending && !this.#isPaused) {
      const piece = this.#spool?.take();
      if (piece === undefined) break;
      this.#call.writeBody(piece, 0, piece.length, true);
    }
    if (!this.#isSending || this.#spool === undefined || this.#spool.length > 0) return;
    this.#isSending = false;
    this.#dropSpool();
    this.#call.endBody('');
    this.#call.flush();
  }

  #dropSpool(): void {
    this.#isSending = false;
    this.#waiting = undefined;
    this.#spool?.destroy();
    this.#spool = undefined;
  }
}
