// A hash table in shared memory that all workers use at once without locks: a slot is a few 32-bit cells, the first of which is the tag of
// its key. Bounded: a new key takes the place of one that was not seen for the longest time and may be forgotten. Keys are not stored; two
// keys share a slot where 32 bits of tag and the place are the same, by chance once in about 2^45 pairs, and nobody can aim at it without
// knowing the seeds.

/** Cells in front of the slots: two seeds. */
const HEADER_CELLS = 2;
const TAG = 0;
/** Seconds of the shared clock when the slot was last used; whoever uses it writes it. */
export const SEEN = 1;
/** First cell that belongs to the user of the table. */
export const DATA = 2;
const FREE = 0;
/** Somebody is preparing the slot for a new key. */
const TAKEN = 1;
/** Slots that a key may be in. */
const PROBES = 8;
/** A worker that prepares a slot may lose its processor meanwhile; one that takes longer has died. */
const SPINS = 100;
const WAITS = 100;
const WAIT_MS = 1;
/** Other workers may claim slots in between. */
const ATTEMPTS = 100;
const NO_SLOT = -1;
const LOST = -2;

export class SharedSlots {
  readonly cells: Int32Array;
  readonly #width: number;
  readonly #mask: number;
  readonly #mayForget: (slot: number) => boolean;

  /** `width`: cells of a slot, tag and time included. `mayForget`: whether the slot that begins at this cell may be given to another key. */
  constructor(buffer: SharedArrayBuffer, width: number, mayForget: (slot: number) => boolean) {
    this.cells = new Int32Array(buffer);
    this.#width = width;
    this.#mask = (this.cells.length - HEADER_CELLS) / width - 1;
    this.#mayForget = mayForget;
  }

  /** `slots` is a power of two. `seeds`: random 32-bit numbers. */
  static allocate(slots: number, width: number, seeds: readonly [number, number]): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer((HEADER_CELLS + slots * width) * Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(buffer).set(seeds);
    return buffer;
  }

  /** First cell of every slot in use. */
  *used(): Iterable<number> {
    for (let slot = HEADER_CELLS; slot < this.cells.length; slot += this.#width) {
      if ((this.cells[slot] ?? FREE) !== FREE) yield slot;
    }
  }

  /**
   * First cell of the slot of this key. A new slot has `initial` in its first cell of data and 0 in the others. -1: there is no room.
   * `zone`: a hash that keeps the keys of one user of the table from those of another.
   */
  find(zone: number, key: string, nowSeconds: number, initial: number): number {
    const { cells } = this;
    let place = (cells[0] ?? 0) ^ zone;
    let tag = (cells[1] ?? 0) ^ zone;
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i);
      place = Math.imul(place ^ code, 0x01000193);
      tag = Math.imul(tag ^ code, 0x5bd1e995);
      tag ^= tag >>> 15;
    }
    place = mix(place);
    tag = mix(tag ^ key.length);
    if (tag === FREE || tag === TAKEN) tag = 2;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const slot = this.#look(place, tag);
      if (slot >= 0) return slot;
      const taken = this.#take(place, tag, nowSeconds, initial);
      if (taken !== LOST) return taken;
    }
    return NO_SLOT;
  }

  #look(place: number, tag: number): number {
    const { cells } = this;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = this.#slotAt(place + probe);
      let found = Atomics.load(cells, slot + TAG);
      if (found === TAKEN) found = this.#awaitTag(slot);
      if (found === tag) return slot;
      if (found === FREE) return NO_SLOT;
    }
    return NO_SLOT;
  }

  /** The tag of a slot that another worker is preparing. */
  #awaitTag(slot: number): number {
    const { cells } = this;
    let found = TAKEN;
    for (let spin = 0; found === TAKEN && spin < SPINS; spin++) found = Atomics.load(cells, slot + TAG);
    for (let wait = 0; found === TAKEN && wait < WAITS; wait++) {
      Atomics.wait(cells, slot + TAG, TAKEN, WAIT_MS);
      found = Atomics.load(cells, slot + TAG);
    }
    return found === TAKEN ? Atomics.compareExchange(cells, slot + TAG, TAKEN, FREE) : found;
  }

  /** Claims a free slot, else the one that was not seen for the longest time. `LOST`: another worker was faster, look again. */
  #take(place: number, tag: number, nowSeconds: number, initial: number): number {
    const { cells } = this;
    const slot = this.#findVictim(place, tag, nowSeconds);
    if (slot < 0) return slot;
    const held = Atomics.load(cells, slot + TAG);
    if (held === TAKEN || Atomics.compareExchange(cells, slot + TAG, held, TAKEN) !== held) return LOST;
    // Somebody may have begun to use it meanwhile.
    if (held !== FREE && !this.#mayForget(slot)) {
      Atomics.store(cells, slot + TAG, held);
      return LOST;
    }
    for (let cell = DATA; cell < this.#width; cell++) Atomics.store(cells, slot + cell, cell === DATA ? initial : 0);
    Atomics.store(cells, slot + SEEN, nowSeconds);
    Atomics.store(cells, slot + TAG, tag);
    return slot;
  }

  /** Also `LOST` where another worker has, or may have, claimed a slot for the same key. */
  #findVictim(place: number, tag: number, nowSeconds: number): number {
    const { cells } = this;
    let victim = NO_SLOT;
    let oldest = -1;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = this.#slotAt(place + probe);
      const held = Atomics.load(cells, slot + TAG);
      if (held === FREE) return slot;
      if (held === TAKEN || held === tag) return LOST;
      const age = nowSeconds - Atomics.load(cells, slot + SEEN);
      if (age <= oldest || !this.#mayForget(slot)) continue;
      victim = slot;
      oldest = age;
    }
    return victim;
  }

  #slotAt(place: number): number {
    return HEADER_CELLS + (place & this.#mask) * this.#width;
  }
}

/** Hash of a zone's name, made once when a route is compiled. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Spreads every bit of a hash over all of them (the last step of MurmurHash3). */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
