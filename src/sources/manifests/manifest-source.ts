// A source of objects: manifest files on disk, watched. Joins the tree of files with what is in them, and decides when to look: events are
// collected for a few milliseconds, unless all that happened is that files were replaced by others, which are complete. Everything else is in the parts.
import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../../kit/result.ts';
import { ok } from '../../kit/result.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { Source, SourceBatch } from '../source.ts';
import { FileTree } from './file-tree.ts';
import { HeldChanges } from './held-changes.ts';
import type { HoldTiming } from './held-changes.ts';
import { ManifestFiles } from './manifest-files.ts';

export interface ManifestSource extends Source {
  /**
   * Reads all files and hands over the first batch before it returns; then watches. Fails, with a message for the user, where an argument
   * does not exist. Bad files and objects are no failure: they are diagnostics of the batch.
   */
  start(): Result<undefined>;
  /** Ends watching; no batch comes after it. */
  close(): void;
}

export interface ManifestSourceOptions {
  /** Files and directories. Earlier ones win over later ones where an object stands in several. */
  readonly paths: readonly string[];
  readonly onBatch: (batch: SourceBatch) => void;
  /** A directory cannot be watched; its changes are found by the walk every `walkIntervalMs` only. */
  readonly onWatchError?: (path: string, error: Error) => void;
  /** Told how many documents were parsed, after each file that was read. */
  readonly onDocumentsRead?: (count: number) => void;
  readonly timing?: Partial<ManifestTiming>;
}

export interface ManifestTiming extends HoldTiming {
  /** A batch begins when this long nothing happened, */
  readonly holdOffMs: number;
  /** or at the latest this long after the first event. */
  readonly maxWaitMs: number;
  /** A replaced file is read at once where the last batch is so long ago: many changes in a row are taken together. */
  readonly restMs: number;
  /** Time between walks over all files, the safety net under the events; 0 for none. */
  readonly walkIntervalMs: number;
}

const defaultTiming: ManifestTiming = {
  holdOffMs: 1,
  maxWaitMs: 15,
  restMs: 15,
  settleMs: 20,
  maxHoldMs: 100,
  walkIntervalMs: 10_000,
};
/**
 * A walk takes this share of the time of the thread, so that one over very many files takes long, and changes do not wait for it: about a minute for
 * 10,000 files. At one hundredth it was 1 % of the CPU time of small requests (bench hosts).
 */
const walkShare = 0.0025;

export function createManifestSource(options: ManifestSourceOptions): ManifestSource {
  return new WatchedManifests(options);
}

class WatchedManifests implements ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #timing: ManifestTiming;
  readonly #tree: FileTree;
  readonly #files: ManifestFiles;
  readonly #held: HeldChanges;
  #diagnostics: readonly Diagnostic[] = [];
  #firstEventMs: number | undefined;
  /** Of what was not handed over yet. */
  #noticedAtMs: number | undefined;
  #events = 0;
  #lastBatchMs = 0;
  /** `#batchIfReplaced` is under way. */
  #isLooking = false;
  #batchTimer: NodeJS.Timeout | undefined;
  #settleTimer: NodeJS.Timeout | undefined;
  #walkTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#files = new ManifestFiles(options.onDocumentsRead);
    this.#held = new HeldChanges(this.#timing, (path) => this.#files.signatureOf(path));
    this.#tree = new FileTree(options.paths, {
      onEvent: () => this.#onEvent(),
      onWatchError: (path, error) => options.onWatchError?.(path, error),
    });
  }

  start(): Result<undefined> {
    const opened = this.#tree.open();
    if (!opened.ok) return opened;
    for (const file of this.#tree.takeChanges().changed) this.#files.read(file);
    this.#deliver(true);
    this.#scheduleWalk(this.#timing.walkIntervalMs);
    return ok(undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.#tree.close();
    clearTimeout(this.#batchTimer);
    clearTimeout(this.#settleTimer);
    clearTimeout(this.#walkTimer);
  }

  #onEvent(): void {
    this.#events++;
    this.#firstEventMs ??= performance.now();
    if (this.#isLooking) return;
    const isRested = performance.now() - this.#lastBatchMs >= this.#timing.restMs;
    if (isRested && this.#batchTimer === undefined) this.#batchIfReplaced();
    else this.#scheduleBatch();
  }

  /** Looks at the files first and then for events that had come by then, which would tell that somebody is writing. */
  #batchIfReplaced(): void {
    this.#isLooking = true;
    setImmediate(() => {
      const areReplaced = this.#tree.areReplaced;
      const events = this.#events;
      setImmediate(() => {
        this.#isLooking = false;
        if (areReplaced && events === this.#events && !this.#isClosed) this.#batch();
        else this.#scheduleBatch();
      });
    });
  }

  #scheduleBatch(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#firstEventMs ??= now;
    const latestMs = this.#firstEventMs + this.#timing.maxWaitMs - now;
    clearTimeout(this.#batchTimer);
    this.#batchTimer = setTimeout(() => this.#batch(), Math.max(Math.min(this.#timing.holdOffMs, latestMs), 0));
  }

  #batch(): void {
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    const nowMs = performance.now();
    this.#noticedAtMs ??= this.#firstEventMs ?? nowMs;
    this.#firstEventMs = undefined;
    this.#lastBatchMs = nowMs;
    for (const path of this.#held.shrunkToLookAt(nowMs)) this.#tree.hint(path);
    this.#held.add(this.#tree.takeChanges(), nowMs);
    const { removed, changed } = this.#held.release(nowMs);
    for (const path of removed) this.#files.remove(path);
    for (const file of changed) this.#files.read(file);
    const waitMs = this.#held.waitMs(nowMs);
    clearTimeout(this.#settleTimer);
    if (waitMs !== undefined) this.#settleTimer = setTimeout(() => this.#batch(), waitMs);
    this.#deliver(false);
    if (waitMs === undefined) this.#noticedAtMs = undefined;
  }

  #deliver(isFirst: boolean): void {
    const batch = this.#files.takeBatch(this.#tree.unreadable);
    const { upserts, removals } = batch.changes;
    if (!isFirst && upserts.length === 0 && removals.length === 0 && isSameList(this.#diagnostics, batch.diagnostics)) return;
    this.#diagnostics = batch.diagnostics;
    const noticedAtMs = this.#noticedAtMs ?? performance.now();
    this.#noticedAtMs = undefined;
    this.#options.onBatch({ ...batch, noticedAtMs });
  }

  #scheduleWalk(delayMs: number): void {
    if (this.#timing.walkIntervalMs === 0 || this.#isClosed) return;
    this.#walkTimer = setTimeout(() => void this.#walk(), delayMs);
    this.#walkTimer.unref();
  }

  /** Walks in steps, with pauses in between, so that no other work of the thread waits for long. */
  async #walk(): Promise<void> {
    const steps = this.#tree.walk();
    for (;;) {
      const startMs = performance.now();
      const isDone = steps.next().done === true;
      if (this.#tree.hasChanges) this.#batch();
      if (isDone) break;
      await pause((performance.now() - startMs) / walkShare, undefined, { ref: false });
      if (this.#isClosed) {
        steps.return(undefined);
        return;
      }
    }
    this.#batch();
    this.#scheduleWalk(this.#timing.walkIntervalMs);
  }
}

function isSameList(left: readonly Diagnostic[], right: readonly Diagnostic[]): boolean {
  if (left === right) return true;
  return left.length === right.length && left.every((entry, index) => isSameDiagnostic(entry, right[index]));
}

function isSameDiagnostic(left: Diagnostic, right: Diagnostic | undefined): boolean {
  if (left === right) return true;
  return (
    right !== undefined &&
    left.code === right.code &&
    left.message === right.message &&
    formatOrigin(left.origin) === formatOrigin(right.origin)
  );
}
