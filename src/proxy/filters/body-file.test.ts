import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import { WorkerCounters, workerCounter } from '../../observe/worker-counters.ts';
import { BodyBudget } from './body-budget.ts';
import { BodyFile } from './body-file.ts';

const piece = Buffer.alloc(1000, 'x');

async function until(holds: () => boolean): Promise<void> {
  assert.ok(await poll({ timeoutMs: PATIENCE_MS, everyMs: 2 }, () => holds() || undefined));
}

test('what waits for the file counts as memory, and where that is used up nothing more is asked for', async () => {
  const counters = new WorkerCounters();
  const budget = new BodyBudget({ memoryBytes: 10_000, fileBytes: 1_000_000 }, counters);
  const inMemory = (): number => counters.get(workerCounter.bufferedMemoryNow);
  const open = (): BodyFile => new BodyFile(budget, tmpdir(), { onMoved: () => undefined, onBroken: assert.fail, onLost: assert.fail });
  const [one, other] = [open(), open()];
  for (let i = 0; i < 9; i++) one.push(piece, 0, piece.length);
  assert.deepEqual([inMemory(), one.isBehind, other.isBehind], [9000, false, false]);
  other.push(piece, 0, piece.length);
  assert.deepEqual([inMemory(), one.isBehind, other.isBehind], [10_000, true, true]);
  await until(() => inMemory() === 0);
  assert.deepEqual([one.isBehind, other.isBehind], [false, false]);
  let taken = 0;
  await until(() => {
    taken += one.take()?.length ?? 0;
    return one.isDrained;
  });
  assert.deepEqual([taken, inMemory()], [9000, 0]);
  one.rewind();
  await until(() => inMemory() === 9000);
  one.destroy();
  other.push(piece, 0, piece.length);
  other.destroy();
  assert.equal(inMemory(), 0);
});
