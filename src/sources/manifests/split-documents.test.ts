import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDocuments } from './split-documents.ts';

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['a: 1', ['a: 1']],
  ['a: 1\n---\nb: 2\n', ['a: 1\n', '---\nb: 2\n']],
  ['---\r\na: 1\r\n---\r\nb: 2\r\n', ['---\r\na: 1\r\n', '---\r\nb: 2\r\n']],
  ['--- # one\na: 1\n---\t\nb: 2\n---', ['--- # one\na: 1\n', '---\t\nb: 2\n', '---']],
  ['---\n---\n', ['---\n', '---\n']],
  // Not at column 0, or not followed by white space: no marker.
  ['a: |\n  ---\n ---\n----\n---x\n', ['a: |\n  ---\n ---\n----\n---x\n']],
  ['---x\n', ['---x\n']],
  // At column 0 even a block scalar ends.
  ['a: |\n  x\n---\nb: 1\n', ['a: |\n  x\n', '---\nb: 1\n']],
  ['a: 1\n...\n# between\n---\nb: 2\n', ['a: 1\n...\n', '# between\n', '---\nb: 2\n']],
  ['%YAML 1.2\n---\na: 1\n...\n# c\n%YAML 1.2\n---\nb: ä\n', ['%YAML 1.2\n---\na: 1\n...\n', '# c\n%YAML 1.2\n---\nb: ä\n']],
];

test('cuts at separators only, and loses nothing', () => {
  for (const [text, expected] of cases) {
    const texts = splitDocuments(Buffer.from(text));
    assert.deepEqual(texts, expected);
    assert.equal(texts.join(''), text);
  }
});
