// The counters of limits that all workers share, as one worker uses them, with a clock that is the same in all of them.
import { BusyCounts } from './busy-counts.ts';
import { RateBuckets } from './rate-buckets.ts';

/** What the main thread makes and every worker is started with. */
export interface SharedLimitMemory {
  readonly workers: number;
  readonly buckets: SharedArrayBuffer;
  readonly busy: SharedArrayBuffer;
}

/** `random`: a random 32-bit number, so that clients cannot choose whom they share a slot with. */
export function allocateSharedLimits(workers: number, random: () => number): SharedLimitMemory {
  return {
    workers,
    buckets: RateBuckets.allocate([random(), random()]),
    busy: BusyCounts.allocate(workers, [random(), random()]),
  };
}

/** Main thread: gives back what a worker that died had under way. */
export function forgetWorkerLimits(memory: SharedLimitMemory, place: number): void {
  new BusyCounts(memory.busy, memory.workers).forgetWorker(place);
}

export class SharedLimits {
  readonly buckets: RateBuckets;
  readonly busy: BusyCounts;
  /** This worker's. */
  readonly place: number;
  readonly #clockOffsetMs: number;

  constructor(memory: SharedLimitMemory, place: number) {
    this.buckets = new RateBuckets(memory.buckets);
    this.busy = new BusyCounts(memory.busy, memory.workers);
    this.place = place;
    // `performance.now()` counts from the start of its own thread.
    this.#clockOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  }

  /** The clock of all workers, from the worker's own in milliseconds. */
  sharedMs(nowMs: number): number {
    return nowMs + this.#clockOffsetMs;
  }
}
