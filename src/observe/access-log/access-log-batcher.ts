// Worker side: joins lines to batches, so that the main thread gets one message for hundreds of lines. A batch leaves when it is large
// or 100 ms after its first line. When the main thread falls behind, batches are dropped and counted: memory stays bounded.

export interface AccessLogBatch {
  readonly kind: 'access-log';
  /** Whole lines, each with its end. */
  readonly text: string;
  readonly lines: number;
}

export interface AccessLogBatcherDeps {
  readonly post: (batch: AccessLogBatch) => void;
  /** Characters that were posted and are not taken yet. */
  readonly getBacklog: () => number;
  readonly onDrop: (lines: number) => void;
}

const BATCH_LENGTH = 32 * 1024;
const BATCH_DELAY_MS = 100;
const MAX_BACKLOG = 8 * 1024 * 1024;

export class AccessLogBatcher {
  readonly #deps: AccessLogBatcherDeps;
  readonly #onTimer: () => void;
  #text = '';
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: AccessLogBatcherDeps) {
    this.#deps = deps;
    this.#onTimer = () => this.flush();
  }

  /** `line` without its end. */
  add(line: string): void {
    this.#text += line + '\n';
    this.#lines++;
    if (this.#text.length >= BATCH_LENGTH) this.flush();
    // The timer never keeps the thread alive: whoever ends the worker calls flush.
    else this.#timer ??= setTimeout(this.#onTimer, BATCH_DELAY_MS).unref();
  }

  /** Sends what is there now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === 0) return;
    const text = this.#text;
    const lines = this.#lines;
    this.#text = '';
    this.#lines = 0;
    if (this.#deps.getBacklog() + text.length > MAX_BACKLOG) this.#deps.onDrop(lines);
    else this.#deps.post({ kind: 'access-log', text, lines });
  }
}
