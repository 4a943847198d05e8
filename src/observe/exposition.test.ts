import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeLabelValue, formatBound, formatLabels, formatNumber } from './exposition.ts';
import { parseExposition } from './exposition-parser.ts';
import { metrics } from './metric-names.ts';

test('prints bounds as Go does', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [0.00005, '5e-05'],
    [0.0001, '0.0001'],
    [0.005, '0.005'],
    [10, '10'],
    [100000, '100000'],
    [1e6, '1e+06'],
    [1234567, '1.234567e+06'],
    [1e21, '1e+21'],
    [Infinity, '+Inf'],
  ];
  for (const [bound, text] of cases) assert.equal(formatBound(bound), text);
});

test('prints numbers that Prometheus reads', () => {
  assert.deepEqual([0, 1.5, 1e21, Infinity, -Infinity, NaN].map(formatNumber), ['0', '1.5', '1e+21', '+Inf', '-Inf', 'NaN']);
});

test('escapes label values', () => {
  assert.equal(escapeLabelValue('a"b\\c\nd'), 'a\\"b\\\\c\\nd');
  assert.equal(formatLabels({ a: 'x', b: '"' }), 'a="x",b="\\""');
});

test('the registry follows the naming rules of Prometheus', () => {
  const names = Object.values(metrics).map((row) => row.name);
  assert.equal(new Set(names).size, names.length);
  for (const row of Object.values(metrics)) {
    assert.match(row.name, /^[a-z][a-z0-9_]*$/);
    assert.match(row.help, /^[A-Z0-9].*\.$/);
    for (const label of row.labels) assert.match(label, /^[a-z][a-z_]*$/);
    if (row.type === 'gauge') assert.doesNotMatch(row.name, /_total$/);
    // Those of ingress-nginx are as they are.
    if (row.name.startsWith('portico_')) assert.equal(row.type === 'counter', row.name.endsWith('_total'), row.name);
  }
});

test('the parser of the tests refuses what is not the format', () => {
  const head = '# HELP a A.\n# TYPE a counter\n';
  assert.equal(parseExposition(`${head}a{x="1"} 2\n`).get('a')?.samples.length, 1);
  const histogram = '# HELP h H.\n# TYPE h histogram\n';
  const bad = [
    'a 1\n',
    `${head}a 1`,
    `${head}a 1\na 1\n`,
    `${head}b 1\n`,
    `${head}a{x="1} 1\n`,
    `${head}a{x="\\q"} 1\n`,
    `${head}a{x="1",x="2"} 1\n`,
    `${head}a -1\n`,
    `${head}a x\n`,
    `${head}a 1\n${head}a{x="1"} 1\n`,
    '# TYPE a counter\na 1\n',
    `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
    `${histogram}h_bucket{le="+Inf"} 1\nh_count 1\n`,
  ];
  for (const text of bad) assert.throws(() => parseExposition(text), text);
});
