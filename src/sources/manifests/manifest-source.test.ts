import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import { ResourceStore } from '../../resources/store.ts';
import type { SourceBatch } from '../source.ts';
import { loadManifests } from './load-manifests.ts';
import { createManifestSource } from './manifest-source.ts';
import type { ManifestTiming } from './manifest-source.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-manifests-'));
after(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;

/** Digits are put in quotes; anything else stands in the text as it is. */
function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  k: ${value.replace(/^\d+$/, '"$&"')}\n`;
}

function documents(...texts: readonly string[]): string {
  return texts.join('---\n');
}

/** Makes a directory with these files. */
function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = join(root, String(directories++));
  mkdirSync(directory);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

/** Codes with places, relative to the directory: `PRT-READ-5 ConfigMap default/a, data.k (a.yaml:6)`. */
function told(diagnostics: readonly Diagnostic[], directory: string): readonly string[] {
  return diagnostics.map(({ code, origin }) => `${code} ${formatOrigin(origin)}`.replaceAll(`${directory}/`, ''));
}

/** `name=value` of each ConfigMap, in order of name. */
function valuesIn(objects: Iterable<KubernetesObject>): string {
  const values: string[] = [];
  for (const object of objects) if (object.kind === 'ConfigMap') values.push(`${object.metadata.name}=${object.data.get('k')}`);
  return values.toSorted().join(' ');
}

/** A started source with a store behind it, and a way to wait for what a test expects. */
class Watching {
  readonly store = new ResourceStore();
  readonly batches: SourceBatch[] = [];
  /** Documents parsed since a test last set it to 0. */
  parsed = 0;
  #wake: (() => void) | undefined;

  constructor(context: TestContext, paths: readonly string[], timing: Partial<ManifestTiming> = {}) {
    const source = createManifestSource({
      paths,
      onBatch: (batch) => {
        this.batches.push(batch);
        this.store.apply(batch.changes);
        this.#wake?.();
      },
      onDocumentsRead: (count) => {
        this.parsed += count;
      },
      timing: { walkIntervalMs: 0, ...timing },
    });
    context.after(() => source.close());
    const started = source.start();
    assert(started.ok, JSON.stringify(started));
  }

  /** Name and value of each ConfigMap, in order. */
  get values(): string {
    return valuesIn(this.store.list('ConfigMap'));
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.batches.at(-1)?.diagnostics ?? [];
  }

  /** Waits for batches until the condition holds; the runner's time limit ends a test whose condition never does. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

describe('the first load', () => {
  test('reads YAML and JSON below the directory, and no other files', (context) => {
    const directory = directoryOf({
      'a.yaml': documents(configMap('a', '1'), configMap('b', '2')),
      'deep/er/c.yml': configMap('c', '3'),
      'd.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'd' }, data: { k: '4' } }),
      '.hidden.yaml': configMap('x', '0'),
      '.git/x.yaml': configMap('x', '0'),
      'a.yaml~': configMap('x', '0'),
      '.a.yaml.swp': configMap('x', '0'),
      '#a.yaml#': configMap('x', '0'),
      'notes.txt': 'x',
    });
    const watching = new Watching(context, [directory]);
    assert.equal(watching.values, 'a=1 b=2 c=3 d=4');
    assert.equal(watching.batches.length, 1);
    assert.deepEqual(watching.diagnostics, []);
    assert.deepEqual(watching.store.get('ConfigMap', 'default', 'b')?.origin, {
      kind: 'ConfigMap',
      namespace: 'default',
      name: 'b',
      file: join(directory, 'a.yaml'),
      line: 8,
    });
  });

  test('fails with a clear message where an argument does not exist', () => {
    const missing = join(root, 'nowhere');
    const expected = { ok: false, error: `${missing}: no such file or directory` };
    assert.deepEqual(createManifestSource({ paths: [root, missing], onBatch: () => assert.fail('no batch') }).start(), expected);
    assert.deepEqual(loadManifests([missing]), expected);
  });

  test('an empty directory gives an empty batch', (context) => {
    const watching = new Watching(context, [directoryOf({})]);
    const batches = watching.batches.map(({ changes, diagnostics }) => ({ changes, diagnostics }));
    assert.deepEqual(batches, [{ changes: { upserts: [], removals: [] }, diagnostics: [] }]);
  });

  test('takes single files, lists, carriage returns and byte order marks', () => {
    const list = 'kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n';
    const items = [
      { metadata: { name: 'b' }, data: { k: '2' } },
      { metadata: { name: 'c' }, data: { k: 3 } },
    ];
    const directory = directoryOf({
      'list.yaml': `\uFEFF${documents(list, configMap('crlf', 'x').replaceAll('\n', '\r\n'))}`,
      'typed.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMapList', items }, undefined, 1),
      'other.yaml': configMap('other', '0'),
    });
    const loaded = loadManifests([join(directory, 'list.yaml'), join(directory, 'typed.json')]);
    assert(loaded.ok);
    assert.deepEqual(
      loaded.value.objects.map((object) => object.metadata.name),
      ['a', 'crlf', 'b'],
    );
    assert.equal(loaded.value.objects[1]?.origin.line, 8);
    assert.equal(loaded.value.objects[1]?.lineOf?.('data.k'), 13);
    assert.deepEqual(told(loaded.value.diagnostics, directory), ['PRT-READ-5 ConfigMap default/c, data.k (typed.json:18)']);
  });

  test('reports everything with its line in the file, and loads the rest', () => {
    const directory = directoryOf({
      'a.yaml': documents(
        '# comment\n',
        configMap('good', '1'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bad\ndata:\n  k: true\n',
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: unknown\ndatas:\n  k: v\n',
        'a: [\n',
        'metadata:\n  name: x\n',
        'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: prod\n',
        'a: 1\na: 2\n',
      ),
      'b.json': '{"a": }',
      'c.yaml': '# nothing\n---\n---\n',
    });
    writeFileSync(join(directory, 'd.yaml'), Buffer.from([0xff, 0xfe, 0x61, 0x00]));
    const loaded = loadManifests([directory]);
    assert(loaded.ok);
    assert.deepEqual(
      loaded.value.objects.map((object) => object.metadata.name),
      ['good', 'unknown'],
    );
    assert.deepEqual(told(loaded.value.diagnostics, directory), [
      'PRT-READ-5 ConfigMap default/bad, data.k (a.yaml:15)',
      'PRT-READ-7 ConfigMap default/unknown, datas (a.yaml:21)',
      `PRT-READ-2 File a.yaml (a.yaml:24)`,
      `PRT-READ-3 File a.yaml (a.yaml:26)`,
      'PRT-READ-4 Deployment prod/web (a.yaml:29)',
      `PRT-READ-2 File a.yaml (a.yaml:36)`,
      `PRT-READ-2 File b.json (b.json:1)`,
      `PRT-READ-2 File d.yaml (d.yaml)`,
    ]);
    assert.match(loaded.value.diagnostics[0]?.message ?? '', /; the object is left out$/);
    assert.match(loaded.value.diagnostics[2]?.message ?? '', /; the document is left out$/);
  });

  test('of the same object twice the first one counts, in the order of arguments, files and lines', () => {
    const directory = directoryOf({
      'a.yaml': configMap('x', 'a'),
      'b.yaml': documents(configMap('x', 'b'), configMap('y', '1'), configMap('y', '2')),
    });
    const valuesOf = (...paths: readonly string[]): readonly unknown[] => {
      const loaded = loadManifests(paths);
      assert(loaded.ok);
      return [valuesIn(loaded.value.objects), told(loaded.value.diagnostics, directory)];
    };
    const second = 'PRT-READ-6 ConfigMap default/y (b.yaml:15)';
    assert.deepEqual(valuesOf(directory), ['x=a y=1', ['PRT-READ-6 ConfigMap default/x (b.yaml:1)', second]]);
    assert.deepEqual(valuesOf(join(directory, 'b.yaml'), directory), ['x=b y=1', [second, 'PRT-READ-6 ConfigMap default/x (a.yaml:1)']]);
  });

  test('a file that may not be read is a diagnostic', { skip: process.getuid?.() === 0 }, () => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1') });
    chmodSync(join(directory, 'a.yaml'), 0);
    const loaded = loadManifests([directory]);
    assert(loaded.ok);
    assert.deepEqual(told(loaded.value.diagnostics, directory), ['PRT-READ-1 File a.yaml (a.yaml)']);
  });

  test('a file above the size limit is a diagnostic', () => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1') });
    truncateSync(join(directory, 'a.yaml'), 64 * 1024 * 1024 + 1);
    const loaded = loadManifests([directory]);
    assert(loaded.ok);
    assert.deepEqual(told(loaded.value.diagnostics, directory), ['PRT-READ-1 File a.yaml (a.yaml)']);
  });

  test('links that lead in a circle end', () => {
    const directory = directoryOf({ 'sub/a.yaml': configMap('a', '1') });
    symlinkSync(directory, join(directory, 'sub', 'loop'));
    const loaded = loadManifests([directory]);
    assert(loaded.ok);
    assert.deepEqual(loaded.value.diagnostics, []);
    assert.equal(loaded.value.objects.length, 1);
  });
});

describe('a watched directory', () => {
  test('sees edits in place, saves by rename, new files and deletions', async (context) => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1') });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'a.yaml'), configMap('a', '2'));
    await watching.until(() => watching.values === 'a=2');
    writeFileSync(join(directory, '.a.yaml.tmp'), configMap('a', '3'));
    renameSync(join(directory, '.a.yaml.tmp'), join(directory, 'a.yaml'));
    await watching.until(() => watching.values === 'a=3');
    writeFileSync(join(directory, 'b.yaml'), configMap('b', '1'));
    await watching.until(() => watching.values === 'a=3 b=1');
    rmSync(join(directory, 'a.yaml'));
    await watching.until(() => watching.values === 'b=1');
    writeFileSync(join(directory, 'b.yaml'), '');
    await watching.until(() => watching.values === '');
  });

  test('sees directories that come, change, go and come again', async (context) => {
    const directory = directoryOf({});
    const watching = new Watching(context, [directory]);
    for (const round of ['1', '2']) {
      mkdirSync(join(directory, 'x', 'y'), { recursive: true });
      writeFileSync(join(directory, 'x', 'y', 'a.yaml'), configMap('a', `${round}0`));
      await watching.until(() => watching.values === `a=${round}0`);
      writeFileSync(join(directory, 'x', 'y', 'a.yaml'), configMap('a', `${round}1`));
      await watching.until(() => watching.values === `a=${round}1`);
      rmSync(join(directory, 'x'), { recursive: true });
      await watching.until(() => watching.values === '');
    }
  });

  test('follows the exchange of a mounted ConfigMap', async (context) => {
    const directory = directoryOf({ '..v1/a.yaml': configMap('a', '1'), '..v2/a.yaml': configMap('a', '2') });
    symlinkSync('..v1', join(directory, '..data'));
    symlinkSync('..data/a.yaml', join(directory, 'a.yaml'));
    const watching = new Watching(context, [directory]);
    const single = new Watching(context, [join(directory, 'a.yaml')]);
    assert.equal(watching.values, 'a=1');
    symlinkSync('..v2', join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    await watching.until(() => watching.values === 'a=2');
    await single.until(() => single.values === 'a=2');
  });

  test('follows an argument that is a link, when it is pointed elsewhere', async (context) => {
    const parent = directoryOf({ 'one/a.yaml': configMap('a', '1'), 'two/b.yaml': configMap('b', '2') });
    const current = join(parent, 'current');
    symlinkSync('one', current);
    const watching = new Watching(context, [current]);
    symlinkSync('two', `${current}.new`);
    renameSync(`${current}.new`, current);
    await watching.until(() => watching.values === 'b=2');
    writeFileSync(join(parent, 'two', 'b.yaml'), configMap('b', '3'));
    await watching.until(() => watching.values === 'b=3');
  });

  test('keeps what it has when the directory itself is gone', async (context) => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1') });
    const watching = new Watching(context, [directory]);
    renameSync(directory, `${directory}-away`);
    await watching.until(() => watching.diagnostics.length > 0);
    assert.deepEqual(
      told(watching.diagnostics, dirname(directory)).map((line) => line.slice(0, 10)),
      ['PRT-READ-1'],
    );
    assert.equal(watching.values, 'a=1');
    renameSync(`${directory}-away`, directory);
    await watching.until(() => watching.diagnostics.length === 0);
    writeFileSync(join(directory, 'a.yaml'), configMap('a', '2'));
    await watching.until(() => watching.values === 'a=2');
  });

  test('the walk finds what no event told', async (context) => {
    const outside = directoryOf({ 'a.yaml': configMap('a', '1') });
    const directory = directoryOf({});
    symlinkSync(join(outside, 'a.yaml'), join(directory, 'link.yaml'));
    const watching = new Watching(context, [directory], { walkIntervalMs: 5 });
    writeFileSync(join(outside, 'a.yaml'), configMap('a', '20'));
    await watching.until(() => watching.values === 'a=20');
  });

  test('moving an object to another file is no removal', async (context) => {
    const directory = directoryOf({ 'a.yaml': documents(configMap('a', '1'), configMap('b', '1')) });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'b.yaml'), configMap('b', '1'));
    writeFileSync(join(directory, 'a.yaml'), configMap('a', '1'));
    await watching.until(() => watching.store.get('ConfigMap', 'default', 'b')?.origin.file === join(directory, 'b.yaml'));
    renameSync(join(directory, 'b.yaml'), join(directory, 'c.yaml'));
    await watching.until(() => watching.store.get('ConfigMap', 'default', 'b')?.origin.file === join(directory, 'c.yaml'));
    assert.deepEqual(
      watching.batches.flatMap((batch) => batch.changes.removals),
      [],
    );
  });

  test('does not believe a truncated or vanished file before it stays so', async (context) => {
    const directory = directoryOf({ 'a.yaml': documents(configMap('a', '1'), configMap('b', '1')) });
    const watching = new Watching(context, [directory], { settleMs: 60_000, maxHoldMs: 60_000 });
    truncateSync(join(directory, 'a.yaml'), 0);
    await pause(40);
    appendFileSync(join(directory, 'a.yaml'), configMap('a', '2'));
    await pause(40);
    appendFileSync(join(directory, 'a.yaml'), `---\n${configMap('b', '22')}`);
    await watching.until(() => watching.values === 'a=2 b=22');
    rmSync(join(directory, 'a.yaml'));
    await pause(40);
    writeFileSync(join(directory, 'a.yaml'), documents(configMap('a', '3'), configMap('b', '33')));
    await watching.until(() => watching.values === 'a=3 b=33');
    assert.deepEqual(
      watching.batches.flatMap((batch) => batch.changes.removals),
      [],
    );
  });

  test('shows nothing that was written later before what was written earlier', async (context) => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1'), 'b.yaml': documents(configMap('b', '1'), configMap('x', '1')) });
    const watching = new Watching(context, [directory], { settleMs: 200, maxHoldMs: 60_000 });
    const seen: string[] = [];
    rmSync(join(directory, 'a.yaml'));
    await pause(10);
    writeFileSync(join(directory, 'c.yaml'), configMap('c', '1'));
    await watching.until(() => seen.push(watching.values) > 0 && watching.values.includes('c=1'));
    writeFileSync(join(directory, 'b.yaml'), configMap('b', '2'));
    await pause(10);
    writeFileSync(join(directory, 'd.yaml'), configMap('d', '1'));
    await watching.until(() => seen.push(watching.values) > 0 && watching.values.includes('d=1'));
    for (const values of seen) {
      if (values.includes('c=1')) assert.doesNotMatch(values, /a=1/);
      if (values.includes('d=1')) assert.equal(values, 'b=2 c=1 d=1');
    }
  });

  test('reads a file that was replaced at once, and many of them together', async (context) => {
    const directory = directoryOf({ 'd/a.yaml': configMap('a', '1'), 'd/b.yaml': configMap('b', '1') });
    const replace = (name: string, value: string): void => {
      writeFileSync(join(directory, name), configMap(name, value));
      renameSync(join(directory, name), join(directory, `d/${name}.yaml`));
    };
    const never = { holdOffMs: 2 ** 30, maxWaitMs: 2 ** 30 };
    const watching = new Watching(context, [join(directory, 'd')], { ...never, restMs: 0 });
    replace('a', '2');
    await watching.until(() => watching.values === 'a=2 b=1');
    const resting = new Watching(context, [join(directory, 'd')], { holdOffMs: 1, maxWaitMs: 15, restMs: 2 ** 30 });
    replace('a', '3');
    replace('b', '3');
    await resting.until(() => resting.values === 'a=3 b=3');
    assert.equal(resting.batches.length, 2);
  });

  test('no batch comes after close', async () => {
    const directory = directoryOf({ 'a.yaml': configMap('a', '1') });
    let batches = 0;
    const source = createManifestSource({ paths: [directory], onBatch: () => batches++ });
    source.start();
    writeFileSync(join(directory, 'a.yaml'), configMap('a', '2'));
    source.close();
    await pause(40);
    assert.equal(batches, 1);
  });
});

describe('the last good state', () => {
  test('of a document that no longer parses serves until the document reads again', async (context) => {
    const directory = directoryOf({ 'a.yaml': documents(configMap('a', '1'), configMap('b', '1'), configMap('c', '1')) });
    const watching = new Watching(context, [directory]);
    const write = (...texts: readonly string[]): void => writeFileSync(join(directory, 'a.yaml'), documents(...texts));
    write(configMap('a', '2'), configMap('b', '"1'), configMap('c', '2'));
    await watching.until(() => watching.diagnostics.length === 1);
    assert.equal(watching.values, 'a=2 b=1 c=2');
    assert.match(watching.diagnostics[0]?.message ?? '', /; the last good state keeps serving$/);
    const kept = watching.store.get('ConfigMap', 'default', 'b');
    assert.equal(kept?.origin.line, 8);
    assert.equal(kept?.lineOf, undefined);
    // Still broken, in another way; and another document is deleted, which counts.
    write(configMap('a', '2'), configMap('b', '[still broken'));
    await watching.until(() => watching.values === 'a=2 b=1');
    write(configMap('a', '2'), configMap('b', '"2" # longer than before'));
    await watching.until(() => watching.values === 'a=2 b=2');
    assert.deepEqual(watching.diagnostics, []);
  });

  test('of an object that becomes invalid serves, and goes with its file', async (context) => {
    const directory = directoryOf({ 'a.yaml': configMap('a', 'v') });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'a.yaml'), `# moved\n${configMap('a', 'true')}`);
    await watching.until(() => watching.diagnostics.length === 1);
    assert.equal(watching.values, 'a=v');
    assert.deepEqual(told(watching.diagnostics, directory), ['PRT-READ-5 ConfigMap default/a, data.k (a.yaml:7)']);
    assert.match(watching.diagnostics[0]?.message ?? '', /; the last good state keeps serving$/);
    rmSync(join(directory, 'a.yaml'));
    await watching.until(() => watching.values === '');
    assert.deepEqual(watching.diagnostics, []);
  });

  test('of two documents that a broken separator makes one serves', async (context) => {
    const directory = directoryOf({ 'a.yaml': documents(configMap('a', '1'), configMap('b', '1'), configMap('c', '1')) });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'a.yaml'), `${configMap('a', '1')}${documents(configMap('b', '1'), configMap('c', '1'))}`);
    await watching.until(() => watching.diagnostics.length === 1);
    assert.equal(watching.values, 'a=1 b=1 c=1');
  });

  test('of a document that lost even its name serves', async (context) => {
    const directory = directoryOf({ 'a.yaml': documents(configMap('a', '1'), configMap('b', '1')) });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'a.yaml'), documents(configMap('a', '1'), `kind: [${'.'.repeat(200)}\n`));
    await watching.until(() => watching.diagnostics.length === 1);
    assert.equal(watching.values, 'a=1 b=1');
  });

  test('of one item of a list serves beside the others', async (context) => {
    const list = (...values: readonly string[]): string =>
      JSON.stringify({
        kind: 'List',
        items: values.map((k, index) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `m${index}` },
          data: { k: k === 'bad' ? 1 : k },
        })),
      });
    const directory = directoryOf({ 'a.json': list('1', '1') });
    const watching = new Watching(context, [directory]);
    writeFileSync(join(directory, 'a.json'), `${list('bad', '2')}\n\n`);
    await watching.until(() => watching.values === 'm0=1 m1=2');
    writeFileSync(join(directory, 'a.json'), `${list('bad', '2')}\n\n and more`);
    await watching.until(() => watching.diagnostics[0]?.code === 'PRT-READ-2');
    assert.equal(watching.values, 'm0=1 m1=2');
  });
});

describe('a large file', () => {
  const names = Array.from({ length: 2000 }, (_, index) => `m${index}`);
  const textWith = (changed: string, value: string): string =>
    documents(...names.map((name) => configMap(name, name === changed ? value : 'ä')));

  test('is read only where it changed', async (context) => {
    const directory = directoryOf({ 'a.yaml': textWith('m0', '1') });
    const watching = new Watching(context, [directory]);
    assert.equal(watching.parsed, 2000);
    watching.parsed = 0;
    writeFileSync(join(directory, 'a.yaml'), textWith('m1000', 'changed'));
    await watching.until(() => watching.values.includes('m1000=changed'));
    assert.equal(watching.parsed, 2, 'the one that changes, and the one that changes back');
    assert.equal(watching.batches.at(-1)?.changes.upserts.length, 2);
  });

  test('moves its objects when lines are added above them, without reading them', async (context) => {
    const directory = directoryOf({ 'a.yaml': textWith('m0', '1') });
    const watching = new Watching(context, [directory]);
    const before = watching.store.get('ConfigMap', 'default', 'm1999');
    watching.parsed = 0;
    writeFileSync(join(directory, 'a.yaml'), `# one\n# two\n${textWith('m0', '1')}`);
    await watching.until(() => watching.batches.length > 1);
    const moved = watching.store.get('ConfigMap', 'default', 'm1999');
    assert.equal(watching.parsed, 1);
    assert.equal(moved?.origin.line, (before?.origin.line ?? 0) + 2);
    assert.equal(moved?.lineOf?.('data.k'), (before?.origin.line ?? 0) + 2 + 5);
    assert.equal(moved?.data, before?.data);
  });

  test('does not read documents again that change places', async (context) => {
    const directory = directoryOf({ 'a.yaml': `---\n${documents(...names.map((name) => configMap(name, '1')))}` });
    const watching = new Watching(context, [directory]);
    watching.parsed = 0;
    writeFileSync(join(directory, 'a.yaml'), `---\n${documents(...names.toReversed().map((name) => configMap(name, '1')))}`);
    await watching.until(() => watching.store.get('ConfigMap', 'default', 'm1999')?.origin.line === 2);
    assert.equal(watching.parsed, 0);
    assert.equal(watching.store.count('ConfigMap'), 2000);
  });
});
