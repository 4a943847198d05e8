// A source of objects: manifest files on disk, watched. Joins the tree of files, the documents in them and the claims on objects, and
// decides when to look: events are collected for a few milliseconds, unless all that happened is that files were replaced by others, which are
// complete. Everything else is in the parts.
import { isUtf8 } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../../kit/result.ts';
import { ok } from '../../kit/result.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import type { Source, SourceBatch } from '../source.ts';
import { FileBytes } from './file-bytes.ts';
import { FieldLines } from './field-lines.ts';
import { FileTree } from './file-tree.ts';
import type { FileSignature, TreeFile } from './file-tree.ts';
import { HeldChanges } from './held-changes.ts';
import type { HoldTiming } from './held-changes.ts';
import { fileDiagnostic } from './manifest-document.ts';
import type { ManifestDocument } from './manifest-document.ts';
import { editFile } from './manifest-file.ts';
import { ObjectClaims } from './object-claims.ts';

/** Diagnostics are in the order of files and lines. */
export type ManifestBatch = SourceBatch;

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
  readonly onBatch: (batch: ManifestBatch) => void;
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
  ...{ holdOffMs: 1, maxWaitMs: 15, restMs: 15 },
  ...{ settleMs: 20, maxHoldMs: 100 },
  walkIntervalMs: 10_000,
};
/** A walk takes this share of the time of the thread, so that one over very many files takes long, and changes do not wait for it. */
const walkShare = 0.01;
const maxFileBytes = 64 * 1024 * 1024;

export function createManifestSource(options: ManifestSourceOptions): ManifestSource {
  return new WatchedManifests(options);
}

/** Reads the files once, for `portico check`. Fails where an argument does not exist. */
export function loadManifests(
  paths: readonly string[],
): Result<{ readonly objects: readonly KubernetesObject[]; readonly diagnostics: readonly Diagnostic[] }> {
  const tree = new FileTree(paths, undefined);
  const opened = tree.open();
  if (!opened.ok) return opened;
  const files = new ManifestFiles(undefined);
  for (const file of tree.takeChanges().changed) files.read(file);
  const { changes, diagnostics } = files.takeBatch(tree.unreadable);
  return ok({ objects: changes.upserts, diagnostics });
}

interface FileState {
  readonly order: TreeFile;
  /** Of the content that was read last. */
  signature: FileSignature;
  documents: readonly ManifestDocument[];
  /** Why the file could not be read as it is now. */
  problem: Diagnostic | undefined;
}

/** The content of all files. */
class ManifestFiles {
  readonly #states = new Map<string, FileState>();
  readonly #claims = new ObjectClaims();
  readonly #bytes = new FileBytes();
  readonly #lines = new FieldLines();
  readonly #onDocumentsRead: ((count: number) => void) | undefined;
  /** Paths of files with a diagnostic. */
  readonly #troubled = new Set<string>();
  /** The last list, as long as nothing in it can have changed. */
  #diagnostics: readonly Diagnostic[] | undefined;
  #hadUnreadable = false;

  constructor(onDocumentsRead: ((count: number) => void) | undefined) {
    this.#onDocumentsRead = onDocumentsRead;
  }

  /** Signature of the content that was read last; undefined for an unknown file. */
  signatureOf(path: string): FileSignature | undefined {
    return this.#states.get(path)?.signature;
  }

  read(file: TreeFile): void {
    const state = this.#states.get(file.path) ?? { order: file, signature: file.signature, documents: [], problem: undefined };
    this.#states.set(file.path, state);
    state.signature = file.signature;
    state.problem = this.#readContent(state, file.signature.sizeBytes);
    const isTroubled = state.problem !== undefined || state.documents.some((document) => document.diagnostics.length > 0);
    if (isTroubled || this.#troubled.has(file.path)) this.#diagnostics = undefined;
    if (isTroubled) this.#troubled.add(file.path);
    else this.#troubled.delete(file.path);
  }

  remove(path: string): void {
    for (const document of this.#states.get(path)?.documents ?? []) this.#claims.remove(document);
    this.#states.delete(path);
    if (this.#troubled.delete(path)) this.#diagnostics = undefined;
  }

  takeBatch(unreadable: ReadonlyMap<string, string>): ManifestBatch {
    const changes = this.#claims.settle();
    this.#lines.renew();
    if (unreadable.size > 0 || this.#hadUnreadable || this.#claims.takeDuplicatesChanged()) this.#diagnostics = undefined;
    this.#hadUnreadable = unreadable.size > 0;
    this.#diagnostics ??= this.#listDiagnostics(unreadable);
    return { changes, diagnostics: this.#diagnostics };
  }

  /** Answers what keeps the file from being read; its documents stay as they were then. */
  #readContent(state: FileState, sizeBytes: number): Diagnostic | undefined {
    const { path } = state.order;
    const problem = (code: DiagnosticCode, message: string): Diagnostic => {
      const ending = state.documents.length > 0 ? 'the last good state of its objects keeps serving' : 'it is left out';
      return fileDiagnostic(code, `${message}; ${ending}`, path);
    };
    if (sizeBytes > maxFileBytes) return problem('PRT-READ-1', `is larger than ${maxFileBytes} bytes`);
    try {
      return this.#bytes.read(path, (bytes) => {
        if (!isUtf8(bytes)) return problem('PRT-READ-2', 'is not text in UTF-8');
        this.#edit(state, withoutByteOrderMark(bytes));
        return undefined;
      });
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return problem('PRT-READ-1', `cannot be read: ${error.message}`);
    }
  }

  #edit(state: FileState, bytes: Buffer): void {
    const file = state.order;
    const format = file.path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
    const edit = editFile(state.documents, bytes, { file: file.path, format, lines: this.#lines });
    state.documents = edit.documents;
    for (const document of edit.gone) this.#claims.remove(document);
    for (const document of edit.moved) this.#claims.refresh(document, file);
    for (const document of edit.fresh) this.#claims.add(document, file);
    if (edit.fresh.length > 0) this.#onDocumentsRead?.(edit.fresh.length);
  }

  #listDiagnostics(unreadable: ReadonlyMap<string, string>): readonly Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    for (const [path, reason] of unreadable) diagnostics.push(fileDiagnostic('PRT-READ-1', `cannot be read: ${reason}`, path));
    for (const path of this.#troubled) {
      const state = this.#states.get(path);
      if (state?.problem !== undefined) diagnostics.push(state.problem);
      for (const document of state?.documents ?? []) diagnostics.push(...document.diagnostics);
    }
    diagnostics.push(...this.#claims.diagnostics());
    return diagnostics.sort((left, right) => this.#compare(left, right));
  }

  #compare(left: Diagnostic, right: Diagnostic): number {
    const leftFile = left.origin.file ?? '';
    const rightFile = right.origin.file ?? '';
    if (leftFile === rightFile) return (left.origin.line ?? 0) - (right.origin.line ?? 0);
    const leftArgument = this.#states.get(leftFile)?.order.argument ?? -1;
    const rightArgument = this.#states.get(rightFile)?.order.argument ?? -1;
    return leftArgument - rightArgument || (leftFile < rightFile ? -1 : 1);
  }
}

class WatchedManifests implements ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #timing: ManifestTiming;
  readonly #tree: FileTree;
  readonly #files: ManifestFiles;
  readonly #held: HeldChanges;
  #diagnostics: readonly Diagnostic[] = [];
  #firstEventMs: number | undefined;
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
    this.#firstEventMs = undefined;
    const nowMs = performance.now();
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
  }

  #deliver(isFirst: boolean): void {
    const batch = this.#files.takeBatch(this.#tree.unreadable);
    const { upserts, removals } = batch.changes;
    if (!isFirst && upserts.length === 0 && removals.length === 0 && isSameList(this.#diagnostics, batch.diagnostics)) return;
    this.#diagnostics = batch.diagnostics;
    this.#options.onBatch(batch);
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

function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** True for what the operating system answers, in contrast to mistakes in this program. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
