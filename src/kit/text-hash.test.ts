import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashText } from './text-hash.ts';

test('the hash of a text never changes: workers, replicas and versions agree about it', () => {
  assert.equal(hashText(''), 2872998923);
  assert.equal(hashText('a'), 444641715);
  assert.equal(hashText('10.0.0.1:80#0'), 3226059924);
});

test('texts that differ in their last character fall far apart', () => {
  const places = new Set(Array.from({ length: 64 }, (_, index) => hashText(`10.0.0.1:80#${index}`) >>> 26));
  assert.ok(places.size > 30, `${places.size} of 64`);
});
