// The way of a request from the client to the upstream: head and body to the call, the body to the copy too. Where the route buffers
// requests, nothing goes to the call before the body is complete: it is kept behind the head in the call's `out`, then in a file. Where
// there is no room for that, what was kept goes first and the rest follows as it comes.
import { tmpdir } from 'node:os';
import type { BodyBuffer } from '../../model/policies/buffering.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import { guardEvent } from '../event-guard.ts';
import { BodyFile } from '../filters/body-file.ts';
import { PieceQueue } from '../filters/piece-queue.ts';
import { BODY_CHUNKED, BODY_NONE } from '../http1/field-block.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { Downstream } from './downstream.ts';
import type { RequestCopy } from './request-copy.ts';
import type { BodyReplay, CallOptions, UpstreamCall } from './upstream-call.ts';

export type RequestOptions = Omit<CallOptions, 'isChunked' | 'isComplete' | 'replay'>;

type UnbufferedReason = typeof workerCounter.unbufferedForRoom | typeof workerCounter.unbufferedForFile;

export class RequestFlow implements BodyReplay {
  /** The client has sent all of its request. */
  isComplete = false;
  readonly #context: WorkerContext;
  readonly #client: Downstream;
  readonly #call: UpstreamCall;
  readonly #onLost: () => void;
  /** Whether the body goes to the upstream in chunks. */
  #isChunked = false;
  /** The rest of the body has no reader. */
  #isIgnored = false;
  #copy: RequestCopy | undefined;
  /** The call to be made once the body is complete. */
  #waiting: RequestOptions | undefined;
  #memoryBytes = 0;
  #hasStarted = false;
  /** Bytes of the body kept in `out`, taken from the budget. */
  #heldBytes = 0;
  #bodyBytes = 0;
  #file: BodyFile | undefined;
  /** The whole body is at hand, a part of it in the file. */
  #isReplay = false;
  /** What came behind the file when there was no more room. */
  readonly #behind = new PieceQueue();
  /** What was kept is on its way to the upstream. */
  #isSending = false;
  #isPaused = false;
  #isClientPaused = false;
  #isAnswered = false;
  #trailers = '';
  /** Tells one request from the next. */
  #round = 0;

  /** `onLost`: what was kept cannot be read. */
  constructor(context: WorkerContext, client: Downstream, call: UpstreamCall, onLost: () => void) {
    this.#context = context;
    this.#client = client;
    this.#call = call;
    this.#onLost = onLost;
  }

  /** False: what was kept can be sent once only. */
  get isReplayable(): boolean {
    return this.#file?.isBroken !== true;
  }

  begin(head: MessageHead): void {
    this.isComplete = head.body === BODY_NONE;
    this.#isChunked = head.body === BODY_CHUNKED;
    this.#isIgnored = false;
    this.#copy = undefined;
    this.#hasStarted = false;
    this.#isPaused = false;
    this.#isClientPaused = false;
    this.#isAnswered = false;
    this.#trailers = '';
    this.#bodyBytes = 0;
    this.#round++;
  }

  /** Sends the request whose head is in the call's `out`. `buffer`: first takes the whole body. False: the exchange is over already. */
  forward(options: RequestOptions, copy: RequestCopy | undefined, buffer: BodyBuffer | null): boolean {
    const round = this.#round;
    if (copy !== undefined) this.#startCopy(copy, options);
    if (buffer === null || this.isComplete) this.#start(options, this.isComplete);
    else this.#hold(options, buffer);
    return round === this.#round;
  }

  /**
   * Sends another request instead: its head and, if `hasBody`, the beginning of its body are in the call's `out`. False: the exchange is over
   * already.
   */
  forwardInstead(options: RequestOptions, hasBody: boolean, buffer: BodyBuffer | null): boolean {
    const round = this.#round;
    this.#waiting = undefined;
    this.#isPaused = false;
    this.#isIgnored = !hasBody;
    if (!hasBody) {
      this.#dropKept();
      this.#start(options, true);
    } else if (this.#isReplay) {
      this.#start(options, false, this);
    } else if (!this.#hasStarted && buffer !== null && !this.isComplete) {
      this.#hold(options, buffer);
    } else {
      this.#start(options, this.isComplete && !this.#isSending);
    }
    // The exchange may be over, and the next one may hold its body back.
    if (round !== this.#round) return false;
    if (this.#isSending) this.#send();
    else this.#client.resumeBody();
    return round === this.#round;
  }

  /** A piece of the body; the bytes are only good during the call unless `isStable`, and then until they have left for the kernel. */
  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    this.#copy?.write(buffer, start, end);
    if (this.#isIgnored) return;
    if (this.#waiting !== undefined) return this.#keep(buffer, start, end);
    if (this.#isSending) this.#behind.push(buffer, start, end, false);
    else this.#call.writeBody(buffer, start, end, isStable);
  }

  end(trailers: string): void {
    this.isComplete = true;
    this.#copy?.endBody();
    if (this.#isIgnored) return;
    this.#trailers = trailers;
    const options = this.#waiting;
    if (options === undefined) {
      if (!this.#isSending) this.#call.endBody(trailers);
      return;
    }
    this.#waiting = undefined;
    // The length is known now, and nginx tells it too.
    if (this.#isChunked) this.#call.held.tellLength(this.#bodyBytes);
    this.#isChunked = false;
    this.#isReplay = this.#file !== undefined;
    if (this.#isReplay) this.#start(options, false, this);
    else this.#start(options, true);
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

  /** Another endpoint gets the request: what is in the file goes again, once the call says `resume`. */
  rewind(): void {
    this.#isSending = true;
    this.#isPaused = true;
    this.#file?.rewind();
  }

  /** The request is not sent again. */
  onAnswered(): void {
    this.#isAnswered = true;
    if (!this.#isSending && this.#file !== undefined) this.#dropKept();
  }

  /** The exchange is over. */
  reset(): void {
    this.#round++;
    this.#dropKept();
    this.#waiting = undefined;
    if (this.#heldBytes > 0) this.#context.bodies.giveMemory(this.#heldBytes);
    this.#heldBytes = 0;
    this.#copy?.onExchangeEnd();
    this.#copy = undefined;
  }

  #startCopy(copy: RequestCopy, { method }: RequestOptions): void {
    const { out } = this.#call;
    this.#copy = copy;
    copy.start({ head: out.bytes.latin1Slice(0, out.length), method, isChunked: this.#isChunked, isComplete: this.isComplete });
  }

  #start(options: RequestOptions, isComplete: boolean, replay?: BodyReplay): void {
    this.#hasStarted = true;
    this.#call.start({ ...options, isChunked: this.#isChunked, isComplete, replay });
  }

  #hold(options: RequestOptions, { memoryBytes }: BodyBuffer): void {
    this.#waiting = options;
    this.#memoryBytes = memoryBytes;
    this.#call.held.endHead();
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const count = end - start;
    this.#bodyBytes += count;
    const fits = this.#file === undefined && this.#heldBytes + count <= this.#memoryBytes;
    if (fits && this.#context.bodies.takeMemory(count)) {
      this.#heldBytes += count;
      this.#call.out.append(buffer, start, end);
      return;
    }
    if (this.#pushToFile(buffer, start, end)) return;
    this.#behind.push(buffer, start, end, false);
    this.#sendUnbuffered(workerCounter.unbufferedForRoom);
  }

  /** False: there is no room. */
  #pushToFile(buffer: Buffer, start: number, end: number): boolean {
    this.#file ??= new BodyFile(this.#context.bodies, tmpdir(), {
      onMoved: () => this.#guard(() => this.#onFileMoved()),
      onBroken: () => this.#guard(() => this.#sendUnbuffered(workerCounter.unbufferedForFile)),
      onLost: () => this.#guard(this.#onLost),
    });
    if (!this.#file.push(buffer, start, end)) return false;
    if (this.#file.isBehind) {
      this.#isClientPaused = true;
      this.#client.pauseBody();
    }
    return true;
  }

  /** For events of the file. */
  #guard(event: () => void): void {
    guardEvent(this.#context, this.#onLost, () => {
      this.#context.readClock();
      event();
    });
  }

  /** Calls the upstream before the body is complete: with what was kept, while the client waits, then with what comes. */
  #sendUnbuffered(reason: UnbufferedReason): void {
    const options = this.#waiting;
    if (options === undefined) return;
    const round = this.#round;
    this.#context.counters.add(reason, 1);
    this.#waiting = undefined;
    this.#isSending = true;
    this.#client.pauseBody();
    const held = this.#call.held.takeBody();
    this.#start(options, false);
    if (round !== this.#round) return;
    if (held.length > 0) this.#call.writeBody(held, 0, held.length, true);
    this.#send();
  }

  /** The upstream or the file has caught up. */
  #onFileMoved(): void {
    if (this.#isSending) return this.#send();
    if (!this.#isClientPaused || this.#waiting === undefined || this.#file?.isBehind === true) return;
    this.#isClientPaused = false;
    this.#client.resumeBody();
  }

  /** Hands over what was kept as far as the upstream takes it. */
  #send(): void {
    while (this.#isSending && !this.#isPaused) {
      const piece = this.#nextKept();
      if (piece === undefined) break;
      this.#call.writeBody(piece, 0, piece.length, true);
    }
    if (!this.#isSending) return;
    const isDone = !this.#isPaused && this.#file?.isDrained !== false && this.#behind.isEmpty;
    this.#isSending = !isDone;
    if (isDone && this.isComplete) this.#call.endBody(this.#trailers);
    // Also where it is not done: how long the upstream may take is counted from here.
    this.#call.flush();
    if (!isDone) return;
    if (this.#isAnswered) this.#dropKept();
    if (!this.isComplete) this.#client.resumeBody();
  }

  #nextKept(): Buffer | undefined {
    const piece = this.#file?.take();
    return piece === undefined && this.#file?.isDrained !== false ? this.#behind.shift() : piece;
  }

  #dropKept(): void {
    this.#isSending = false;
    this.#isReplay = false;
    if (!this.#behind.isEmpty) this.#behind.clear();
    this.#file?.destroy();
    this.#file = undefined;
  }
}
