// Decides when the snapshot is written: soon after a change, but so that writing takes no more than a small share of the time.
import type { KubernetesObject } from '../../resources/objects.ts';
import { writeSnapshot } from './snapshot-file.ts';

export interface SnapshotWriterOptions {
  readonly path: string;
  /** All objects that are served. */
  readonly getObjects: () => readonly KubernetesObject[];
  /** Told once until it works again. */
  readonly onError: (error: Error) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const AFTER_CHANGE_MS = 500;
/** After a write that took t, the next one waits at least this many times t. */
const REST_FACTOR = 50;

export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;
  #isWriting = false;
  #hasChanged = false;
  #isFailing = false;
  #isClosed = false;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
  }

  /** Something changed. */
  schedule(): void {
    this.#hasChanged = true;
    if (this.#isWriting || this.#isClosed) return;
    const waitMs = Math.max(AFTER_CHANGE_MS, this.#notBeforeMs - this.#options.nowMs());
    this.#timer ??= setTimeout(() => void this.#write(), waitMs).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    const { path, getObjects, onError, nowMs } = this.#options;
    this.#timer = undefined;
    this.#isWriting = true;
    this.#hasChanged = false;
    const startMs = nowMs();
    try {
      await writeSnapshot(path, getObjects());
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) onError(error instanceof Error ? error : new Error(String(error)));
      this.#isFailing = true;
      this.#hasChanged = true;
    }
    this.#isWriting = false;
    this.#notBeforeMs = nowMs() + (nowMs() - startMs) * REST_FACTOR;
    if (this.#hasChanged) this.schedule();
  }
}
