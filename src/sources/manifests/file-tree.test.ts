import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FileTree } from './file-tree.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-tree-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A watched directory with the files `a.yaml` and `b.yaml`, and one beside it for what is written first. */
class WatchedPair {
  readonly #place = mkdtempSync(join(root, 'pair-'));
  readonly directory = join(this.#place, 'watched');
  readonly staging = join(this.#place, 'staging');
  readonly tree: FileTree;
  #events = 0;

  constructor(context: TestContext) {
    for (const path of [this.directory, this.staging]) mkdirSync(path);
    for (const name of ['a.yaml', 'b.yaml']) writeFileSync(this.path(name), 'before');
    this.tree = new FileTree([this.directory], { onEvent: () => this.#events++, onWatchError: (_, error) => assert.fail(error) });
    context.after(() => this.tree.close());
    assert(this.tree.open().ok);
    this.tree.takeChanges();
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  replace(name: string): void {
    const staged = join(this.staging, name);
    writeFileSync(staged, 'after');
    renameSync(staged, this.path(name));
  }

  async events(count: number): Promise<void> {
    while (this.#events < count) await nextTurn();
  }
}

test('files that were replaced are told from files that somebody may be writing', async (context) => {
  const cases: readonly { readonly name: string; readonly events: number; readonly replaced: boolean; run(files: WatchedPair): void }[] = [
    { name: 'one replaced', events: 1, replaced: true, run: (files) => files.replace('a.yaml') },
    {
      name: 'two replaced',
      events: 2,
      replaced: true,
      run: (files) => {
        files.replace('a.yaml');
        files.replace('b.yaml');
      },
    },
    { name: 'written in place', events: 1, replaced: false, run: (files) => appendFileSync(files.path('a.yaml'), 'more') },
    {
      name: 'moved away and written anew',
      events: 3,
      replaced: false,
      run: (files) => {
        renameSync(files.path('a.yaml'), join(files.staging, 'a.yaml'));
        writeFileSync(files.path('a.yaml'), 'half');
      },
    },
    { name: 'new', events: 1, replaced: false, run: (files) => writeFileSync(files.path('c.yaml'), 'half') },
    { name: 'gone', events: 1, replaced: false, run: (files) => rmSync(files.path('a.yaml')) },
    {
      name: 'one replaced, the other written',
      events: 2,
      replaced: false,
      run: (files) => {
        files.replace('a.yaml');
        appendFileSync(files.path('b.yaml'), 'more');
      },
    },
  ];
  for (const { name, events, replaced, run } of cases) {
    const files = new WatchedPair(context);
    run(files);
    await files.events(events);
    assert.equal(files.tree.areReplaced, replaced, name);
  }
});
