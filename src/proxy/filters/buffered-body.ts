// A response that is taken from the backend faster than the client reads it, so that the backend is free early: nginx's `proxy_buffering`
// with its memory and its temporary file.
import type { BodyBudget } from './body-budget.ts';
import { ByteSpool, type SpoolLimits } from './byte-spool.ts';
import type { BodySink, FilterEvents, ResponseFilter } from './response-filter.ts';

export class BufferedBody implements ResponseFilter {
  readonly #spool: ByteSpool;
  readonly #sink: BodySink;
  readonly #events: FilterEvents;
  #isEnded = false;
  #isOver = false;
  #isSending = false;

  constructor(limits: SpoolLimits, budget: BodyBudget, sink: BodySink, events: FilterEvents) {
    this.#sink = sink;
    this.#events = events;
    this.#spool = new ByteSpool(limits, budget, {
      onMoved: () => events.guard(() => this.#send()),
      onFailure: () => {
        this.#isOver = true;
        events.guard(events.onFailure);
      },
    });
  }

  get isFull(): boolean {
    return this.#spool.isFull;
  }

  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    if (this.#spool.length === 0 && !this.#sink.isFull) return this.#sink.write(buffer, start, end, isStable);
    const piece = buffer.subarray(start, end);
    this.#spool.push(isStable ? piece : Buffer.from(piece));
  }

  flush(): void {
    this.#sink.flush();
    this.#send();
  }

  end(): void {
    this.#isEnded = true;
    if (this.#spool.length === 0) this.#finish();
    else this.#send();
  }

  onReady(): void {
    this.#send();
  }

  destroy(): void {
    this.#isOver = true;
    this.#spool.destroy();
  }

  #send(): void {
    if (this.#isSending || this.#isOver) return;
    this.#isSending = true;
    while (!this.#sink.isFull) {
      const piece = this.#spool.take();
      if (piece === undefined) break;
      this.#sink.write(piece, 0, piece.length, true);
      this.#sink.flush();
    }
    this.#isSending = false;
    if (this.#isEnded && this.#spool.length === 0) this.#finish();
    else if (!this.#isEnded && !this.#spool.isFull) this.#events.onReady();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.destroy();
    this.#sink.end();
  }
}
