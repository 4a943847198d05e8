import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RE2JS } from 're2js';
import { patternSize } from './pattern-size.ts';

const patterns = [
  '/v[0-9]+/users/([^/]+)/(items|orders)/?$',
  '/([a-z]{1,1000})',
  '/(((a{1,10}){1,10}){1,10})',
  '/(a{3}|b{2,}|[]x]{4}|[[:alpha:]\\]]{5}){20}',
  '/\\{x\\}{7}(?:y{2})?\\(',
  '/(a?){500}',
  `/${'(a|b)'.repeat(100)}`,
];

describe('the size of a pattern', () => {
  for (const pattern of patterns) {
    it(`is about that of its program: ${pattern.slice(0, 45)}`, () => {
      const program = RE2JS.compile(pattern).programSize();
      const size = patternSize(pattern);
      assert.ok(size >= program / 4 && size <= program * 2 + 10, `${size}, and the program has ${program}`);
    });
  }

  it('knows what takes long besides, and ends for every text', () => {
    assert.ok(patternSize('\\pL'.repeat(100)) > 25_000);
    assert.ok(patternSize('[\\p{Greek}\\pL]') > 500);
    for (const text of ['', '(', ')))', '[', '[^', '[[:', '\\', '\\p{', '{', '{9999}', 'a{2,1}', '((('])
      assert.ok(patternSize(text) >= 0, text);
  });
});
