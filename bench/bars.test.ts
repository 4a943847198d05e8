import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBars } from './bars.ts';
import type { Sample } from './measure/metric.ts';
import type { ScenarioResult, SubjectResult } from './scenarios/scenario.ts';

function row(target: SubjectResult['target'], ...samples: readonly Sample[]): SubjectResult {
  return { target, variant: '', samples };
}

function small(...subjects: readonly SubjectResult[]): readonly ScenarioResult[] {
  return [{ name: 'small-50', title: '', columns: [], subjects }];
}

test('speed is what the peer needs divided by what Portico needs, of the medians', () => {
  const nginx = row(
    'nginx',
    { cpuMicros: 12, requestsPerSecond: 80 },
    { cpuMicros: 99, requestsPerSecond: 80 },
    { cpuMicros: 11, requestsPerSecond: 80 },
  );
  const portico = row('portico', { cpuMicros: 10, requestsPerSecond: 79 });
  const [cpu, throughput, haproxy] = judgeBars(small(nginx, portico), 10_000);
  assert.deepEqual([cpu?.measured, cpu?.verdict], ['1.20x', 'ok']);
  assert.deepEqual([throughput?.measured, throughput?.verdict], ['0.98x', 'missed']);
  assert.equal(haproxy?.verdict, 'not measured');
});

test('a failed request anywhere misses the bar of none, and one slow round does not spoil the median', () => {
  const samples: readonly Sample[] = [
    { failed: 0, cut: 0, propagationP99Ms: 4 },
    { failed: 1, cut: 0, propagationP99Ms: 900 },
    { failed: 0, cut: 0, propagationP99Ms: 6 },
  ];
  const results = [{ name: 'churn', title: '', columns: [], subjects: [row('nginx', {}), row('portico', ...samples)] }];
  const [propagation, failed, cut] = judgeBars(results, 500);
  assert.deepEqual([propagation?.measured, propagation?.verdict, propagation?.isAimReached], ['6.0 ms', 'ok', false]);
  assert.match(propagation?.name ?? '', /with 500 Ingresses/);
  assert.equal(failed?.verdict, 'missed');
  assert.equal(cut?.verdict, 'ok');
});

test('a value that misses a limit by a hair does not look like the limit', () => {
  const results = small(row('nginx', { cpuMicros: 9.99 }), row('portico', { cpuMicros: 10 }));
  const [cpu] = judgeBars(results, 10_000);
  assert.deepEqual([cpu?.measured, cpu?.verdict], ['0.99x', 'missed']);
});

test('only bars of scenarios that ran are judged', () => {
  assert.deepEqual(judgeBars([], 10_000), []);
});
