// A histogram of durations that only the main thread fills, such as how long changes take until they are served.

/** Bounds for things that take from a millisecond to a minute, in seconds. */
const DEFAULT_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class DurationHistogram {
  readonly bounds: readonly number[];
  readonly #buckets: number[];
  #sum = 0;

  constructor(bounds: readonly number[] = DEFAULT_BOUNDS) {
    this.bounds = bounds;
    this.#buckets = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(seconds: number): void {
    const found = this.bounds.findIndex((bound) => seconds <= bound);
    const bucket = found === -1 ? this.bounds.length : found;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  get sumSeconds(): number {
    return this.#sum;
  }

  /** Not cumulated; the last one counts what is above the highest bound. */
  get buckets(): readonly number[] {
    return this.#buckets;
  }
}
