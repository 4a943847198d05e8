import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import { WorkerCounters, workerCounter } from '../../observe/worker-counters.ts';
import { BodyBudget } from './body-budget.ts';
import { BufferedBody } from './buffered-body.ts';
import { ByteSpool } from './byte-spool.ts';

const directory = mkdtempSync(join(tmpdir(), 'portico-spool-'));
after(() => rmSync(directory, { recursive: true }));

function budget(memoryBytes = 2 ** 30, fileBytes = 2 ** 30): BodyBudget {
  return new BodyBudget({ memoryBytes, fileBytes }, new WorkerCounters());
}

async function until(holds: () => boolean): Promise<void> {
  assert.ok(await poll({ timeoutMs: PATIENCE_MS, everyMs: 2 }, () => holds() || undefined));
}

function body(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: Math.ceil(bytes / 8) }, (_, i) => String(i).padStart(8, '.')).join('')).subarray(0, bytes);
}

test('what fits stays in memory, in order', () => {
  const spool = new ByteSpool({ memoryBytes: 10, fileBytes: 100, directory }, budget(), {
    onMoved: () => undefined,
    onFailure: assert.fail,
  });
  spool.push(Buffer.from('abc'));
  spool.push(Buffer.from('defgh'));
  assert.deepEqual([spool.length, spool.hasSpilled, spool.isFull], [8, false, false]);
  assert.equal(Buffer.concat([spool.take() ?? '', spool.take() ?? ''].map((piece) => Buffer.from(piece))).toString(), 'abcdefgh');
  assert.equal(spool.take(), undefined);
  spool.destroy();
});

test('what does not fit goes through a file without a name, in order', async () => {
  const whole = body(1_000_000);
  const taken: Buffer[] = [];
  const drain = (): void => {
    for (let piece = spool.take(); piece !== undefined; piece = spool.take()) taken.push(Buffer.from(piece));
  };
  const spool = new ByteSpool({ memoryBytes: 1000, fileBytes: 10_000_000, directory }, budget(), {
    onMoved: drain,
    onFailure: assert.fail,
  });
  for (let at = 0; at < whole.length; at += 7777) {
    spool.push(whole.subarray(at, at + 7777));
    if (at % 3 === 0) await sleep(0);
  }
  assert.ok(spool.hasSpilled);
  drain();
  await until(() => spool.length === 0);
  assert.deepEqual(Buffer.concat(taken), whole);
  assert.deepEqual(readdirSync(directory), []);
  spool.destroy();
});

test('is full at its bounds', async () => {
  const memory = new ByteSpool({ memoryBytes: 10, fileBytes: 0, directory }, budget(), {
    onMoved: () => undefined,
    onFailure: assert.fail,
  });
  memory.push(Buffer.alloc(10));
  assert.ok(memory.isFull);
  const file = new ByteSpool({ memoryBytes: 10, fileBytes: 90, directory }, budget(), { onMoved: () => undefined, onFailure: assert.fail });
  for (let i = 0; i < 10; i++) file.push(Buffer.alloc(10));
  assert.ok(file.isFull);
  await until(() => readdirSync(directory).length === 0);
  file.destroy();
});

test('where no file can be written, the queue is full while there is something in it, and nothing is lost', async () => {
  const missing = join(directory, 'missing');
  assert.equal(existsSync(missing), false);
  let moves = 0;
  const spool = new ByteSpool({ memoryBytes: 1, fileBytes: 100, directory: missing }, budget(), {
    onMoved: () => moves++,
    onFailure: assert.fail,
  });
  spool.push(Buffer.from('ab'));
  spool.push(Buffer.from('cd'));
  await until(() => moves > 0);
  assert.ok(spool.isFull);
  spool.push(Buffer.from('ef'));
  const taken = [spool.take(), spool.take(), spool.take(), spool.take()].map((piece) => piece?.toString());
  assert.equal(taken.join(''), 'abcdef');
  assert.deepEqual([spool.isFull, spool.length], [false, 0]);
  spool.push(Buffer.from('gh'));
  assert.equal(spool.take()?.toString(), 'gh');
  spool.destroy();
});

test('the file is never larger than what waits, and the budget gets back what was read', async () => {
  const counters = new WorkerCounters();
  const shared = new BodyBudget({ memoryBytes: 0, fileBytes: 1000 }, counters);
  const inFile = (): number => counters.get(workerCounter.bufferedFileNow);
  const spool = new ByteSpool({ memoryBytes: 10, fileBytes: 500, directory }, shared, { onMoved: () => undefined, onFailure: assert.fail });
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 5; i++) spool.push(Buffer.alloc(100, round));
    assert.ok(spool.isFull);
    assert.equal(inFile(), 500);
    let bytes = 0;
    await until(() => {
      bytes += spool.take()?.length ?? 0;
      return bytes === 500;
    });
    assert.deepEqual([inFile(), spool.isFull], [0, false]);
  }
  spool.destroy();
  assert.equal(inFile(), 0);
});

test('a queue asks for no more while the budget is used up', () => {
  const shared = budget(100, 100);
  const spool = new ByteSpool({ memoryBytes: 1000, fileBytes: 1000, directory }, shared, {
    onMoved: () => undefined,
    onFailure: assert.fail,
  });
  spool.push(Buffer.alloc(100));
  assert.equal(spool.isFull, false);
  spool.push(Buffer.alloc(100));
  assert.equal(spool.isFull, true);
  spool.destroy();
  assert.deepEqual([shared.takeMemory(100), shared.takeFile(100)], [true, true]);
});

test('a buffered body is taken while its reader is stuck, and arrives whole', async () => {
  const whole = body(500_000);
  const pieces: Buffer[] = [];
  const sink = {
    isFull: true,
    isEnded: false,
    write: (buffer: Buffer, start: number, end: number) => void pieces.push(Buffer.from(buffer.subarray(start, end))),
    flush: () => undefined,
    end: () => (sink.isEnded = true),
  };
  const filter = new BufferedBody({ memoryBytes: 1000, fileBytes: 1_000_000, directory }, budget(), sink, {
    onReady: () => undefined,
    onFailure: assert.fail,
    guard: (event) => event(),
  });
  for (let at = 0; at < whole.length; at += 50_000) {
    filter.write(whole, at, at + 50_000, false);
    await until(() => !filter.isFull);
  }
  filter.end();
  assert.equal(pieces.length, 0);
  sink.isFull = false;
  filter.onReady();
  await until(() => sink.isEnded);
  assert.deepEqual(Buffer.concat(pieces), whole);
});
