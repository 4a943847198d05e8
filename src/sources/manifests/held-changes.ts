// Changes that were noticed and do not count yet. What may be half of a write (a file that shrank in place, or is gone) is looked at
// once more before it counts; everything noticed meanwhile waits with it, so that what was written before an object is served when
// that object is. The wait is bounded: then vanished files count as removed, and a file that is still being rewritten waits alone.
import { isSameSignature } from './file-tree.ts';
import type { FileSignature, TreeChanges, TreeFile } from './file-tree.ts';

export interface HoldTiming {
  /** How long a file that shrank in place, or is gone, must stay so. */
  readonly settleMs: number;
  /** Other changes wait this long for such files at most. */
  readonly maxHoldMs: number;
}

/** What counts from now on. */
export interface ReleasedChanges {
  readonly removed: readonly string[];
  readonly changed: readonly TreeFile[];
}

/** A file that is gone (no signature) or shrank in place, and since when it looks like that. */
interface Doubt {
  readonly signature: FileSignature | undefined;
  readonly sinceMs: number;
}

export class HeldChanges {
  readonly #timing: HoldTiming;
  readonly #signatureOf: (path: string) => FileSignature | undefined;
  /** By path: files whose content is to be read. */
  readonly #changed = new Map<string, TreeFile>();
  readonly #doubts = new Map<string, Doubt>();
  /** Since when there has been a doubt. */
  #sinceMs: number | undefined;

  /** @param signatureOf of the content that was read last; undefined for a file that was not. */
  constructor(timing: HoldTiming, signatureOf: (path: string) => FileSignature | undefined) {
    this.#timing = timing;
    this.#signatureOf = signatureOf;
  }

  /** Files that shrank long enough ago: to be looked at again, and given to `add`, before the next `release`. */
  *shrunkToLookAt(nowMs: number): Iterable<string> {
    for (const [path, doubt] of this.#doubts) if (doubt.signature !== undefined && this.#isSettled(doubt, nowMs)) yield path;
  }

  add({ changed, removed }: TreeChanges, nowMs: number): void {
    for (const { path } of removed) {
      this.#changed.delete(path);
      if (this.#signatureOf(path) !== undefined) this.#doubts.set(path, { signature: undefined, sinceMs: nowMs });
    }
    for (const file of changed) {
      this.#changed.set(file.path, file);
      this.#judgeSize(file, nowMs);
    }
  }

  /** Everything noticed so far; nothing while it is held. */
  release(nowMs: number): ReleasedChanges {
    if (this.#isHeld(nowMs)) return { removed: [], changed: [] };
    const removed: string[] = [];
    const changed: TreeFile[] = [];
    for (const [path, { signature }] of this.#doubts) {
      if (signature !== undefined) continue;
      removed.push(path);
      this.#doubts.delete(path);
    }
    for (const [path, file] of this.#changed) {
      if (this.#doubts.has(path)) continue;
      changed.push(file);
      this.#changed.delete(path);
    }
    if (this.#doubts.size === 0) this.#sinceMs = undefined;
    return { removed, changed };
  }

  /** Time until `release` should be tried again though nothing happens; undefined: nothing waits. */
  waitMs(nowMs: number): number | undefined {
    let latestMs: number | undefined;
    for (const { sinceMs } of this.#doubts.values()) latestMs = Math.max(latestMs ?? 0, sinceMs + this.#timing.settleMs);
    if (latestMs === undefined) return undefined;
    const boundMs = (this.#sinceMs ?? nowMs) + this.#timing.maxHoldMs;
    return Math.max(boundMs > nowMs ? Math.min(latestMs, boundMs) - nowMs : latestMs - nowMs, 1);
  }

  /**
   * A file that shrank in place may be half written: truncated, and not filled again yet. So may an empty one that stands in the place of another, which
   * some editors move away before they write. It counts when it stays as it is.
   */
  #judgeSize({ path, signature }: TreeFile, nowMs: number): void {
    const doubt = this.#doubts.get(path);
    this.#doubts.delete(path);
    const read = this.#signatureOf(path);
    const isSuspect = read !== undefined && (read.inode === signature.inode || signature.sizeBytes === 0);
    const isShorter = isSuspect && signature.sizeBytes < read.sizeBytes;
    if (!isShorter) return;
    const isUnchanged = doubt?.signature !== undefined && isSameSignature(doubt.signature, signature);
    if (isUnchanged && this.#isSettled(doubt, nowMs)) return;
    this.#doubts.set(path, isUnchanged ? doubt : { signature, sinceMs: nowMs });
  }

  #isHeld(nowMs: number): boolean {
    const unsettled = [...this.#doubts].filter(([, doubt]) => !this.#isSettled(doubt, nowMs));
    if (unsettled.length === 0 || this.#areMoved(unsettled)) return false;
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs < this.#timing.maxHoldMs;
  }

  /** True if all stand elsewhere now. A file that only vanished may be about to be written anew, as some editors do. */
  #areMoved(doubts: readonly (readonly [string, Doubt])[]): boolean {
    const inodes = new Set(this.#changed.values().map((file) => file.signature.inode));
    return doubts.every(([path, { signature }]) => {
      const inode = this.#signatureOf(path)?.inode;
      return signature === undefined && inode !== undefined && inodes.has(inode);
    });
  }

  /** Timers may run a millisecond early. */
  #isSettled({ sinceMs }: Doubt, nowMs: number): boolean {
    return nowMs - sinceMs >= this.#timing.settleMs - 1;
  }
}
