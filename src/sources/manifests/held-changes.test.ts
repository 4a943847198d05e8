import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FileSignature, TreeFile } from './file-tree.ts';
import { HeldChanges } from './held-changes.ts';

/** Files that were read: 100 bytes each, the inode is the character code of the name. */
function held(...read: readonly string[]): Held {
  const signatures = new Map(read.map((path) => [path, signatureOf(path, 100)]));
  return new Held(new HeldChanges({ settleMs: 20, maxHoldMs: 100 }, (path) => signatures.get(path)));
}

function signatureOf(path: string, sizeBytes: number, inode = path.charCodeAt(0)): FileSignature {
  return { inode, sizeBytes, modifiedMs: 0 };
}

function file(path: string, sizeBytes: number, inode?: number): TreeFile {
  return { argument: 0, path, signature: signatureOf(path, sizeBytes, inode) };
}

class Held {
  readonly changes: HeldChanges;

  constructor(changes: HeldChanges) {
    this.changes = changes;
  }

  change(nowMs: number, ...files: readonly TreeFile[]): string {
    this.changes.add({ changed: new Set(files), removed: new Set() }, nowMs);
    return this.at(nowMs);
  }

  remove(nowMs: number, ...paths: readonly string[]): string {
    this.changes.add({ changed: new Set(), removed: new Set(paths.map((path) => file(path, 100))) }, nowMs);
    return this.at(nowMs);
  }

  /** What is released: removed files with a minus. */
  at(nowMs: number): string {
    const { removed, changed } = this.changes.release(nowMs);
    return [...removed.map((path) => `-${path}`), ...changed.map(({ path }) => path)].join(' ');
  }
}

describe('held changes', () => {
  test('of files that did not shrink go at once', () => {
    const files = held('a');
    assert.equal(files.change(0, file('a', 100), file('b', 1)), 'a b');
    assert.equal(files.changes.waitMs(0), undefined);
  });

  test('a vanished file counts when it stays away, and what came after it waits with it', () => {
    const files = held('a', 'b');
    assert.equal(files.remove(0, 'a'), '');
    assert.equal(files.change(10, file('b', 200)), '');
    assert.equal(files.changes.waitMs(10), 10);
    assert.equal(files.at(20), '-a b');
    assert.equal(files.changes.waitMs(20), undefined);
  });

  test('a vanished file that comes back was never away', () => {
    const files = held('a');
    assert.equal(files.remove(0, 'a'), '');
    assert.equal(files.change(5, file('a', 100, 999)), 'a');
  });

  test('an empty file in the place of another counts when it stays empty', () => {
    const files = held('a');
    assert.equal(files.change(0, file('a', 0, 999)), '');
    assert.equal(files.change(5, file('a', 120, 999)), 'a');
    assert.equal(files.change(10, file('a', 0, 998)), '');
    assert.deepEqual([...files.changes.shrunkToLookAt(30)], ['a']);
    assert.equal(files.change(30, file('a', 0, 998)), 'a');
  });

  test('a file that was never read vanishes without a wait', () => {
    const files = held();
    assert.equal(files.remove(0, 'a'), '');
    assert.equal(files.changes.waitMs(0), undefined);
  });

  test('a file that was moved is known by its inode', () => {
    const files = held('a');
    files.changes.add({ changed: new Set([file('b', 100, 'a'.charCodeAt(0))]), removed: new Set([file('a', 100)]) }, 0);
    assert.equal(files.at(0), '-a b');
  });

  test('a file that shrank in place counts when it was looked at again and is the same', () => {
    const files = held('a', 'b');
    assert.equal(files.change(0, file('a', 50)), '');
    assert.equal(files.change(5, file('b', 100)), '');
    assert.deepEqual([...files.changes.shrunkToLookAt(5)], []);
    assert.deepEqual([...files.changes.shrunkToLookAt(20)], ['a']);
    assert.equal(files.change(20, file('a', 50)), 'a b');
  });

  test('a file that shrank and grows again counts when it has its size', () => {
    const files = held('a');
    assert.equal(files.change(0, file('a', 0)), '');
    assert.equal(files.change(15, file('a', 60)), '');
    assert.deepEqual([...files.changes.shrunkToLookAt(30)], []);
    assert.equal(files.change(31, file('a', 120)), 'a');
  });

  test('nothing waits longer than the bound: vanished files count then, a file that is still rewritten waits alone', () => {
    const files = held('a', 'b', 'c');
    for (let nowMs = 0; nowMs < 100; nowMs += 10) assert.equal(files.change(nowMs, file('a', nowMs / 10)), '');
    assert.equal(files.remove(95, 'b'), '');
    assert.equal(files.change(100, file('c', 100)), '-b c');
    assert.equal(files.change(105, file('a', 11)), '');
    assert.equal(files.changes.waitMs(105), 20);
    assert.deepEqual([...files.changes.shrunkToLookAt(125)], ['a']);
    assert.equal(files.change(125, file('a', 11)), 'a');
    assert.equal(files.remove(200, 'b'), '', 'the bound begins anew');
  });
});
