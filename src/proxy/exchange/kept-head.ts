// The fields of one head of an exchange as they were received, for log formats and policies that name them later: the bytes that were
// read are gone by then. Kept only where somebody may ask.
import { type MessageHead, trimBlanks } from '../http1/message-head.ts';

export class KeptHead {
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** Offset of each line in `#bytes`. */
  #lines = new Int32Array(0);
  #count = 0;

  keep(head: MessageHead): void {
    this.#count = head.fieldCount;
    if (this.#count === 0) return;
    const start = head.lineStartOf(0);
    const end = head.lineEndOf(this.#count - 1);
    this.#length = end - start;
    if (this.#length > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(this.#length + 256);
    if (this.#count > this.#lines.length) this.#lines = new Int32Array(this.#count + 8);
    head.buffer.copy(this.#bytes, 0, start, end);
    for (let i = 0; i < this.#count; i++) this.#lines[i] = head.lineStartOf(i) - start;
  }

  forget(): void {
    this.#count = 0;
  }

  /** All values of a field joined with `, `; empty where there is none. `name` in lower case. */
  find(name: string): string {
    let values = '';
    for (let i = 0; i < this.#count; i++) {
      const start = this.#lines[i] ?? 0;
      if (!this.#isNamed(start, name)) continue;
      const end = i + 1 < this.#count ? (this.#lines[i + 1] ?? 0) : this.#length;
      const value = trimBlanks(this.#bytes.latin1Slice(start + name.length + 1, end - 2));
      values = values === '' ? value : `${values}, ${value}`;
    }
    return values;
  }

  #isNamed(start: number, name: string): boolean {
    const bytes = this.#bytes;
    if (bytes[start + name.length] !== 58) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = bytes[start + i] ?? 0;
      const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
      if (lower !== name.charCodeAt(i)) return false;
    }
    return true;
  }
}
