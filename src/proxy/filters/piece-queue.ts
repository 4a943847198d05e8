// Pieces of a body that wait. Small ones are copied together: a Buffer takes more than 100 bytes whatever is in it, and whoever sends a body
// decides how small its chunks are. So the memory of a queue stays below twice its bytes and a block.

/** Pieces of this size are kept as they are. */
const LARGE_BYTES = 4096;
const FIRST_BLOCK_BYTES = 1024;
const MAX_BLOCK_BYTES = 16 * 1024;

export class PieceQueue {
  /** Of all pieces. */
  bytes = 0;
  #pieces: Buffer[] = [];
  /** The last piece is the beginning of this memory; undefined: nothing can be added to the last piece. */
  #block: Buffer | undefined;
  #nextBlockBytes = FIRST_BLOCK_BYTES;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Appends `buffer[start, end)`. `isStable`: the memory does not change any more. */
  push(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const count = end - start;
    if (count === 0) return;
    this.bytes += count;
    if (count >= LARGE_BYTES) {
      const piece = buffer.subarray(start, end);
      this.#block = undefined;
      this.#pieces.push(isStable ? piece : Buffer.from(piece));
      return;
    }
    const last = this.#pieces.at(-1);
    if (this.#block !== undefined && last !== undefined && last.length + count <= this.#block.length) {
      buffer.copy(this.#block, last.length, start, end);
      this.#pieces[this.#pieces.length - 1] = this.#block.subarray(0, last.length + count);
      return;
    }
    const block = Buffer.allocUnsafeSlow(Math.max(this.#nextBlockBytes, count));
    this.#nextBlockBytes = Math.min(2 * this.#nextBlockBytes, MAX_BLOCK_BYTES);
    buffer.copy(block, 0, start, end);
    this.#block = block;
    this.#pieces.push(block.subarray(0, count));
  }

  shift(): Buffer | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    this.bytes -= piece.length;
    if (this.isEmpty) this.#block = undefined;
    return piece;
  }

  /** Takes all pieces. */
  takeAll(): Buffer[] {
    const pieces = this.#pieces;
    this.clear();
    return pieces;
  }

  /** Puts pieces that were taken back to the beginning. */
  putBack(pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.bytes += piece.length;
    if (this.isEmpty) this.#block = undefined;
    this.#pieces.unshift(...pieces);
  }

  clear(): void {
    this.bytes = 0;
    this.#pieces = [];
    this.#block = undefined;
    this.#nextBlockBytes = FIRST_BLOCK_BYTES;
  }
}
