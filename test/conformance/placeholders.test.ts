import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceDeep, replacePlaceholders } from './placeholders.ts';

const values = (name: string): string | undefined => ({ 'port.web': '81', 'url.my.svc': 'http://x' })[name];

test('replaces what the runner knows and what is built in', () => {
  assert.equal(replacePlaceholders('{{port.web}}-{{url.my.svc}}', values), '81-http://x');
  assert.equal(replacePlaceholders('{{b64:foo:bar}} {{repeat:ab:3}}', values), 'Zm9vOmJhcg== ababab');
});

test('refuses an unknown placeholder', () => {
  assert.throws(() => replacePlaceholders('{{port.other}}', values), /port\.other/);
});

test('replaces strings at any depth, keys included, and leaves other values alone', () => {
  assert.deepEqual(replaceDeep({ 'k{{port.web}}': ['{{port.web}}', 1, null, { a: true }] }, values), { k81: ['81', 1, null, { a: true }] });
});
