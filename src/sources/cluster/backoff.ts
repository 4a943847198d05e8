// How long to wait before trying again: twice as long each time, up to a limit, and never exactly that long, so that many clients that lost
// the same server do not come back in the same moment.

export interface BackoffLimits {
  readonly firstMs: number;
  readonly limitMs: number;
}

export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: () => number;
  #failures = 0;

  /** `random` answers with numbers from 0 up to 1. */
  constructor(limits: BackoffLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The next pause: between half and all of the current step, but at least what the server asked for. */
  nextMs(retryAfterSeconds = 0): number {
    const { firstMs, limitMs } = this.#limits;
    const stepMs = Math.min(limitMs, firstMs * 2 ** Math.min(this.#failures++, 30));
    return Math.max(stepMs * (0.5 + this.#random() / 2), retryAfterSeconds * 1000 * (1 + this.#random() / 4));
  }

  reset(): void {
    this.#failures = 0;
  }
}
