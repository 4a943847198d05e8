// What the bodies that one worker keeps may take together, in memory and in temporary files: a bound for each body alone would be none for
// many clients. The counters that show it are the account itself.
import type { BufferBounds } from '../../model/policies/buffering.ts';
import { type WorkerCounters, workerCounter } from '../../observe/worker-counters.ts';

/** Copies of requests (`mirror-target`) under way in one worker; each may hold 64 KiB beside what it takes from the budget. */
const MAX_COPIES = 1000;

export class BodyBudget {
  bounds: BufferBounds;
  #copies = 0;
  readonly #counters: WorkerCounters;

  constructor(bounds: BufferBounds, counters: WorkerCounters) {
    this.bounds = bounds;
    this.#counters = counters;
  }

  get isFileFull(): boolean {
    return this.#counters.get(workerCounter.bufferedFileNow) >= this.bounds.fileBytes;
  }

  /** False: there is no room for so many bytes, and none were taken. Whoever takes some gives them back with `giveMemory`. */
  takeMemory(bytes: number): boolean {
    const taken = this.#counters.get(workerCounter.bufferedMemoryNow) + bytes;
    if (taken > this.bounds.memoryBytes) return false;
    this.#counters.set(workerCounter.bufferedMemoryNow, taken);
    return true;
  }

  get isMemoryFull(): boolean {
    return this.#counters.get(workerCounter.bufferedMemoryNow) >= this.bounds.memoryBytes;
  }

  /** Takes memory whether there is some or not: for what has come already. */
  addMemory(bytes: number): void {
    this.#counters.add(workerCounter.bufferedMemoryNow, bytes);
  }

  giveMemory(bytes: number): void {
    this.#counters.add(workerCounter.bufferedMemoryNow, -bytes);
  }

  /** The same for files. */
  takeFile(bytes: number): boolean {
    if (this.#counters.get(workerCounter.bufferedFileNow) + bytes > this.bounds.fileBytes) return false;
    this.addFile(bytes);
    return true;
  }

  /** Takes room whether there is some or not; negative: gives it back. */
  addFile(bytes: number): void {
    this.#counters.add(workerCounter.bufferedFileNow, bytes);
  }

  /** False: there are as many copies of requests as there may be. */
  takeCopy(): boolean {
    if (this.#copies >= MAX_COPIES) return false;
    this.#copies++;
    return true;
  }

  giveCopy(): void {
    this.#copies--;
  }
}
