// Which counts of a nonce were used: digest authentication (RFC 7616, 3.4) makes clients count their requests, so that one that somebody has
// seen cannot be sent again. Shared by all workers, one bit for each count.
import { DATA, SEEN, SharedSlots } from '../limits/shared-slots.ts';

const SLOTS = 1 << 13;
const WORDS = 8;
const WIDTH = DATA + WORDS;
/** Counts of one nonce; whoever comes further gets a new one. */
const MAX_COUNT = WORDS * 32;

export class NonceCounts {
  readonly #slots: SharedSlots;

  constructor(buffer: SharedArrayBuffer) {
    this.#slots = new SharedSlots(buffer, WIDTH, () => true);
  }

  /** 320 KiB of address space, of which only what is used takes memory. */
  static allocate(seeds: readonly [number, number]): SharedArrayBuffer {
    return SharedSlots.allocate(SLOTS, WIDTH, seeds);
  }

  /** False: the count was used before, or the nonce was used up. `nonce`: a good one; only who knows a password gets here. */
  use(nonce: string, count: number, nowMs: number): boolean {
    if (count < 1 || count > MAX_COUNT) return false;
    const { cells } = this.#slots;
    const nowSeconds = Math.floor(nowMs / 1000);
    const slot = this.#slots.find(0, nonce, nowSeconds, 0);
    if (slot < 0) return false;
    Atomics.store(cells, slot + SEEN, nowSeconds);
    const bit = 1 << ((count - 1) % 32);
    return (Atomics.or(cells, slot + DATA + ((count - 1) >> 5), bit) & bit) === 0;
  }
}
