import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashRing } from './hash-ring.ts';

const labels = Array.from({ length: 10 }, (_, index) => `10.0.0.${index + 1}:80`);
const keys = Array.from({ length: 5000 }, (_, index) => `key-${index}`);

function ownersOf(members: readonly string[]): readonly (string | undefined)[] {
  const ring = new HashRing(members);
  return keys.map((key) => members[ring.find(key)]);
}

test('every member gets a fair share', () => {
  const counts = new Map<string | undefined, number>();
  for (const owner of ownersOf(labels)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  assert.equal(counts.size, labels.length);
  for (const [label, count] of counts) assert.ok(count > 300 && count < 750, `${label}: ${count}`);
});

test('the order of the members does not matter', () => {
  assert.deepEqual(ownersOf(labels), ownersOf([...labels].reverse()));
});

test('a member that goes only moves the keys that it had', () => {
  const before = ownersOf(labels);
  const after = ownersOf(labels.slice(0, -1));
  for (const [index, owner] of before.entries()) if (owner !== labels.at(-1)) assert.equal(after[index], owner);
});

test('a member that comes only takes keys', () => {
  const added = '10.0.0.11:80';
  const before = ownersOf(labels);
  const moved = ownersOf([...labels, added]).filter((owner, index) => owner !== before[index]);
  assert.ok(moved.length > 0 && moved.every((owner) => owner === added));
});

test('what is excluded is passed over for the next on the ring', () => {
  const ring = new HashRing(labels);
  const first = ring.find('key');
  const second = ring.findExcept('key', (member) => member === first);
  assert.ok(second >= 0 && second !== first);
  assert.equal(
    ring.findExcept('key', () => false),
    first,
  );
  assert.equal(
    ring.findExcept('key', () => true),
    -1,
  );
});

test('without members there is no owner', () => {
  assert.equal(new HashRing([]).find('key'), -1);
  assert.equal(
    new HashRing([]).findExcept('key', () => false),
    -1,
  );
});
