import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markdownTable } from './markdown-table.ts';
import { referencePages } from './reference-pages.ts';

describe('the reference pages', () => {
  it('have a sentence in every row', () => {
    for (const { file, text } of referencePages()) {
      const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
      assert.ok(rows.length > 3, file);
      for (const row of rows) assert.doesNotMatch(row, /\| *\|$/, `${file}: ${row}`);
    }
  });

  it('escape what would break a table', () => {
    assert.equal(markdownTable(['a', 'b'], [['x|y', '<p> `<q|r>`']]), '| a | b |\n| --- | --- |\n| x\\|y | &lt;p&gt; `<q\\|r>` |');
  });
});
