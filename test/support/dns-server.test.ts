import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { after, before, test } from 'node:test';
import { startDnsServer } from './dns-server.ts';
import type { DnsServer } from './dns-server.ts';

let server: DnsServer;
const resolver = new Resolver();

before(async () => {
  server = await startDnsServer({ host: '127.0.0.1', port: 0 }, (name) => (name === 'web.dns.test' ? '127.1.2.3' : undefined));
  resolver.setServers([`${server.host}:${server.port}`]);
});

after(async () => server.close());

test('answers for a name that it knows, whatever its case', async () => {
  assert.deepEqual(await resolver.resolve4('web.DNS.test', { ttl: true }), [{ address: '127.1.2.3', ttl: 0 }]);
});

test('has no other record for it, and no other name', async () => {
  await assert.rejects(resolver.resolve6('web.dns.test'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('other.dns.test'), { code: 'ENOTFOUND' });
});
