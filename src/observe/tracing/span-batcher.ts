// Worker side of the export of spans: gathers them, so that the main thread gets one message for many. A batch leaves when it is large or
// 100 ms after its first span. When the main thread falls behind, batches are dropped and counted: memory stays bounded.
import { workerCounter, type WorkerCounters } from '../worker-counters.ts';
import type { FinishedSpan } from './span.ts';

export interface SpanBatch {
  readonly kind: 'spans';
  readonly spans: readonly FinishedSpan[];
}

export interface SpanBatcherDeps {
  readonly counters: WorkerCounters;
  /** Sends to the main thread, which calls `takeSpanBatch`. */
  readonly post: (batch: SpanBatch) => void;
}

const BATCH_SPANS = 128;
const BATCH_DELAY_MS = 100;

export class SpanBatcher {
  readonly #deps: SpanBatcherDeps;
  readonly #onTimer: () => void;
  #maxBacklog: number;
  #spans: FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `maxBacklog`: spans that were posted and are not taken yet. */
  constructor(maxBacklog: number, deps: SpanBatcherDeps) {
    this.#maxBacklog = maxBacklog;
    this.#deps = deps;
    this.#onTimer = () => this.flush();
  }

  configure(maxBacklog: number): void {
    this.#maxBacklog = maxBacklog;
  }

  add(span: FinishedSpan): void {
    this.#spans.push(span);
    if (this.#spans.length >= BATCH_SPANS) this.flush();
    // The timer never keeps the thread alive: whoever ends the worker calls flush.
    else this.#timer ??= setTimeout(this.#onTimer, BATCH_DELAY_MS).unref();
  }

  /** Sends what is there now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    const { counters, post } = this.#deps;
    const backlog = counters.get(workerCounter.spansSent) - counters.get(workerCounter.spansTaken);
    if (backlog >= this.#maxBacklog) {
      counters.add(workerCounter.spansDropped, spans.length);
      return;
    }
    counters.add(workerCounter.spansSent, spans.length);
    post({ kind: 'spans', spans });
  }
}

/** Main side: tells the worker that its batch has arrived. */
export function takeSpanBatch(counters: WorkerCounters, batch: SpanBatch): void {
  counters.add(workerCounter.spansTaken, batch.spans.length);
}
