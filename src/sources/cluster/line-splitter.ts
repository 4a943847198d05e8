// Cuts a stream of bytes into lines. Cutting happens before decoding, because chunks of a network end anywhere, also inside a
// character of several bytes. Invariant: what was not handed out yet is shorter than `maxLineBytes`.

const NEWLINE = 0x0a;
const nothing = Buffer.alloc(0);

export class LineSplitter {
  readonly #maxLineBytes: number;
  /** Parts of a line that is not complete. */
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Hands out each line that is complete now, without its newline; empty lines too. False: the line that is coming is too long. */
  push(chunk: Buffer, onLine: (line: Buffer) => void): boolean {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end);
      start = end + 1;
      onLine(this.#parts.length === 0 ? rest : this.#complete(rest));
    }
    if (start === chunk.length) return true;
    this.#parts.push(start === 0 ? chunk : chunk.subarray(start));
    this.#partBytes += chunk.length - start;
    return this.#partBytes < this.#maxLineBytes;
  }

  /** What is left without a newline at the end. */
  rest(): Buffer {
    return this.#parts.length === 0 ? nothing : this.#complete(nothing);
  }

  #complete(last: Buffer): Buffer {
    const line = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partBytes = 0;
    return line;
  }
}
