import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BatchSchedule } from './batch-schedule.ts';

/** A schedule on a clock of the test, and when its batches were due. */
function scheduleOf({ mock }: TestContext): {
  readonly schedule: BatchSchedule;
  readonly dueMs: readonly number[];
  /** Of the same batches: when their first events came. */
  readonly sincesMs: readonly number[];
  readonly pass: (milliseconds: number) => void;
} {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  let nowMs = 1000;
  const dueMs: number[] = [];
  const sincesMs: number[] = [];
  const onDue = (sinceMs: number): void => {
    dueMs.push(nowMs);
    sincesMs.push(sinceMs);
  };
  const schedule = new BatchSchedule({ holdOffMs: 2, nowMs: () => nowMs, onDue });
  const pass = (milliseconds: number): void => {
    // Mocked immediates run with the clock.
    mock.timers.tick(0);
    for (let step = 0; step < milliseconds; step++) {
      nowMs++;
      mock.timers.tick(1);
    }
  };
  return { schedule, dueMs, sincesMs, pass };
}

test('EndpointSlices alone are due at once', (context) => {
  const { schedule, dueMs, pass } = scheduleOf(context);
  schedule.hasten();
  schedule.hasten();
  pass(5);
  assert.deepEqual(dueMs, [1000]);
  schedule.hasten();
  pass(5);
  assert.deepEqual(dueMs, [1000, 1005]);
});

test('what may belong together waits, and EndpointSlices with it', (context) => {
  const { schedule, dueMs, pass } = scheduleOf(context);
  schedule.hold();
  schedule.hasten();
  pass(5);
  assert.deepEqual(dueMs, [1002]);
  schedule.hasten();
  schedule.hold();
  pass(5);
  assert.deepEqual(dueMs, [1002, 1007], 'an Ingress in the same turn');
});

test('EndpointSlices in crowds are taken together', (context) => {
  const { schedule, dueMs, sincesMs, pass } = scheduleOf(context);
  for (let step = 0; step < 6; step++) {
    schedule.hasten();
    pass(1);
  }
  pass(5);
  assert.deepEqual(dueMs, [1000, 1003, 1005, 1007]);
  assert.deepEqual(sincesMs, [1000, 1001, 1003, 1005]);
});

test('nothing is due after the end', (context) => {
  const { schedule, dueMs, pass } = scheduleOf(context);
  schedule.hasten();
  schedule.close();
  schedule.hasten();
  schedule.hold();
  pass(5);
  assert.deepEqual(dueMs, []);
});
