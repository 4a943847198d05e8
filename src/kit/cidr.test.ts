import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCidrSet, unmapAddress } from './cidr.ts';
import type { CidrSet } from './cidr.ts';

function setOf(...texts: string[]): CidrSet {
  const parsed = parseCidrSet(texts);
  assert.ok(parsed.ok);
  return parsed.value;
}

test('holds the addresses of its ranges and their edges', () => {
  const set = setOf('10.0.0.0/8', '192.168.1.7', '2001:db8::/32', 'fe80::1');
  for (const inside of [
    '10.0.0.0',
    '10.255.255.255',
    '192.168.1.7',
    '2001:db8::',
    '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    'fe80::1%eth0',
  ]) {
    assert.equal(set.contains(inside), true, inside);
  }
  for (const outside of ['9.255.255.255', '11.0.0.0', '192.168.1.8', '2001:db9::', '2001:db7:ffff::', 'fe80::2', '::']) {
    assert.equal(set.contains(outside), false, outside);
  }
});

test('takes an IPv4-mapped IPv6 address for its IPv4 address, in the set and in the question', () => {
  assert.equal(setOf('10.0.0.0/8').contains('::ffff:10.1.2.3'), true);
  assert.equal(setOf('10.0.0.0/8').contains('::FFFF:0a01:0203'), true);
  assert.equal(setOf('::ffff:10.0.0.0/104').contains('10.1.2.3'), true);
  assert.equal(setOf('::/0').contains('10.1.2.3'), false);
  assert.equal(setOf('0.0.0.0/0').contains('::1'), false);
});

test('ignores the bits behind the prefix length', () => {
  assert.equal(setOf('10.1.2.3/8').contains('10.9.9.9'), true);
  assert.equal(setOf('2001:db8::1/64').contains('2001:db8::ffff'), true);
});

test('an empty set holds nothing', () => {
  assert.equal(setOf().contains('10.0.0.1'), false);
  assert.equal(setOf().isEmpty, true);
});

test('holds no text that is no address', () => {
  const all = setOf('0.0.0.0/0', '::/0');
  for (const text of [
    '',
    'unknown',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4 ',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::12345',
    '::1.2.3',
    '1:2:3:4:5:6:7::8:1',
    'g::',
  ]) {
    assert.equal(all.contains(text), false, text);
  }
});

test('names the entry that cannot be parsed and why', () => {
  const reasons = {
    '10.0.0.0/33': 'bad-prefix-length',
    '10.0.0.0/': 'bad-prefix-length',
    '10.0.0.0/08': 'bad-prefix-length',
    '::/129': 'bad-prefix-length',
    'x/8': 'not-an-address',
    '010.0.0.1': 'not-an-address',
    'fe80::1%eth0': 'not-an-address',
    ' 10.0.0.1': 'not-an-address',
  };
  for (const [text, reason] of Object.entries(reasons)) {
    assert.deepEqual(parseCidrSet(['10.0.0.0/8', text]), { ok: false, error: { text, reason } });
  }
});

test('writes IPv4-mapped addresses as IPv4', () => {
  assert.equal(unmapAddress('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(unmapAddress('::ffff:ff00:1'), '255.0.0.1');
  assert.equal(unmapAddress('::1'), '::1');
  assert.equal(unmapAddress('10.0.0.1'), '10.0.0.1');
});

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6();

test('recognises the same addresses as node:net', () => {
  const all = setOf('0.0.0.0/0', '::/0');
  const nearly = fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '::', '.', '255', '256', 'ffff', '1.2.3.4'), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, nearly), (text) => assert.equal(all.contains(text), isIP(text) !== 0, text)),
    { numRuns: 2000 },
  );
});

test('gives the same answers as net.BlockList', () => {
  const range4 = fc.record({ address: fc.oneof(ipv4, fc.constantFrom('10.0.0.0', '10.128.0.0')), bits: fc.integer({ min: 0, max: 32 }) });
  const range6 = fc.record({ address: fc.oneof(ipv6, fc.constantFrom('2001:db8::', 'fe80::')), bits: fc.integer({ min: 0, max: 128 }) });
  const asked = fc.oneof(ipv4, ipv6, fc.constantFrom('10.0.0.1', '10.200.0.1', '2001:db8::1', 'fe80::1'));
  fc.assert(
    fc.property(
      fc.array(range4, { maxLength: 6 }),
      fc.array(range6, { maxLength: 6 }),
      fc.array(asked, { maxLength: 8 }),
      (four, six, questions) => {
        const set = setOf(...[...four, ...six].map(({ address, bits }) => `${address}/${bits}`));
        // Two lists: BlockList also takes IPv4 addresses to be in IPv6 ranges that cover the IPv4-mapped ones; nginx does not.
        const [list4, list6] = [new BlockList(), new BlockList()];
        for (const { address, bits } of four) list4.addSubnet(address, bits, 'ipv4');
        for (const { address, bits } of six) list6.addSubnet(address, bits, 'ipv6');
        for (const question of questions) {
          if (unmapAddress(question) !== question) continue;
          const expected = isIP(question) === 4 ? list4.check(question, 'ipv4') : list6.check(question, 'ipv6');
          assert.equal(set.contains(question), expected, question);
        }
      },
    ),
  );
});
