import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('runs five rounds with 10,000 hosts unless told otherwise', () => {
  const options = parseOptions([]);
  assert.ok(options.ok);
  assert.deepEqual([options.value.rounds, options.value.seconds, options.value.manyHosts, options.value.action], [5, 5, 10_000, 'run']);
  assert.equal(options.value.markdownPath, undefined);
});

test('--short can be combined with explicit numbers, and --markdown may stand without a file', () => {
  const options = parseOptions(['--short', '--markdown', '--rounds', '2', 'churn', '--targets', 'portico,nginx']);
  assert.ok(options.ok);
  assert.deepEqual(options.value.scenarios, ['churn']);
  assert.deepEqual(options.value.targets, ['nginx', 'portico']);
  assert.deepEqual([options.value.rounds, options.value.seconds], [2, 1]);
  assert.equal(options.value.markdownPath, '');
  const withFile = parseOptions(['--markdown', 'table.md']);
  assert.ok(withFile.ok);
  assert.equal(withFile.value.markdownPath, 'table.md');
});

test('refuses unknown targets, unknown options and numbers that are none', () => {
  for (const args of [['--targets', 'apache'], ['--frobnicate'], ['--rounds', '0'], ['--seconds', 'x']]) {
    assert.equal(parseOptions(args).ok, false, args.join(' '));
  }
});
