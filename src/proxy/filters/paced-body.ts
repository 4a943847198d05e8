// A limit on the bandwidth of one response: nginx's `limit_rate` and `limit_rate_after`. One second's worth may leave at once.
import { NOT_LINKED, type TimerWheel, type WheelEntry } from '../../kit/timer-wheel.ts';
import type { Bandwidth } from '../../model/policies/rate-limits.ts';
import type { BodySink, FilterEvents, ResponseFilter } from './response-filter.ts';

/** What of a worker it needs. */
export interface PaceClock {
  readonly wheel: TimerWheel;
  readonly nowMs: number;
}

export class PacedBody implements ResponseFilter, WheelEntry {
  deadlineMs = Infinity;
  wheelTick = NOT_LINKED;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  readonly #clock: PaceClock;
  readonly #bandwidth: Bandwidth;
  readonly #sink: BodySink;
  readonly #events: FilterEvents;
  readonly #startMs: number;
  #sentBytes = 0;
  #queue: Buffer[] = [];
  #isEnded = false;
  #isOver = false;

  constructor(clock: PaceClock, bandwidth: Bandwidth, sink: BodySink, events: FilterEvents) {
    this.#clock = clock;
    this.#bandwidth = bandwidth;
    this.#sink = sink;
    this.#events = events;
    this.#startMs = clock.nowMs;
  }

  get isFull(): boolean {
    return this.#queue.length > 0 || this.#sink.isFull;
  }

  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const allowed = this.#queue.length > 0 ? 0 : Math.min(end - start, this.#allowedBytes());
    if (allowed > 0) {
      this.#sink.write(buffer, start, start + allowed, isStable);
      this.#sentBytes += allowed;
    }
    if (start + allowed === end) return;
    const rest = buffer.subarray(start + allowed, end);
    this.#queue.push(isStable ? rest : Buffer.from(rest));
    this.#wakeLater();
  }

  flush(): void {
    this.#sink.flush();
  }

  end(): void {
    this.#isEnded = true;
    if (this.#queue.length === 0) this.#finish();
  }

  onReady(): void {
    this.#send();
  }

  destroy(): void {
    this.#isOver = true;
    this.#queue = [];
    this.#clock.wheel.cancel(this);
  }

  onDeadline(): void {
    this.#events.guard(() => this.#send());
  }

  #send(): void {
    if (this.#isOver || this.#sink.isFull) return;
    const wasFull = this.#queue.length > 0;
    let allowed = this.#allowedBytes();
    while (allowed > 0) {
      const piece = this.#queue[0];
      if (piece === undefined) break;
      const count = Math.min(allowed, piece.length);
      this.#sink.write(piece, 0, count, true);
      this.#sentBytes += count;
      allowed -= count;
      if (count === piece.length) this.#queue.shift();
      else this.#queue[0] = piece.subarray(count);
    }
    this.#sink.flush();
    if (this.#queue.length > 0) this.#wakeLater();
    else if (this.#isEnded) this.#finish();
    else if (wasFull || !this.#sink.isFull) this.#events.onReady();
  }

  #wakeLater(): void {
    this.#clock.wheel.schedule(this, this.#clock.nowMs + this.#clock.wheel.tickMs);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.destroy();
    this.#sink.end();
  }

  #allowedBytes(): number {
    const { bytesPerSecond, afterBytes } = this.#bandwidth;
    const elapsedMs = this.#clock.nowMs - this.#startMs;
    return Math.max(0, Math.floor(afterBytes + (bytesPerSecond * (elapsedMs + 1000)) / 1000 - this.#sentBytes));
  }
}
