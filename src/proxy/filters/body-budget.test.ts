import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerCounters } from '../../observe/worker-counters.ts';
import { BodyBudget } from './body-budget.ts';

test('gives so much memory and disk as there is, and again what came back', () => {
  const budget = new BodyBudget({ memoryBytes: 100, fileBytes: 1000 }, new WorkerCounters());
  assert.deepEqual([budget.takeMemory(60), budget.takeMemory(41), budget.takeMemory(40)], [true, false, true]);
  budget.giveMemory(60);
  assert.equal(budget.takeMemory(60), true);
  assert.deepEqual([budget.takeFile(999), budget.isFileFull, budget.takeFile(2)], [true, false, false]);
  budget.addFile(500);
  assert.equal(budget.isFileFull, true);
  budget.addFile(-500);
  assert.equal(budget.takeFile(1), true);
});

test('bounds the copies of all routes together', () => {
  const budget = new BodyBudget({ memoryBytes: 0, fileBytes: 0 }, new WorkerCounters());
  for (let i = 0; i < 1000; i++) assert.equal(budget.takeCopy(), true);
  assert.equal(budget.takeCopy(), false);
  budget.giveCopy();
  assert.equal(budget.takeCopy(), true);
});
