// When a review may have the main thread: one at a time, and after it a rest of the time that it took. Every pod may be able to send
// reviews, and the same thread answers the kubelet and applies changes, so that reviews have half of it at most, however many come.

export class ReviewTurns {
  readonly #nowMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #isResting = false;

  /** `nowMs`: monotonic milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Runs it now or later, in order. It must not throw. */
  add(review: () => void): void {
    this.#waiting.push(review);
    this.#next();
  }

  #next(): void {
    if (this.#isResting) return;
    const review = this.#waiting.shift();
    if (review === undefined) return;
    const startMs = this.#nowMs();
    review();
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.#next();
    }, this.#nowMs() - startMs).unref();
  }
}
