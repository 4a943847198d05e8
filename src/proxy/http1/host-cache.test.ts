// What is known of a host must be what the table says now, however many hosts were named before. `field-memo.test.ts` mixes it with kept fields.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hostWith } from '../../../test/support/model-rows.ts';
import { normaliseHost } from '../../routing/normalise-host.ts';
import { createRoutingTable } from '../../routing/table.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import { parseRequestHead } from './head-parser.ts';
import { HASH_SEED, HostCache, type KnownHost, mix } from './host-cache.ts';
import { MessageHead } from './message-head.ts';

const limits = { requestLineBytes: 1024, headBytes: 4096, fieldBytes: 400, fields: 16 };

function open(places?: number) {
  const table = createRoutingTable<ProxyRoute>(() => assert.fail('there are no routes'));
  const hosts = new HostCache(table, places);
  const head = new MessageHead();
  const ask = (start: string): KnownHost => {
    const bytes = Buffer.from(`${start}\r\n\r\n`, 'latin1');
    assert.ok(parseRequestHead(bytes, 0, bytes.length, limits, head) > 0, start);
    return hosts.of(head);
  };
  return {
    table,
    hosts,
    add: (name: string) => table.upsertHost(hostWith(name, [])),
    askLine: ask,
    ask: (host: string) => ask(`GET / HTTP/1.1\r\nHost: ${host}`),
  };
}

function hashOf(bytes: Buffer): number {
  return bytes.reduce(mix, HASH_SEED);
}

describe('known hosts', () => {
  test('are the same for the same bytes only', () => {
    const { ask, add } = open();
    add('a.example');
    const known = ask('a.example');
    assert.equal(ask('a.example'), known);
    for (const other of ['a.exampl', 'a.example:80', 'A.example', 'a.example.', 'b.example']) {
      const { text, name, isDefined, compiled } = ask(other);
      assert.equal(text, other);
      assert.equal(name, normaliseHost(other));
      assert.equal(isDefined, name === 'a.example', other);
      assert.equal(compiled.host.name, name === 'a.example' ? name : '_');
      assert.equal(ask('a.example'), known);
    }
  });

  test('are right when there are more than are kept', () => {
    const { ask, add, table } = open();
    const names = Array.from({ length: 12_000 }, (_, i) => `host-${i}.example`);
    names.forEach((name, i) => {
      if (i % 3 === 0) add(name);
    });
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        const known = ask(name);
        assert.equal(known.text, name);
        assert.equal(known.compiled, table.findHost(name));
        assert.equal(ask(name), known, 'the last one is kept');
      }
    }
  });

  test('are two at a time in the same places', () => {
    const { ask, hosts } = open(2);
    const [one, other, third] = ['one.example', 'other.example', 'third.example'];
    const isKnown = (name: string): boolean => hosts.peek(Buffer.from(name), 0, name.length, hashOf(Buffer.from(name))) !== undefined;
    ask(one);
    ask(other);
    assert.deepEqual([one, other, third].map(isKnown), [true, true, false]);
    ask(third);
    assert.deepEqual([one, other, third].map(isKnown), [false, true, true]);
    const bytes = Buffer.from('third.example');
    for (let i = 0; i < bytes.length; i++) {
      const like = `${bytes.latin1Slice(0, i)}x${bytes.latin1Slice(i + 1)}`;
      if (i !== 7) assert.ok(!isKnown(like), like);
    }
  });

  test('change with the table', () => {
    const { ask, add, table, hosts } = open();
    const bytes = Buffer.from('a.b.example');
    assert.equal(ask('a.b.example').compiled.host.name, '_');
    assert.equal(ask('other.example').compiled.host.name, '_');
    add('*.b.example');
    assert.equal(hosts.peek(bytes, 0, bytes.length, hashOf(bytes)), undefined, 'of an earlier version');
    assert.equal(ask('a.b.example').compiled.host.name, '*.b.example');
    add('a.b.example');
    const { compiled, isDefined } = ask('a.b.example');
    assert.equal(compiled.host.name, 'a.b.example');
    assert.equal(isDefined, true);
    table.rebuild();
    assert.notEqual(ask('a.b.example').compiled, compiled);
    assert.equal(ask('a.b.example').compiled, table.findHost('a.b.example'));
    table.removeHost(compiled.host.name);
    assert.equal(ask('a.b.example').compiled.host.name, '*.b.example');
    assert.equal(ask('a.b.example').isDefined, false);
    assert.equal(ask('other.example').compiled.host.name, '_');
  });

  test('of requests without Host are those of the target, or the catch-all', () => {
    const { askLine, add } = open();
    add('a.example');
    assert.equal(askLine('GET / HTTP/1.0').compiled.host.name, '_');
    assert.equal(askLine('GET http://a.example/ HTTP/1.0').compiled.host.name, 'a.example');
    assert.equal(askLine('GET / HTTP/1.0').compiled.host.name, '_');
  });
});
