import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

const limits = { firstMs: 100, limitMs: 1_000 };

test('pauses double up to the limit, start again after a reset, and are never longer than their step', () => {
  const longest = new Backoff(limits, () => 1);
  assert.deepEqual(
    Array.from({ length: 6 }, () => longest.nextMs()),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  longest.reset();
  assert.equal(longest.nextMs(), 100);
  const shortest = new Backoff(limits, () => 0);
  assert.deepEqual([shortest.nextMs(), shortest.nextMs()], [50, 100]);
});

test('what the server asks for is waited at least, and clients do not come back all at once', () => {
  assert.equal(new Backoff(limits, () => 0).nextMs(3), 3_000);
  assert.equal(new Backoff(limits, () => 1).nextMs(3), 3_750);
});

test('a thousand failures do not overflow', () => {
  const backoff = new Backoff(limits, () => 1);
  for (let count = 0; count < 1_000; count++) backoff.nextMs();
  assert.equal(backoff.nextMs(), 1_000);
});
