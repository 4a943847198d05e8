import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLabelSelector, selectsLabels } from './label-selector.ts';

function selects(text: string, labels: Readonly<Record<string, string>>): boolean {
  const selector = parseLabelSelector(text);
  assert.ok(selector.ok, text);
  return selectsLabels(selector.value, new Map(Object.entries(labels)));
}

describe('label selectors', () => {
  it('compares values', () => {
    assert.ok(selects('foo=bar', { foo: 'bar' }));
    assert.ok(selects('foo==bar', { foo: 'bar' }));
    assert.ok(!selects('foo=bar', { foo: 'baz' }));
    assert.ok(!selects('foo=bar', {}));
    assert.ok(selects('foo=', { foo: '' }));
  });

  it('takes objects without the label for unequal', () => {
    assert.ok(selects('foo!=bar', {}));
    assert.ok(selects('foo notin (bar, baz)', {}));
    assert.ok(!selects('foo notin (bar, baz)', { foo: 'baz' }));
  });

  it('reads sets, presence and absence', () => {
    assert.ok(selects('team in (a, b),example.com/live,!retired', { team: 'b', 'example.com/live': '' }));
    assert.ok(!selects('team in (a, b),!retired', { team: 'b', retired: 'x' }));
  });

  it('selects everything where it is empty', () => {
    assert.ok(selects('', {}));
  });

  it('refuses what is no requirement', () => {
    for (const text of ['a b', '=x', 'a in x', 'a in (b', 'a=b c', '-a', 'a=-']) assert.ok(!parseLabelSelector(text).ok, text);
  });
});
