import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ForwardedSettings } from '../../model/settings.ts';
import { createClientAddressResolver } from './client-address.ts';

const settings: ForwardedSettings = {
  useForwardedHeaders: true,
  enableRealIp: false,
  useProxyProtocol: false,
  trustedCidrs: ['10.0.0.0/8', '127.0.0.1/32'],
  forHeader: 'X-Forwarded-For',
  hostHeader: 'X-Forwarded-Host',
  forProxyProtocolHeader: 'X-Forwarded-For-Proxy-Protocol',
  computeFullForwardedFor: false,
  addOriginalUriHeader: false,
  generateRequestId: true,
};

describe('the client behind trusted proxies', () => {
  const { resolve, isTrusted } = createClientAddressResolver(settings);

  test('is the first untrusted address from the right', () => {
    assert.equal(resolve('127.0.0.1', '203.0.113.9, 192.0.2.1, 10.1.2.3'), '192.0.2.1');
  });

  test('is the leftmost address where all are trusted', () => {
    assert.equal(resolve('127.0.0.1', '10.0.0.9, 10.1.2.3'), '10.0.0.9');
  });

  test('is the last address before one that is none', () => {
    assert.equal(resolve('127.0.0.1', '192.0.2.1, unknown, 10.1.2.3'), '10.1.2.3');
    assert.equal(resolve('127.0.0.1', 'unknown'), '127.0.0.1');
    assert.equal(resolve('127.0.0.1', ''), '127.0.0.1');
  });

  test('may be written with a port, or as a mapped address', () => {
    assert.equal(resolve('127.0.0.1', '192.0.2.1:4711'), '192.0.2.1');
    assert.equal(resolve('127.0.0.1', '[2001:db8::1]:4711'), '2001:db8::1');
    assert.equal(resolve('127.0.0.1', '::ffff:192.0.2.1'), '192.0.2.1');
  });

  test('counts for peers in the list only', () => {
    assert.equal(isTrusted('10.9.9.9'), true);
    assert.equal(isTrusted('192.0.2.1'), false);
  });
});

test('without the settings that ask for it nobody is trusted', () => {
  const { isTrusted } = createClientAddressResolver({ ...settings, useForwardedHeaders: false });
  assert.equal(isTrusted('10.9.9.9'), false);
});
