import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramPercentile, histogramSince, parseHistogram } from './prometheus-histogram.ts';

const page = (first: number, second: number, all: number): string => `# TYPE portico_propagation_seconds histogram
portico_propagation_seconds_bucket{le="0.01"} ${first}
portico_propagation_seconds_bucket{le="0.02"} ${second}
portico_propagation_seconds_bucket{le="+Inf"} ${all}
portico_propagation_seconds_sum 1
portico_propagation_seconds_count ${all}
other_bucket{le="1"} 9
`;

test('interpolates percentiles between two readings', () => {
  const before = parseHistogram(page(10, 10, 10), 'portico_propagation_seconds');
  const after = parseHistogram(page(60, 110, 110), 'portico_propagation_seconds');
  assert.ok(after !== undefined);
  const added = histogramSince(before, after);
  assert.equal(histogramPercentile(added, 50), 0.01);
  assert.ok(Math.abs(histogramPercentile(added, 75) - 0.015) < 1e-9);
});

test('sums series, answers undefined without the histogram and the last finite bound beyond all bounds', () => {
  const two = 'h_bucket{w="0",le="1"} 1\nh_bucket{w="0",le="+Inf"} 2\nh_bucket{w="1",le="1"} 0\nh_bucket{w="1",le="+Inf"} 2\n';
  const histogram = parseHistogram(two, 'h');
  assert.ok(histogram !== undefined);
  assert.deepEqual(histogram.buckets, [
    { upperBound: 1, count: 1 },
    { upperBound: Number.POSITIVE_INFINITY, count: 4 },
  ]);
  assert.equal(histogramPercentile(histogram, 99), 1);
  assert.equal(parseHistogram(two, 'absent'), undefined);
});
