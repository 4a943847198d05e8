// Clients and backends over IPv6, on the loopback address of this machine. Skipped, with the reason, where it has none.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import { startEchoServer } from '../../src/echo/echo-server.ts';
import { waitUntil } from './cluster-rig.ts';
import { catchAllManifests, spawnPortico, startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

/** Why there is no IPv6 here; undefined: there is. */
const missing = await new Promise<string | undefined>((resolve) => {
  const server = net.createServer();
  server.on('error', (error) => resolve(`this machine has no IPv6: ${error.message}`));
  server.listen(0, '::1', () => server.close(() => resolve(undefined)));
});

interface Answer {
  readonly status: number;
  /** What the backend was sent. */
  readonly headers: Readonly<Record<string, string>>;
}

function ask(port: number, scheme: 'http' | 'https' = 'http', host = '::1'): Promise<Answer> {
  const options = { host, port, agent: false, headers: { Host: host === '::1' ? `[::1]:${port}` : 'a.test' }, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = scheme === 'http' ? httpRequest(options) : httpsRequest(options);
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: readHeaders(body) }));
    });
    request.end();
  });
}

function readHeaders(body: string): Readonly<Record<string, string>> {
  if (!body.startsWith('{')) return {};
  const { headers } = JSON.parse(body) as { readonly headers: Readonly<Record<string, readonly string[]>> };
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name.toLowerCase(), values.join()]));
}

describe('IPv6', { skip: missing ?? false }, () => {
  const ends: (() => Promise<unknown>)[] = [];
  after(() => Promise.all(ends.map((end) => end())));

  /** All requests go to a backend on ::1. */
  async function manifests(config: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
    const backend = await startEchoServer({ identity: { backend: 'six', endpoint: 'six', namespace: 'default' }, host: '::1', port: 0 });
    ends.push(() => backend.close());
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'backend-6', namespace: 'default', labels: { 'kubernetes.io/service-name': 'backend' } },
      addressType: 'IPv6',
      ports: [{ name: 'http', port: backend.port, protocol: 'TCP' }],
      endpoints: [{ addresses: ['::1'], conditions: { ready: true } }],
    };
    return { ...catchAllManifests([], { 'ssl-redirect': 'false', ...config }), 'endpoints.yaml': JSON.stringify(slice) };
  }

  async function start(bind: string, config: Readonly<Record<string, string>> = {}): Promise<Portico> {
    const portico = await startPortico({ manifests: await manifests(config), args: [`--bind=${bind}`] });
    ends.push(() => portico.stop());
    return portico;
  }

  it('is listened on where --bind says so, with backends of IPv6 behind it', async () => {
    const portico = await start('[::1]');
    for (const [port, scheme] of [[portico.httpPort, 'http'] as const, [portico.httpsPort, 'https'] as const]) {
      const { status, headers } = await ask(port, scheme);
      assert.equal(status, 200);
      assert.deepEqual([headers['x-forwarded-for'], headers['x-real-ip'], headers['host']], ['::1', '::1', `[::1]:${port}`]);
      await assert.rejects(ask(port, scheme, '127.0.0.1'), /ECONNREFUSED/);
    }
  });

  it('is listened on beside IPv4 without --bind, and clients of IPv4 keep the form of their address', async () => {
    const portico = await start('');
    assert.equal((await ask(portico.httpPort)).headers['x-forwarded-for'], '::1');
    assert.equal((await ask(portico.httpPort, 'http', '127.0.0.1')).headers['x-forwarded-for'], '127.0.0.1');
    assert.equal((await ask(portico.httpsPort, 'https', '127.0.0.1')).headers['x-forwarded-for'], '127.0.0.1');
  });

  it('is left out with disable-ipv6', async () => {
    const portico = await start('', { 'disable-ipv6': 'true' });
    assert.equal((await ask(portico.httpPort, 'http', '127.0.0.1')).status, 200);
    await assert.rejects(ask(portico.httpPort), /ECONNREFUSED/);
  });

  it('has its place in lists of addresses', async () => {
    const portico = await start('::1', { 'whitelist-source-range': '::1/128' });
    assert.equal((await ask(portico.httpPort)).status, 200);
    const config = (await manifests({ 'whitelist-source-range': '2001:db8::/32, 127.0.0.0/8' }))['config.yaml'] ?? '';
    portico.write('config.yaml', config);
    await waitUntil(
      async () => (await ask(portico.httpPort)).status === 403,
      () => portico.output(),
    );
  });

  it('is taken from the PROXY protocol', async () => {
    const portico = await start('::1', { 'use-proxy-protocol': 'true' });
    const socket = net.connect(portico.httpPort, '::1');
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    socket.write(`PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\nGET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
    await new Promise((resolve) => socket.on('close', resolve));
    assert.match(received, /^HTTP\/1\.1 200 /);
    assert.match(received, /"x-forwarded-for": ?\["2001:db8::7"\]/i);
  });

  it('is where health is asked with --healthz-host', async () => {
    const portico = await spawnPortico({ manifests: await manifests(), args: ['--healthz-host=[::1]'] });
    ends.push(() => portico.stop());
    const read = (host: string): Promise<number> => fetch(`http://${host}:${portico.healthzPort}/readyz`).then(({ status }) => status);
    await waitUntil(
      async () => (await read('[::1]').catch(() => 0)) === 200,
      () => portico.output(),
    );
    await assert.rejects(read('127.0.0.1'));
  });
});
