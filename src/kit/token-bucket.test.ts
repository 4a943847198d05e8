import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

test('a bucket gives its burst at once, then one token for each step of time, and never more than the burst', () => {
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 });
  const taken = (nowMs: number): number => {
    let count = 0;
    while (bucket.take(nowMs)) count++;
    return count;
  };
  assert.equal(taken(1_000), 3);
  assert.equal(bucket.waitMs(1_000), 500);
  assert.equal(taken(1_499), 0);
  assert.equal(bucket.waitMs(1_499), 1);
  assert.equal(taken(1_500), 1);
  assert.equal(taken(1_000_000), 3);
});
