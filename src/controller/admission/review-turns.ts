// When a review may have the main thread. Every pod may be able to send reviews, and the same thread answers the kubelet and applies
// changes: reviews run one at a time, and after those that took long together they rest for as long as they took, so that they have
// half of the thread at most, however many come.

/** Reviews of usual Ingresses take about a millisecond: some of them in a row wait for nothing. */
const CREDIT_MS = 20;

export class ReviewTurns {
  readonly #nowMs: () => number;
  readonly #waiting: (() => void)[] = [];
  /** What reviews took and was not rested for. */
  #debtMs = 0;
  #lastEndMs = -Infinity;
  #isResting = false;

  /** `nowMs`: monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Runs it now or later, in order. It must not throw. */
  add(review: () => void): void {
    this.#waiting.push(review);
    if (!this.#isResting) this.#work();
  }

  #work(): void {
    for (let review = this.#waiting.shift(); review !== undefined; review = this.#waiting.shift()) {
      const startMs = this.#nowMs();
      review();
      const endMs = this.#nowMs();
      this.#debtMs = Math.max(this.#debtMs - (startMs - this.#lastEndMs), 0) + endMs - startMs;
      this.#lastEndMs = endMs;
      if (this.#debtMs >= CREDIT_MS) return this.#rest();
    }
  }

  #rest(): void {
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.#work();
    }, this.#debtMs).unref();
  }
}
