import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';
import { findSamples, parseExposition } from './exposition-parser.ts';
import type { HealthServer, HealthServerOptions } from './health-server.ts';
import { listenHealthServer } from './health-server.ts';

const page = '# HELP up Whether it is up.\n# TYPE up gauge\nup 1\n';

async function listen(t: TestContext, overrides: Partial<HealthServerOptions> = {}): Promise<HealthServer & { url: string }> {
  const server = await listenHealthServer({
    host: '127.0.0.1',
    port: 0,
    healthPath: '/healthz',
    getHealthProblem: () => undefined,
    getReadinessProblem: () => undefined,
    metrics: {
      async *print() {
        yield page;
      },
    },
    ...overrides,
  });
  t.after(() => server.close());
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}

test('answers health and readiness by what it is told at each request', async (t) => {
  const problems: { health?: string; readiness?: string } = { readiness: 'worker 1 has no table yet' };
  const { url } = await listen(t, { getHealthProblem: () => problems.health, getReadinessProblem: () => problems.readiness });
  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(url + path, { method });
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get('/healthz'), [200, 'ok']);
  assert.deepEqual(await get('/healthz?verbose'), [200, 'ok']);
  assert.deepEqual(await get('/readyz'), [503, 'worker 1 has no table yet']);
  delete problems.readiness;
  problems.health = 'shutting down';
  assert.deepEqual(await get('/readyz'), [200, 'ok']);
  assert.deepEqual(await get('/healthz'), [500, 'shutting down']);
  assert.deepEqual(await get('/healthz', 'HEAD'), [500, '']);
  assert.deepEqual((await get('/healthz', 'POST'))[0], 405);
  assert.deepEqual((await get('/'))[0], 404);
  assert.deepEqual((await get('/healthz/x'))[0], 404);
});

test('answers although somebody holds all connections that there may be', async (t) => {
  const { port, url } = await listen(t);
  const held = await Promise.all(
    Array.from({ length: 128 }, async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    }),
  );
  t.after(() => held.forEach((socket) => socket.destroy()));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test('answers health at the path that it is given', async (t) => {
  const { url } = await listen(t, { healthPath: '/alive' });
  assert.equal((await fetch(`${url}/alive`)).status, 200);
  assert.equal((await fetch(`${url}/healthz`)).status, 404);
});

test('streams metrics, zipped where the scraper takes it', async (t) => {
  const { url } = await listen(t);
  for (const [encoding, expected] of [
    ['gzip', 'gzip'],
    ['identity', null],
    ['gzip;q=0', null],
  ] as const) {
    const response = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': encoding } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), EXPOSITION_CONTENT_TYPE);
    assert.equal(response.headers.get('content-encoding'), expected);
    assert.equal(findSamples(parseExposition(await response.text()), 'up')[0]?.value, 1);
  }
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('stops making the page when the scraper goes away or takes nothing', async (t) => {
  const ended = Promise.withResolvers<number>();
  const chunk = `# ${'x'.repeat(64 * 1024)}\n`;
  const { port } = await listen(t, {
    metrics: {
      async *print() {
        let chunks = 0;
        try {
          for (; chunks < 100_000; chunks++) yield chunk;
        } finally {
          ended.resolve(chunks);
        }
      },
    },
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  // Take a little, then nothing: the page must wait, and end when the connection does.
  await once(socket, 'data');
  socket.pause();
  socket.destroy();
  assert.ok((await ended.promise) < 10_000);
});

test('cuts the answer where the page fails, so that no scraper takes half for whole', async (t) => {
  const { url } = await listen(t, {
    metrics: {
      async *print() {
        yield page;
        throw new Error('a fault');
      },
    },
  });
  await assert.rejects(async () => (await fetch(`${url}/metrics`)).text());
});

test('rejects with the reason where the address is taken', async (t) => {
  const { port } = await listen(t);
  await assert.rejects(listen(t, { port }), { code: 'EADDRINUSE' });
});
