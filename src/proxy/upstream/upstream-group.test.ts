import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Upstream, upstreamKey } from '../../model/upstream.ts';
import { UpstreamGroup } from './upstream-group.ts';

const key = upstreamKey('default', 'shop', '80');
const origin = { kind: 'Service', namespace: 'default', name: 'shop' };

function groupOf(...addresses: readonly string[]): UpstreamGroup {
  const group = new UpstreamGroup(key, 0);
  group.update(rowOf(addresses), new Map());
  return group;
}

function rowOf(addresses: readonly string[]): Upstream {
  return { ...template, endpoints: addresses.map((address) => ({ address, port: 80 })) };
}

const template: Upstream = { key, name: 'default-shop-80', endpoints: [], origin };

describe('round robin', () => {
  test('gives every endpoint its turn', () => {
    const group = groupOf('10.0.0.1', '10.0.0.2', '10.0.0.3');
    const picked = Array.from({ length: 6 }, () => group.pick(0, [])?.address);
    assert.deepEqual(picked, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  });

  test('starts where the random number says', () => {
    const first = new UpstreamGroup(key, 0.75);
    first.update(rowOf(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']), new Map());
    assert.equal(first.pick(0, [])?.address, '10.0.0.1');
    assert.equal(new UpstreamGroup(key, 0.5).pick(0, []), undefined);
  });

  test('prefers endpoints that were not tried, and comes back to them when all were', () => {
    const group = groupOf('10.0.0.1', '10.0.0.2');
    const first = group.pick(0, []);
    assert.ok(first !== undefined);
    const second = group.pick(0, [first]);
    assert.ok(second !== undefined && second !== first);
    assert.ok(group.pick(0, [first, second]) !== undefined);
  });
});

describe('an endpoint that refuses connections', () => {
  test('is left alone after five refusals in a row, for a while', () => {
    const group = groupOf('10.0.0.1', '10.0.0.2');
    const [bad] = group.endpoints;
    assert.ok(bad !== undefined);
    for (let i = 0; i < 4; i++) bad.noteRefusal(0);
    assert.equal(bad.isEjected(1), false);
    bad.noteRefusal(0);
    for (let i = 0; i < 4; i++) assert.equal(group.pick(999, [])?.address, '10.0.0.2');
    assert.equal(bad.isEjected(1000), false);
  });

  test('is left alone for longer when it goes on, and is forgiven by one connection', () => {
    const [bad] = groupOf('10.0.0.1').endpoints;
    assert.ok(bad !== undefined);
    for (let i = 0; i < 7; i++) bad.noteRefusal(0);
    assert.equal(bad.isEjected(3999), true);
    bad.noteConnected();
    assert.equal(bad.isEjected(0), false);
  });

  test('is used all the same when there is no other', () => {
    const group = groupOf('10.0.0.1');
    for (let i = 0; i < 9; i++) group.endpoints[0]?.noteRefusal(0);
    assert.equal(group.pick(0, [])?.address, '10.0.0.1');
  });
});

describe('a change of endpoints', () => {
  test('keeps what stays and drains what goes', () => {
    const group = groupOf('10.0.0.1', '10.0.0.2');
    const [gone, kept] = group.endpoints;
    group.update(rowOf(['10.0.0.2', '10.0.0.3']), new Map());
    assert.equal(group.endpoints[0], kept);
    assert.equal(gone?.isDraining, true);
    assert.equal(kept?.isDraining, false);
  });

  test('writes IPv6 addresses in brackets', () => {
    assert.equal(groupOf('fd00::1').endpoints[0]?.label, '[fd00::1]:80');
  });
});
