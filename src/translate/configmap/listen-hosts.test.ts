import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listenHosts, parseBindAddresses } from './listen-hosts.ts';

describe('the addresses of the ports', () => {
  const hosts = (text: string, hasIpv6 = true): string => {
    const addresses = parseBindAddresses(text);
    assert.ok(addresses.ok, text);
    return listenHosts(addresses.value, hasIpv6)
      .map(({ address, isOptional }) => (isOptional ? `(${address})` : address))
      .join(' ');
  };

  it('are those that are named, and all of a family of which none is', () => {
    assert.equal(hosts(''), '');
    assert.equal(hosts('192.0.2.1, 192.0.2.2,192.0.2.1'), '192.0.2.1 192.0.2.2 (::)');
    assert.equal(hosts('[2001:db8::1]'), '(0.0.0.0) 2001:db8::1');
    assert.equal(hosts('192.0.2.1,2001:db8::1'), '192.0.2.1 2001:db8::1');
  });

  it('are none of IPv6 where that is disabled', () => {
    assert.equal(hosts('', false), '(0.0.0.0)');
    assert.equal(hosts('192.0.2.1,2001:db8::1', false), '192.0.2.1');
    assert.equal(hosts('2001:db8::1', false), '(0.0.0.0)');
  });

  it('are addresses', () => {
    for (const text of ['localhost', '192.0.2', '192.0.2.1:80', '192.0.2.0/24', '[192.0.2.1', '192.0.2.1\0', '1.2.3.4,'.repeat(65)])
      assert.equal(parseBindAddresses(text).ok, false, text);
  });
});
