import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProcessStat, readCpuMicros, readMemory } from './process-stats.ts';

test('reads pid, parent and all four CPU times, whatever the process is called', () => {
  const text = '42 (nginx: (x) y) S 7 42 42 0 -1 4194560 100 0 0 0 5 6 70 800 20 0 1 0 12345 1000 200 0';
  assert.deepEqual(parseProcessStat(text), { pid: 42, parentPid: 7, cpuTicks: 881 });
  assert.equal(parseProcessStat(''), undefined);
});

test('sees the CPU time and the memory of this very process', () => {
  const before = readCpuMicros(process.pid);
  const until = process.cpuUsage().user + 60_000;
  while (process.cpuUsage().user < until) {
    Math.random();
  }
  assert.ok(readCpuMicros(process.pid) - before >= 30_000);
  const { residentBytes, proportionalBytes } = readMemory(process.pid);
  assert.ok(residentBytes > 2 ** 22);
  assert.ok(proportionalBytes > 0 && proportionalBytes <= residentBytes);
});
