// By when the next bytes of a request body must come: within a time of the last ones, and at a minimum average rate. Time in which the body
// was held back does not count: a client is not late with what it is not asked for.
import type { ClientLimits } from '../../model/settings.ts';

/** The rate is looked at once so much time has passed. */
const RATE_WINDOW_MS = 30_000;

export class BodyPace {
  /** Without the time in which it was paused. */
  #startedAtMs = 0;
  /** When bytes came last, or might come again. */
  #lastAtMs = 0;
  #pausedAtMs = 0;
  #isPaused = false;

  begin(nowMs: number): void {
    this.#startedAtMs = nowMs;
    this.#lastAtMs = nowMs;
    this.#isPaused = false;
  }

  /** Bytes have come. */
  note(nowMs: number): void {
    this.#lastAtMs = nowMs;
  }

  pause(nowMs: number): void {
    if (!this.#isPaused) this.#pausedAtMs = nowMs;
    this.#isPaused = true;
  }

  resume(nowMs: number): void {
    if (!this.#isPaused) return;
    this.#startedAtMs += nowMs - this.#pausedAtMs;
    this.#lastAtMs = nowMs;
    this.#isPaused = false;
  }

  /** In milliseconds of the worker's clock; Infinity while it is paused. */
  deadline(nowMs: number, receivedBytes: number, { bodyTimeoutMs, bodyMinBytesPerSecond }: ClientLimits): number {
    if (this.#isPaused) return Infinity;
    const elapsedMs = nowMs - this.#startedAtMs;
    const isTooSlow = elapsedMs > RATE_WINDOW_MS && receivedBytes < (elapsedMs / 1000) * bodyMinBytesPerSecond;
    return isTooSlow ? nowMs : this.#lastAtMs + bodyTimeoutMs;
  }
}
