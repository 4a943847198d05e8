// Bytes that arrived but could not be used yet: a head that is not complete, requests behind the one being answered. Empty nearly always,
// so it has no memory until it needs some.

export class Held {
  bytes: Buffer = EMPTY;
  /** Offset behind the last byte. */
  end = 0;

  get isEmpty(): boolean {
    return this.end === 0;
  }

  append(source: Buffer, start: number, stop: number): void {
    const length = stop - start;
    if (length === 0) return;
    if (this.end + length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, this.bytes.length * 2, this.end + length));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    this.end += source.copy(this.bytes, this.end, start, stop);
  }

  /** Hands the memory over to the caller, who has read `bytes` and `end` before. */
  take(): void {
    this.bytes = EMPTY;
    this.end = 0;
  }
}

const EMPTY = Buffer.alloc(0);
