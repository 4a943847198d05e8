// Memory in which heads and small bodies are put together before one write to a socket. A socket may keep a reference to what it was
// given until the kernel has taken it, so an owner that sees bytes still pending lends that memory and goes on with other.

/** Up to this size a loop is faster than the call of a copy, which takes about 40 ns whatever its size. */
const LOOP_BYTES = 24;

/** Lent buffers that are kept for the next time. */
const KEPT_BUFFERS = 16;
const MAX_DIGITS = 16;
const ZERO = 48;

export class OutBuffer {
  bytes: Buffer;
  length = 0;
  readonly #free: Buffer[] = [];

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Makes room for `count` more bytes. What is in the buffer moves to new memory if it must grow. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
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
    this.bytes = this.#free.pop() ?? Buffer.allocUnsafeSlow(lent.length);
    this.length = 0;
    return lent;
  }

  /** The socket has read what was lent. */
  giveBack(lent: Buffer): void {
    if (this.#free.length < KEPT_BUFFERS && lent.length === this.bytes.length) this.#free.push(lent);
  }
}
