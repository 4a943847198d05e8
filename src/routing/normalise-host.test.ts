import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseHost } from './normalise-host.ts';

test('gives the name under which a host is looked up', () => {
  const names = {
    'shop.example': 'shop.example',
    'Shop.EXAMPLE': 'shop.example',
    'shop.example:8080': 'shop.example',
    'shop.example.': 'shop.example',
    'Shop.Example.:443': 'shop.example',
    'shop.example..': 'shop.example.',
    '127.0.0.1:80': '127.0.0.1',
    '[::1]': '[::1]',
    '[2001:DB8::1]:8080': '[2001:db8::1]',
    'ÀB.example': 'Àb.example',
    '': '',
  };
  for (const [host, expected] of Object.entries(names)) assert.equal(normaliseHost(host), expected, host);
});
