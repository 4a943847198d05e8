// Bytes that arrived but could not be used yet: a head that is not complete, requests behind the one being answered. Empty nearly always,
// so it has no memory until it needs some.
import type { HeadLimits } from './head-parser.ts';

export class Held {
  bytes: Buffer = NO_BYTES;
  /** Offset behind the last byte. */
  end = 0;
  /** Bytes that the parser has seen. */
  #readBytes = 0;

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /**
   * Whether the head that is held may be complete, or refused, with these bytes behind it. The parser begins anew each time, so that a large
   * head in small pieces is only given to it where a line ends, where it has grown by an eighth, or where it is larger than a limit: its work
   * stays proportional to the bytes.
   */
  isWorthParsing(next: Buffer, length: number, { requestLineBytes, headBytes }: HeadLimits): boolean {
    const total = this.end + length;
    const read = this.#readBytes;
    if (total <= SMALL_BYTES || total - read >= read >> 3) return true;
    if (total > headBytes || (read <= requestLineBytes && total > requestLineBytes)) return true;
    const lineEnd = next.indexOf(LF);
    return lineEnd >= 0 && lineEnd < length;
  }

  append(source: Buffer, start: number, stop: number): void {
    const length = stop - start;
    if (length === 0) return;
    if (this.end === 0) this.#readBytes = length;
    if (this.end + length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, this.bytes.length * 2, this.end + length));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    this.end += source.copy(this.bytes, this.end, start, stop);
  }

  /** Hands the memory over to the caller, who has read `bytes` and `end` before. */
  take(): void {
    this.bytes = NO_BYTES;
    this.end = 0;
  }
}

/** Up to this size a head is parsed whenever bytes of it arrive. */
const SMALL_BYTES = 2048;
const LF = 0x0a;
export const NO_BYTES = Buffer.alloc(0);
