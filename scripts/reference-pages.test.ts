import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagKeys, flags } from '../src/cli/flags.ts';
import { otherFlags } from '../src/cli/other-flags.ts';
import { annotationsByName } from '../src/translate/annotations/registry.ts';
import { configRows } from '../src/translate/configmap/registry.ts';
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

  it('say of every setting what becomes of it, and of all that are not the same, how', () => {
    const text = referencePages().find(({ file }) => file === 'compatibility.md')?.text ?? '';
    const rows = text.split('\n').filter((line) => /^\| `.*\| (same|differs|refused|no effect|not yet|Portico’s own) \|/.test(line));
    const names = [
      ...annotationsByName.keys(),
      ...configRows.map(({ key }) => key),
      ...flagKeys.map((key) => `${flags[key].name.length === 1 ? '-' : '--'}${flags[key].name}`),
      ...[...otherFlags.keys()].map((name) => `--${name}`),
    ];
    for (const name of names)
      assert.ok(
        rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``)),
        name,
      );
    for (const row of rows) assert.equal(row.includes('| same |'), row.endsWith('| – |'), row);
  });

  it('escape what would break a table', () => {
    assert.equal(markdownTable(['a', 'b'], [['x|y', '<p> `<q|r>`']]), '| a | b |\n| --- | --- |\n| x\\|y | &lt;p&gt; `<q\\|r>` |');
  });
});
