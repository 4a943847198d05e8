// Memory in which heads and small bodies are put together before one write to a socket. A socket may keep a reference to what it was
// given until the kernel has taken it, so an owner that sees bytes still pending lends that memory and goes on with other.

/** Up to this size a loop is faster than the call of a copy, which takes about 40 ns whatever its size. */
const LOOP_BYTES = 24;
/** Buffers of one size that a pool keeps for the next who asks, and what they may take together. */
const KEPT_BUFFERS = 256;
const KEPT_BYTES = 8 * 1024 * 1024;
const MAX_DIGITS = 16;
const ZERO = 48;
const NO_BYTES = Buffer.alloc(0);

/** Buffers of one size, last in, first out: the next one is likely in the processor's cache still. */
interface SizeClass {
  readonly sizeBytes: number;
  readonly free: Buffer[];
  readonly kept: number;
}

/** Buffers of a few sizes: making memory anew for each upload of 16 KiB costs more than all the rest of it (bench post-16k). */
export class BufferPool {
  readonly #classes: readonly SizeClass[];

  /** `sizesBytes`: ascending. */
  constructor(...sizesBytes: readonly number[]) {
    this.#classes = sizesBytes.map((sizeBytes) => ({
      sizeBytes,
      free: [],
      kept: Math.min(KEPT_BUFFERS, Math.floor(KEPT_BYTES / sizeBytes)),
    }));
  }

  /** Undefined: none of the sizes is large enough. */
  take(neededBytes: number): Buffer | undefined {
    for (const { sizeBytes, free } of this.#classes) {
      if (sizeBytes >= neededBytes) return free.pop() ?? Buffer.allocUnsafeSlow(sizeBytes);
    }
    return undefined;
  }

  /** Buffers of other sizes are left to the garbage collector. */
  give(buffer: Buffer): void {
    for (const { sizeBytes, free, kept } of this.#classes) {
      if (sizeBytes === buffer.length && free.length < kept) free.push(buffer);
    }
  }
}

export class OutBuffer {
  /** Empty until something is appended. */
  bytes: Buffer = NO_BYTES;
  length = 0;
  /** False: a socket may read the memory still, so that it is left to the garbage collector when the buffer grows. */
  isOwnAlone = false;
  readonly #pool: BufferPool;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Makes room for `count` more bytes. What is in the buffer moves to new memory if it must grow. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /** Copies `source[start, end)`. */
  append(source: Buffer, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const { bytes } = this;
    let at = this.length;
    this.length = at + count;
    if (count > LOOP_BYTES) {
      source.copy(bytes, at, start, end);
      return;
    }
    for (let i = start; i < end; i++) bytes[at++] = source[i] ?? 0;
  }

  /** Every character of `text` is one byte; the caller has checked that there are no others. */
  appendLatin1(text: string): void {
    this.reserve(text.length);
    this.length += this.bytes.latin1Write(text, this.length, text.length);
  }

  /** The same for text that may hold any character: see `byteText`. */
  appendText(text: string): void {
    this.appendLatin1(byteText(text));
  }

  /** A whole number, not negative and below 2^53, in decimal digits. */
  appendDecimal(value: number): void {
    this.reserve(MAX_DIGITS);
    let rest = value;
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const next = Math.floor(rest / 10);
      this.bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.length += digits;
  }

  /** Leaves the memory to a socket that still reads it, and goes on with other memory. */
  lend(): Buffer {
    const lent = this.bytes;
    this.bytes = NO_BYTES;
    this.length = 0;
    return lent;
  }

  /** The socket has read what was lent. */
  giveBack(lent: Buffer): void {
    this.#pool.give(lent);
  }

  /** Nobody reads the memory any more: idle owners hold none. */
  release(): void {
    this.#pool.give(this.bytes);
    this.bytes = NO_BYTES;
    this.length = 0;
  }

  #grow(needed: number): void {
    const old = this.bytes;
    const larger = this.#pool.take(needed) ?? Buffer.allocUnsafeSlow(Math.max(old.length * 2, needed));
    old.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    if (this.isOwnAlone && old.length > 0) this.#pool.give(old);
  }
}

const WIDE = /[\u0100-\uffff]+/g;

/**
 * Text in which every character is one byte: what is more, and should have been encoded before (`utf8Text`), becomes the bytes of its UTF-8.
 * Cut to its lowest eight bits instead, U+010A would end a line.
 */
export function byteText(text: string): string {
  return text.search(WIDE) < 0 ? text : text.replaceAll(WIDE, (wide) => Buffer.from(wide, 'utf8').latin1Slice());
}

/** A text of an object as the bytes of its UTF-8, each a character. Not for text in which bytes of a client stand already. */
export function utf8Text(text: string): string {
  return Buffer.from(text, 'utf8').latin1Slice();
}
