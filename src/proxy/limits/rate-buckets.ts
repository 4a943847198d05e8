// Leaky buckets of clients, shared by all workers and exact over them: nginx's `limit_req` without delay. A bucket is one number, the time
// at which it will be empty, changed by compare-and-swap. Time is counted in units of 1/1024 of what one request takes to leak, so that a
// request is a whole number of units whatever the rate; 32 bits wrap around, and a bucket that was not used for so long is known by its age.
import { DATA, hashOf, SEEN, SharedSlots } from './shared-slots.ts';

const SLOTS = 1 << 18;
const WIDTH = 3;
const EMPTY_AT = DATA;
const UNITS_PER_REQUEST = 1024;
const MAX_UNITS = 0x7fffffff;
const TURN_UNITS = 2 ** 32;

export interface BucketRate {
  readonly zone: number;
  readonly unitsPerMs: number;
  readonly burstUnits: number;
  /** A bucket that was not used for longer is empty. */
  readonly emptyAfterSeconds: number;
  /** A bucket that seems to hold so much was emptied long ago, and its clock has wrapped around; with most rates that cannot happen. */
  readonly wrappedUnits: number;
}

/** `zone`: name that no other limit has. Bursts above two million requests are cut to that. */
export function compileBucketRate(zone: string, requests: number, perMs: number, burst: number): BucketRate {
  const unitsPerMs = (requests * UNITS_PER_REQUEST) / perMs;
  const burstUnits = Math.min(burst * UNITS_PER_REQUEST, MAX_UNITS - 2 * UNITS_PER_REQUEST);
  const emptyAfterSeconds = Math.ceil((burstUnits + UNITS_PER_REQUEST) / unitsPerMs / 1000) + 1;
  // Its age is known to the second only.
  const longestUnits = (emptyAfterSeconds + 2) * 1000 * unitsPerMs;
  const wrappedUnits = Math.max(TURN_UNITS - longestUnits, burstUnits + 1);
  return { zone: hashOf(zone), unitsPerMs, burstUnits, emptyAfterSeconds, wrappedUnits };
}

export class RateBuckets {
  readonly #slots: SharedSlots;

  constructor(buffer: SharedArrayBuffer) {
    this.#slots = new SharedSlots(buffer, WIDTH, () => true);
  }

  /** 3 MiB of address space, of which only what is used takes memory. */
  static allocate(seeds: readonly [number, number]): SharedArrayBuffer {
    return SharedSlots.allocate(SLOTS, WIDTH, seeds);
  }

  /** Puts one request of a client into its bucket; false where it would flow over, and then nothing changes. `nowMs`: the shared clock. */
  tryTake(rate: BucketRate, client: string, nowMs: number): boolean {
    const { cells } = this.#slots;
    const nowSeconds = Math.floor(nowMs / 1000);
    const now = Math.floor(nowMs * rate.unitsPerMs) | 0;
    const slot = this.#slots.find(rate.zone, client, nowSeconds, (now - UNITS_PER_REQUEST) | 0);
    if (slot < 0) return false;
    for (;;) {
      const isStale = nowSeconds - Atomics.load(cells, slot + SEEN) > rate.emptyAfterSeconds;
      const emptyAt = Atomics.load(cells, slot + EMPTY_AT);
      // More than a bucket can hold: another worker filled it, and has read the clock later.
      const left = (emptyAt - now) | 0;
      const filled = isStale || left >= rate.wrappedUnits ? 0 : Math.max(0, left + UNITS_PER_REQUEST);
      if (filled > rate.burstUnits) return false;
      Atomics.store(cells, slot + SEEN, nowSeconds);
      if (Atomics.compareExchange(cells, slot + EMPTY_AT, emptyAt, (now + filled) | 0) === emptyAt) return true;
    }
  }

  /** Takes a request out again that another limit has refused. */
  giveBack(rate: BucketRate, client: string, nowMs: number): void {
    const slot = this.#slots.find(rate.zone, client, Math.floor(nowMs / 1000), 0);
    if (slot >= 0) Atomics.sub(this.#slots.cells, slot + EMPTY_AT, UNITS_PER_REQUEST);
  }
}
