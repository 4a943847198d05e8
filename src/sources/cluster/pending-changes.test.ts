// What waits, what overtakes it, and for how long.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { KubernetesObject } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import type { ObjectRef } from '../../resources/store.ts';
import { PendingChanges } from './pending-changes.ts';

const HOLD_MS = 2_000;

function ingress(name: string, ...hosts: readonly string[]): KubernetesObject {
  const metadata = { name, namespace: 'shop' };
  const parsed = parseObject(
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: { rules: hosts.map((host) => ({ host })) } },
    {},
  );
  assert.equal(parsed.kind, 'object');
  return parsed.object;
}

const refOf = (name: string): ObjectRef => ({ kind: 'Ingress', namespace: 'shop', name });

describe('pending changes', () => {
  let now: number;
  let unsettled: Set<string>;
  let foreign: Set<string>;
  let pending: PendingChanges;

  beforeEach(() => {
    now = 0;
    unsettled = new Set();
    foreign = new Set();
    pending = new PendingChanges({
      served: new Map(),
      isOurs: ({ metadata }) => !foreign.has(metadata.name),
      isSettled: ({ metadata }) => !unsettled.has(metadata.name),
      holdIngressMs: HOLD_MS,
      nowMs: () => now,
    });
  });

  const put = (name: string, ...hosts: readonly string[]): void => pending.put(refOf(name), ingress(name, ...hosts));
  const remove = (name: string): void => pending.put(refOf(name), undefined);
  /** Names, of removed ones with a minus. */
  const take = (): readonly string[] => {
    const { upserts, removals } = pending.take().changes;
    return [...upserts.map(({ metadata }) => metadata.name), ...removals.map(({ name }) => `-${name}`)];
  };

  it('tell nothing of what is not ours, but that it is gone where it was ours', () => {
    put('ours', 'a.test');
    put('theirs', 'b.test');
    foreign.add('theirs');
    const { changes, foreign: found } = pending.take();
    assert.deepEqual(
      [changes.upserts, changes.removals, found].map((list) => list.length),
      [1, 0, 1],
    );
    foreign.add('ours');
    put('ours', 'a.test');
    assert.deepEqual(take(), ['-ours']);
    foreign.clear();
    put('ours', 'a.test');
    assert.deepEqual(take(), ['ours']);
  });

  it('wait for what they refer to, for a bounded time, and let others pass', () => {
    unsettled.add('slow');
    put('slow', 'a.test');
    now = 500;
    put('slow', 'a.test', 'b.test');
    put('other', 'c.test');
    const { changes, nextLookMs } = pending.take();
    assert.deepEqual(
      changes.upserts.map(({ metadata }) => metadata.name),
      ['other'],
    );
    assert.equal(nextLookMs, HOLD_MS - 500, 'a newer version does not begin anew');
    now = HOLD_MS;
    assert.deepEqual(take(), ['slow']);
  });

  it('are not overtaken by what concerns one of their hosts, now or before', () => {
    put('old', 'a.test');
    put('older', 'b.test');
    assert.deepEqual(take(), ['old', 'older']);
    unsettled.add('new');
    put('new', 'a.test');
    remove('old');
    put('older', 'a.test');
    put('last', 'b.test');
    assert.deepEqual(take(), []);
    unsettled.clear();
    assert.deepEqual(take(), ['new', 'older', 'last', '-old']);
  });

  it('are the newest of each object only, and nothing where it comes and goes', () => {
    put('a', 'a.test');
    remove('a');
    assert.deepEqual(take(), []);
    put('a', 'a.test');
    assert.deepEqual(take(), ['a']);
    remove('a');
    assert.deepEqual(take(), ['-a']);
  });
});
