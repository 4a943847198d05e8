import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemPath, keyPath, parentPath } from './field-path.ts';

test('builds paths as people write them', () => {
  assert.equal(keyPath(itemPath(keyPath(keyPath('', 'spec'), 'rules'), 0), 'host'), 'spec.rules[0].host');
  assert.equal(keyPath('metadata.annotations', 'example.com/x'), 'metadata.annotations["example.com/x"]');
});

test('goes up one step at a time, whatever stands in a key', () => {
  for (const key of ['a', 'a.b', '["', '"].x["', '\\"', 'a]', '']) {
    const path = keyPath(itemPath(keyPath('data', 'x.y'), 3), key);
    assert.equal(parentPath(path), 'data["x.y"][3]', key);
  }
  assert.equal(parentPath('data["x.y"][3]'), 'data["x.y"]');
  assert.equal(parentPath('data["x.y"]'), 'data');
  assert.equal(parentPath('data'), '');
  assert.equal(parentPath(''), undefined);
});
