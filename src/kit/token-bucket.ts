// Limits how often something happens: a bucket holds up to `burst` tokens and gains `perSecond` of them; each event takes one. The time is
// an argument, in milliseconds of a clock that never goes back. Kept as the moment when the bucket was or will be full, which sums up no
// rounding errors.

export interface TokenRate {
  readonly burst: number;
  readonly perSecond: number;
}

export class TokenBucket {
  /** Time for one token. */
  readonly #stepMs: number;
  /** Time for all of them. */
  readonly #spanMs: number;
  #fullAtMs = -Infinity;

  constructor({ burst, perSecond }: TokenRate) {
    this.#stepMs = 1000 / perSecond;
    this.#spanMs = burst * this.#stepMs;
  }

  /** Takes a token if there is one. */
  take(nowMs: number): boolean {
    if (this.waitMs(nowMs) > 0) return false;
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + this.#stepMs;
    return true;
  }

  /** How long until `take` can succeed; 0: now. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs + this.#stepMs - this.#spanMs - nowMs);
  }
}
