// Answers of authentication services in memory that all workers share, so that a service is asked once and not once by each worker. A table
// of slots of fixed size: an answer that is too long is not kept here, and one that hits a full set takes the place of the one that ends
// first. Invariant: a slot's sequence number is odd while it is written; a reader that sees it change has read nothing.

const SLOT_BYTES = 4096;
const SLOTS = 2048;
/** Slots in which one digest may stand. */
const SET_SLOTS = 4;
const SETS = SLOTS / SET_SLOTS;

// A slot: sequence (4), length of the text (4), end of its time (8), digest (44), text.
const LENGTH_OFFSET = 4;
const UNTIL_OFFSET = 8;
const DIGEST_OFFSET = 16;
/** SHA-256 in base64. */
const DIGEST_BYTES = 44;
const TEXT_OFFSET = DIGEST_OFFSET + DIGEST_BYTES;
const MAX_TEXT_BYTES = SLOT_BYTES - TEXT_OFFSET;

export interface SharedText {
  readonly text: string;
  /** On the epoch. */
  readonly untilMs: number;
}

export class SharedAuthCache {
  /** Given to the workers. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Buffer;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#times = new Float64Array(buffer);
    this.#bytes = Buffer.from(buffer);
  }

  static create(): SharedAuthCache {
    return new SharedAuthCache(new SharedArrayBuffer(SLOTS * SLOT_BYTES));
  }

  /** `digest`: SHA-256 in base64. */
  find(digest: string, nowMs: number): SharedText | undefined {
    const first = firstSlot(digest);
    for (let slot = first; slot < first + SET_SLOTS; slot++) {
      const found = this.#read(slot, digest);
      if (found !== undefined) return found.untilMs > nowMs ? found : undefined;
    }
    return undefined;
  }

  /** Left out where the text is too long or another worker writes there now. `text`: characters of one byte. */
  store(digest: string, { text, untilMs }: SharedText): void {
    if (text.length > MAX_TEXT_BYTES) return;
    const slot = this.#placeFor(digest);
    const at = (slot * SLOT_BYTES) >> 2;
    const sequence = Atomics.load(this.#words, at);
    if ((sequence & 1) === 1 || Atomics.compareExchange(this.#words, at, sequence, sequence + 1) !== sequence) return;
    const start = slot * SLOT_BYTES;
    this.#words[at + (LENGTH_OFFSET >> 2)] = text.length;
    this.#times[(start + UNTIL_OFFSET) >> 3] = untilMs;
    this.#bytes.latin1Write(digest, start + DIGEST_OFFSET, DIGEST_BYTES);
    this.#bytes.latin1Write(text, start + TEXT_OFFSET, text.length);
    Atomics.store(this.#words, at, (sequence + 2) | 0);
  }

  #read(slot: number, digest: string): SharedText | undefined {
    const start = slot * SLOT_BYTES;
    const at = start >> 2;
    const sequence = Atomics.load(this.#words, at);
    if (sequence === 0 || (sequence & 1) === 1) return undefined;
    if (this.#bytes.latin1Slice(start + DIGEST_OFFSET, start + DIGEST_OFFSET + DIGEST_BYTES) !== digest) return undefined;
    const length = Math.min(this.#words[at + (LENGTH_OFFSET >> 2)] ?? 0, MAX_TEXT_BYTES);
    const untilMs = this.#times[(start + UNTIL_OFFSET) >> 3] ?? 0;
    const text = this.#bytes.latin1Slice(start + TEXT_OFFSET, start + TEXT_OFFSET + length);
    return Atomics.load(this.#words, at) === sequence ? { text, untilMs } : undefined;
  }

  /** The slot that has the digest, else the one of its set whose answer ends first. */
  #placeFor(digest: string): number {
    const first = firstSlot(digest);
    let place = first;
    let earliest = Infinity;
    for (let slot = first; slot < first + SET_SLOTS; slot++) {
      if (this.#read(slot, digest) !== undefined) return slot;
      const untilMs = this.#times[(slot * SLOT_BYTES + UNTIL_OFFSET) >> 3] ?? 0;
      if (untilMs < earliest) {
        earliest = untilMs;
        place = slot;
      }
    }
    return place;
  }
}

/** The digest is random enough that its first characters choose the set. */
function firstSlot(digest: string): number {
  const mix = digest.charCodeAt(0) * 4099 + digest.charCodeAt(1) * 67 + digest.charCodeAt(2) * 7 + digest.charCodeAt(3);
  return (mix % SETS) * SET_SLOTS;
}
