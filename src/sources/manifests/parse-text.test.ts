import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson, parseYaml } from './parse-text.ts';

test('reads YAML 1.2 with merge keys', () => {
  assert.deepEqual(parseYaml('a: &x {b: yes, c: 0o17}\nd:\n  <<: *x\n  b: on\n'), {
    ok: true,
    value: [{ a: { b: 'yes', c: 15 }, d: { b: 'on', c: 15 } }],
  });
  assert.deepEqual(parseYaml('# nothing\n'), { ok: true, value: [] });
});

test('refuses duplicate keys, with their line', () => {
  assert.deepEqual(parseYaml('a: 1\nb: 2\na: 3\n'), { ok: false, error: { message: 'duplicated mapping key', line: 2 } });
});

test('bounds aliases, what they expand to, and nesting', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  assert.equal(parseYaml(lines.join('\n')).ok, false, 'expansion');
  assert.equal(parseYaml(`a: &a 1\nb: [${'*a, '.repeat(2000)}]`).ok, false, 'number of aliases');
  assert.equal(parseYaml('['.repeat(500) + ']'.repeat(500)).ok, false, 'nesting');
  assert.equal(parseYaml(`a: &a [1]\nb: [${'*a, '.repeat(100)}]`).ok, true);
});

test('names the line of a mistake in JSON', () => {
  assert.deepEqual(parseJson('{"a": 1}'), { ok: true, value: [{ a: 1 }] });
  assert.deepEqual(parseJson(' \n'), { ok: true, value: [] });
  const broken = parseJson('{\n"a": 1,\n"b": x\n}');
  assert(!broken.ok);
  assert.equal(broken.error.line, 2);
  const cut = parseJson('{\n"a": 1,\n');
  assert(!cut.ok);
  assert.equal(cut.error.line, 2);
});
