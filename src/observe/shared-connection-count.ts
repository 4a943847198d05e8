// How many client connections are open over all workers, exactly, so that a limit means the same with one worker and with sixteen.
// Cell 0 is the total; each worker also counts its own, so that the total can be put right when a worker dies.

const TOTAL = 0;

export class SharedConnectionCount {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #own: number;

  /**
   * Main thread: `new SharedConnectionCount(workers)`. Worker: `SharedConnectionCount.forWorker(buffer, place)`, with a place below
   * `workers` that no other living worker has.
   */
  constructor(workers: number, buffer?: SharedArrayBuffer, place = -1) {
    this.buffer = buffer ?? new SharedArrayBuffer((1 + workers) * Int32Array.BYTES_PER_ELEMENT);
    this.#cells = new Int32Array(this.buffer);
    if (place >= this.#cells.length - 1) throw new RangeError(`place ${place} of ${this.#cells.length - 1}`);
    this.#own = 1 + place;
  }

  static forWorker(buffer: SharedArrayBuffer, place: number): SharedConnectionCount {
    return new SharedConnectionCount(0, buffer, place);
  }

  /** Counts a new connection of this worker; false where `limit` connections are open already, and then it is not counted. */
  tryAcquire(limit: number): boolean {
    if (Atomics.add(this.#cells, TOTAL, 1) >= limit) {
      Atomics.sub(this.#cells, TOTAL, 1);
      return false;
    }
    Atomics.add(this.#cells, this.#own, 1);
    return true;
  }

  /** Exactly once for each `tryAcquire` that said true. */
  release(): void {
    Atomics.sub(this.#cells, this.#own, 1);
    Atomics.sub(this.#cells, TOTAL, 1);
  }

  /** Gives back the connections of a worker that died without releasing them. */
  forgetWorker(place: number): void {
    const lost = Atomics.exchange(this.#cells, 1 + place, 0);
    Atomics.sub(this.#cells, TOTAL, lost);
  }

  get total(): number {
    return Atomics.load(this.#cells, TOTAL);
  }
}
