// What every source of objects is to the controller, be it a directory of manifests or an API server.
import type { Result } from '../kit/result.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ObjectBatch } from '../resources/store.ts';

export interface SourceBatch {
  /** What changed since the last batch; in the first one, everything. */
  readonly changes: ObjectBatch;
  /** All that there is to say about the source now: a complete list, not a difference. */
  readonly diagnostics: readonly Diagnostic[];
  /** Time of `performance.now()`: the first event that this batch was made for. What it waited for others that belong to it counts as its own time. */
  readonly noticedAtMs: number;
}

export interface Source {
  /**
   * Reads everything and hands over the first batch, then goes on with changes. Fails, with a message for the user, where it makes no sense
   * to go on trying. A source that needs time answers later; the first batch was handed over by then.
   */
  start(): Result<undefined> | Promise<Result<undefined>>;
  /** No batch comes after it. */
  close(): void;
}
