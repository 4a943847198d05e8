import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricProblems } from './checks.ts';
import { parsePrometheusText } from './prometheus-text.ts';

const series = parsePrometheusText(`# HELP a text
# TYPE a counter
a{host="x",path="/a\\"b\\\\c"} 3
a{host="y"} 4 1700000000
b 1e3
c_bucket{le="+Inf"} +Inf
`);

test('reads names, labels with escapes, and values', () => {
  assert.deepEqual(
    series.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]),
    [
      ['a', { host: 'x', path: '/a"b\\c' }, 3],
      ['a', { host: 'y' }, 4],
      ['b', {}, 1000],
      ['c_bucket', { le: '+Inf' }, Infinity],
    ],
  );
});

test('labels are a subset match and the values of matching series are added', () => {
  assert.deepEqual(metricProblems({ name: 'a', labels: { host: { present: true } }, value: { min: 7, max: 7 } }, series), []);
  assert.deepEqual(metricProblems({ name: 'a', labels: { host: 'x' }, value: { max: 3 } }, series), []);
  assert.equal(metricProblems({ name: 'a', labels: { host: 'x' }, value: { min: 4 } }, series).length, 1);
  assert.equal(metricProblems({ name: 'a', labels: { host: 'z' } }, series).length, 1);
  assert.equal(metricProblems({ name: 'nope', labels: {} }, series).length, 1);
});

test('a label matcher may ask that the label is missing', () => {
  assert.deepEqual(metricProblems({ name: 'a', labels: { path: { absent: true } }, value: { min: 4, max: 4 } }, series), []);
});

test('absent series', () => {
  assert.deepEqual(metricProblems({ name: 'a', labels: { host: 'z' }, absent: true }, series), []);
  assert.equal(metricProblems({ name: 'a', labels: {}, absent: true }, series).length, 1);
});
