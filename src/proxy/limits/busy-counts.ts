// How many requests of each client are under way, over all workers: nginx's `limit_conn`. A slot has the total and the part of each worker,
// so that the total can be put right when a worker dies.
import { DATA, SEEN, SharedSlots } from './shared-slots.ts';

const SLOTS = 1 << 15;
const TOTAL = DATA;
const FIRST_WORKER = DATA + 1;

export class BusyCounts {
  readonly #slots: SharedSlots;

  /** `workers` as given to `allocate`. */
  constructor(buffer: SharedArrayBuffer, workers: number) {
    this.#slots = new SharedSlots(buffer, FIRST_WORKER + workers, (slot) => Atomics.load(this.#slots.cells, slot + TOTAL) <= 0);
  }

  static allocate(workers: number, seeds: readonly [number, number]): SharedArrayBuffer {
    return SharedSlots.allocate(SLOTS, FIRST_WORKER + workers, seeds);
  }

  /** Counts a request of the worker in `place`. Returns what `release` needs, or -1 where `limit` are under way or the table is full. */
  tryAcquire(zone: number, client: string, nowMs: number, { limit, place }: { readonly limit: number; readonly place: number }): number {
    const { cells } = this.#slots;
    const nowSeconds = Math.floor(nowMs / 1000);
    const slot = this.#slots.find(zone, client, nowSeconds, 0);
    if (slot < 0) return -1;
    Atomics.store(cells, slot + SEEN, nowSeconds);
    if (Atomics.add(cells, slot + TOTAL, 1) >= limit) {
      Atomics.sub(cells, slot + TOTAL, 1);
      return -1;
    }
    Atomics.add(cells, slot + FIRST_WORKER + place, 1);
    return slot;
  }

  /** Exactly once for each slot that `tryAcquire` gave. */
  release(slot: number, place: number): void {
    Atomics.sub(this.#slots.cells, slot + FIRST_WORKER + place, 1);
    Atomics.sub(this.#slots.cells, slot + TOTAL, 1);
  }

  /** Gives back what a worker that died had under way. */
  forgetWorker(place: number): void {
    const { cells } = this.#slots;
    for (const slot of this.#slots.used()) {
      const lost = Atomics.exchange(cells, slot + FIRST_WORKER + place, 0);
      if (lost !== 0) Atomics.sub(cells, slot + TOTAL, lost);
    }
  }
}
