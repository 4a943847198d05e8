// Memory into which the kernel reads. All sockets of a worker read into one small shared buffer, whose bytes are only good until the
// callback returns; a socket in the middle of a long body borrows a larger one of its own, so that its bytes can be written on without
// a copy. Measured with bench: reading this way instead of by 'data' events saves 1.7 µs of 9.6 µs per proxied request
// (no allocation per read), see docs/architecture.md "The hot path".

/** Small: what is read into it is copied on. An upload of 16 KiB comes with its head in one read (bench post-16k: 25.6 to 20.6 us). */
const SHARED_BYTES = 20 * 1024;
/** A body of 64 KiB with its head fits in one read; with 80 KiB the memory in use stays in the second-level cache (bench body-64k, body-1m). */
const BORROWED_BYTES = 80 * 1024;
/** Borrowed buffers that are kept for the next borrower. */
const KEPT_BUFFERS = 64;
/**
 * Buffers that may be lent at a time, 160 MB: whoever sends 20 KB and then nothing keeps one until its time is over. Whoever gets none reads
 * into the shared buffer, which costs a copy.
 */
const MAX_LENT = 2000;

export class ReadMemory {
  readonly shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
  readonly #free: Buffer[] = [];
  readonly #maxLent: number;
  #lent = 0;

  constructor(maxLent = MAX_LENT) {
    this.#maxLent = maxLent;
  }

  /** Undefined: too many are lent. */
  borrow(): Buffer | undefined {
    if (this.#lent >= this.#maxLent) return undefined;
    this.#lent++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BORROWED_BYTES);
  }

  /** Gives a buffer back. Only the borrower may call it, once, when nobody reads the bytes any more. */
  giveBack(buffer: Buffer): void {
    this.#lent--;
    if (this.#free.length < KEPT_BUFFERS) this.#free.push(buffer);
  }

  /** Instead of `giveBack`, where somebody still reads the bytes: the buffer is left to the garbage collector. */
  letGo(): void {
    this.#lent--;
  }
}
