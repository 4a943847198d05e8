import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LruMap } from './lru.ts';

test('drops the entry that was used least recently', () => {
  const lru = new LruMap<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  assert.equal(lru.get('a'), 1);
  lru.set('c', 3);
  assert.equal(lru.has('b'), false);
  assert.equal(lru.get('a'), 1);
  assert.equal(lru.get('c'), 3);
  assert.equal(lru.size, 2);
});

test('keeps an undefined value apart from a missing key only through has', () => {
  const lru = new LruMap<string, undefined>(1);
  lru.set('a', undefined);
  assert.equal(lru.get('a'), undefined);
  assert.equal(lru.has('a'), true);
});

test('refuses a capacity below one', () => {
  assert.throws(() => new LruMap(0), RangeError);
  assert.throws(() => new LruMap(1.5), RangeError);
});

test('equals a list that is searched and reordered', () => {
  const step = fc.record({ operation: fc.constantFrom('get', 'set', 'delete', 'clear'), key: fc.integer({ min: 0, max: 6 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
      const lru = new LruMap<number, number>(capacity);
      let list: [number, number][] = [];
      steps.forEach(({ operation, key }, value) => {
        const found = list.find(([present]) => present === key);
        const others = list.filter((entry) => entry !== found);
        if (operation === 'get') {
          assert.equal(lru.get(key), found?.[1]);
          if (found !== undefined) list = [...others, found];
        } else if (operation === 'set') {
          lru.set(key, value);
          list = [...others, [key, value] as [number, number]].slice(-capacity);
        } else if (operation === 'delete') {
          assert.equal(lru.delete(key), found !== undefined);
          list = others;
        } else {
          lru.clear();
          list = [];
        }
        assert.equal(lru.size, list.length);
        for (const [present] of list) assert.ok(lru.has(present));
      });
    }),
  );
});
