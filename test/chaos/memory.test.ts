// Growth after the warm-up is seen; what happens before it, and noise, is not.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { judgeMemory } from './memory.ts';

const MIB = 1024 * 1024;
const samples = (count: number, at: (second: number) => number): number[] => Array.from({ length: count }, (_, second) => at(second) * MIB);

it('tells flat memory from growing memory', () => {
  assert.equal(judgeMemory(samples(30, () => 100)), undefined, 'too few samples');
  assert.equal(judgeMemory(samples(100, (second) => (second < 20 ? second * 10 : 200 + (second % 5))))?.isFlat, true);
  assert.equal(judgeMemory(samples(100, (second) => 100 + second * 2))?.isFlat, false);
});
