import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lingering } from './lingering.ts';

test('a client that sends nothing more is waited for shortly', () => {
  assert.equal(new Lingering().begin(100, false, 0), 1100);
});

test('a client that sends is waited for longer, and for as long as it sends, but not for ever', () => {
  const lingering = new Lingering();
  let deadlineMs = lingering.begin(0, true, 0);
  assert.equal(deadlineMs, 5000);
  deadlineMs = lingering.extend(4000, deadlineMs);
  assert.equal(deadlineMs, 9000);
  for (let nowMs = 4000; nowMs < 60_000; nowMs += 1000) deadlineMs = lingering.extend(nowMs, deadlineMs);
  assert.equal(deadlineMs, 30_000);
});

test('a client that still has to take its answer has the time to send for that, whatever it sends', () => {
  const lingering = new Lingering();
  const deadlineMs = lingering.begin(0, false, 60_000);
  assert.equal(deadlineMs, 60_000);
  assert.equal(lingering.extend(1000, deadlineMs), 60_000);
  assert.equal(lingering.extend(59_000, deadlineMs), 60_000);
});
