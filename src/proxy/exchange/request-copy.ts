// A copy of one request on its way to another server (annotation `mirror-target`). It is begun with the head that goes to the backend, is
// given the body piece by piece, and outlives its exchange. It never pauses anybody: what the server does not take waits here, bounded.
import type { ProxyParameters } from '../../model/route.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import type { BodyBudget } from '../filters/body-budget.ts';
import { PieceQueue } from '../filters/piece-queue.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { RetryRules } from './retry-rules.ts';
import { type CallOwner, UpstreamCall } from './upstream-call.ts';

export interface RequestCopyOptions {
  readonly group: UpstreamGroup;
  readonly proxy: ProxyParameters;
  readonly retry: RetryRules;
  /** Path and query, checked. */
  readonly target: string;
  /** Host header, checked. */
  readonly host: string;
  readonly hasBody: boolean;
  /** Called when the copy is to begin. False: there is no room for one, and it ends at once. */
  readonly onStart: () => boolean;
  /** Called once after `onStart` has said yes, when nothing more happens. */
  readonly onEnd: () => void;
}

export interface CopiedRequest {
  /** The whole head as it goes to the backend. Every byte a character. */
  readonly head: string;
  readonly method: string;
  readonly isChunked: boolean;
  readonly isComplete: boolean;
}

/** Parts of a body that the server has not taken yet, if the worker has so much left for bodies. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** The answer of the server is read up to here, so that its connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class RequestCopy implements CallOwner {
  readonly isReaderPending = false;
  readonly #call: UpstreamCall;
  readonly #options: RequestCopyOptions;
  readonly #bodies: BodyBudget;
  #state: 'new' | 'open' | 'over' = 'new';
  #isBodyComplete = false;
  #isPaused = false;
  readonly #waiting = new PieceQueue();
  #answerBytes = 0;

  constructor(context: WorkerContext, options: RequestCopyOptions) {
    this.#call = new UpstreamCall(context, this);
    this.#options = options;
    this.#bodies = context.bodies;
  }

  start(request: CopiedRequest): void {
    if (this.#state !== 'new') return;
    this.#state = this.#options.onStart() ? 'open' : 'over';
    if (this.#state === 'over') return;
    const { group, proxy, retry, target, host, hasBody } = this.#options;
    const isComplete = request.isComplete || !hasBody;
    this.#isBodyComplete = isComplete;
    this.#call.out.appendText(copiedHead(request.head, target, host, hasBody));
    this.#call.start({
      group,
      proxy,
      retry,
      method: request.method,
      isChunked: request.isChunked && hasBody,
      isComplete,
      pick: undefined,
    });
  }

  write(buffer: Buffer, start: number, end: number): void {
    if (this.#state !== 'open' || !this.#options.hasBody) return;
    if (!this.#isPaused) return this.#call.writeBody(buffer, start, end, false);
    const count = end - start;
    if (this.#waiting.bytes + count > MAX_WAITING_BYTES || !this.#bodies.takeMemory(count)) return this.abort();
    this.#waiting.push(buffer, start, end, false);
  }

  /** All input that has arrived was handed over. */
  flush(): void {
    if (this.#state === 'open') this.#call.flush();
  }

  endBody(): void {
    if (this.#state !== 'open' || this.#isBodyComplete) return;
    this.#isBodyComplete = true;
    if (this.#waiting.isEmpty) this.#endCallBody();
  }

  /** The exchange is over: a copy without its whole body is worth nothing. */
  onExchangeEnd(): void {
    if (!this.#isBodyComplete) this.abort();
  }

  abort(): void {
    if (this.#state !== 'open') return;
    this.#call.abort();
    this.#end();
  }

  onAttemptEnd(): void {
    // The log tells about the client's own request only.
  }

  onInterimResponse(): void {
    // Nobody waits for it.
  }

  onSwitchingProtocols(): boolean {
    return false;
  }

  onResponseHead(): boolean {
    return true;
  }

  onResponseBody(_buffer: Buffer, start: number, end: number): void {
    this.#answerBytes += end - start;
    if (this.#answerBytes > MAX_ANSWER_BYTES) this.abort();
  }

  onResponsePause(): void {
    // The reader is never behind.
  }

  onResponseEnd(): void {
    this.#end();
  }

  onTunnelBytes(): void {
    // Never switched.
  }

  onTunnelEnd(): void {
    // Never switched.
  }

  onCallFailure(): void {
    this.#end();
  }

  pauseRequestBody(): void {
    this.#isPaused = true;
  }

  resumeRequestBody(): void {
    this.#isPaused = false;
    while (!this.#isPaused && this.#state === 'open') {
      const piece = this.#waiting.shift();
      if (piece === undefined) break;
      this.#bodies.giveMemory(piece.length);
      this.#call.writeBody(piece, 0, piece.length, true);
    }
    if (!this.#waiting.isEmpty || this.#state !== 'open') return;
    if (this.#isBodyComplete) this.#endCallBody();
    else this.#call.flush();
  }

  #endCallBody(): void {
    this.#call.endBody('');
    this.#call.flush();
  }

  #end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#bodies.giveMemory(this.#waiting.bytes);
    this.#waiting.clear();
    this.#call.release();
    this.#options.onEnd();
  }
}

const NOT_COPIED = new Set(['host', 'upgrade', 'connection']);
const FRAMING = new Set(['content-length', 'transfer-encoding']);

/** The head with another target and Host, without an upgrade, and without framing where the body stays behind. */
export function copiedHead(sentHead: string, target: string, host: string, hasBody: boolean): string {
  const [requestLine = '', ...fieldLines] = sentHead.slice(0, -'\r\n\r\n'.length).split('\r\n');
  const [method = '', , version = ''] = requestLine.split(' ');
  let lines = '';
  for (const line of fieldLines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    if (NOT_COPIED.has(name) || (!hasBody && FRAMING.has(name))) continue;
    lines += `${line}\r\n`;
  }
  return `${method} ${target} ${version}\r\nHost: ${host}\r\n${lines}\r\n`;
}
