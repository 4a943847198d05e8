// Reads files into one buffer that is used again, so that a large file that changes often leaves no large garbage behind.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const smallBytes = 256 * 1024;
/** A larger buffer is given back after use. */
const keptBytes = 16 * 1024 * 1024;

export class FileBytes {
  #buffer = Buffer.alloc(0);

  /** Hands the whole content to `use`, which must not keep it. Throws what the operating system answers. */
  read<T>(path: string, use: (bytes: Buffer) => T): T {
    const descriptor = openSync(path, 'r');
    try {
      const length = this.#fill(descriptor);
      return use(this.#buffer.subarray(0, length));
    } finally {
      closeSync(descriptor);
      if (this.#buffer.length > keptBytes) this.#buffer = Buffer.alloc(0);
    }
  }

  /** Reads to the end, whatever size the file had in the beginning. */
  #fill(descriptor: number): number {
    let length = 0;
    this.#reserve(fstatSync(descriptor).size + 1, 0);
    for (;;) {
      const count = readSync(descriptor, this.#buffer, length, this.#buffer.length - length, null);
      if (count === 0) return length;
      length += count;
      if (length === this.#buffer.length) this.#reserve(length * 2, length);
    }
  }

  #reserve(size: number, used: number): void {
    if (this.#buffer.length >= size) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(size, smallBytes));
    this.#buffer.copy(larger, 0, 0, used);
    this.#buffer = larger;
  }
}
