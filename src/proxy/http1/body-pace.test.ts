import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientLimits } from '../../model/settings.ts';
import { BodyPace } from './body-pace.ts';

const limits = { bodyTimeoutMs: 60_000, bodyMinBytesPerSecond: 500 } as ClientLimits;

test('a body may be silent for the time-out, and must have a least rate in the end', () => {
  const pace = new BodyPace();
  pace.begin(1000);
  assert.equal(pace.deadline(1000, 0, limits), 61_000);
  assert.equal(pace.deadline(31_000, 0, limits), 61_000);
  pace.note(31_000);
  assert.equal(pace.deadline(31_000, 0, limits), 91_000);
  pace.note(32_000);
  assert.equal(pace.deadline(32_000, 100, limits), 32_000);
  assert.equal(pace.deadline(32_000, 500 * 31, limits), 92_000);
});

test('time in which it is paused counts for neither', () => {
  const pace = new BodyPace();
  pace.begin(0);
  pace.pause(1000);
  pace.pause(50_000);
  assert.equal(pace.deadline(50_000, 0, limits), Infinity);
  pace.resume(101_000);
  assert.equal(pace.deadline(101_000, 0, limits), 161_000);
  assert.equal(pace.deadline(129_000, 0, limits), 161_000);
  assert.equal(pace.deadline(131_001, 0, limits), 131_001);
});
