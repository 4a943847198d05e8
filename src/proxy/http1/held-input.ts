// Bytes that arrived but could not be used yet: a head that is not complete, requests behind the one being answered. Empty nearly always,
// so it has no memory until it needs some.
import type { HeadLimits } from './head-parser.ts';

export class HeldInput {
  bytes: Buffer = NO_BYTES;
  /** Offset behind the last byte. */
  end = 0;
  /** Bytes that the parser has seen. */
  #readBytes = 0;
  /** The same, counted each time anew that it looked at them. */
  #workBytes = 0;

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /**
   * Whether the head that is held may be complete, or refused, with these bytes behind it. The parser begins anew each time, so that a large
   * head in small pieces is only given to it where it has grown by an eighth, where it is larger than a limit, and where a line ends: where
   * any line ends at first, then where an empty one does, for a head may come line by line. So its work stays proportional to the bytes.
   */
  isWorthParsing(next: Buffer, length: number, { requestLineBytes, headBytes }: HeadLimits): boolean {
    const total = this.end + length;
    const read = this.#readBytes;
    if (total <= SMALL_BYTES || total - read >= read >> 3) return true;
    if (total > headBytes || (read <= requestLineBytes && total > requestLineBytes)) return true;
    if (this.#workBytes <= WORK_FACTOR * total) {
      const lineEnd = next.indexOf(LF);
      return lineEnd >= 0 && lineEnd < length;
    }
    return this.#endsEmptyLine(next, length);
  }

  /** With whatever line ends: wrong ones are the parser's to refuse. */
  #endsEmptyLine(next: Buffer, length: number): boolean {
    const before = (place: number): number => (place >= 0 ? next[place] : this.bytes[this.end + place]) ?? 0;
    for (let at = next.indexOf(LF); at >= 0 && at < length; at = next.indexOf(LF, at + 1)) {
      const last = before(at - 1);
      if (last === LF || (last === CR && before(at - 2) === LF)) return true;
    }
    return false;
  }

  append(source: Buffer, start: number, stop: number): void {
    const length = stop - start;
    if (length === 0) return;
    if (this.end === 0) {
      // Fewer bytes than before belong to another head.
      this.#workBytes = length < this.#readBytes ? length : this.#workBytes + length;
      this.#readBytes = length;
    }
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
/** How often a head is looked at altogether before only its end is waited for. */
const WORK_FACTOR = 8;
const CR = 0x0d;
const LF = 0x0a;
export const NO_BYTES = Buffer.alloc(0);
