// Slow, idle and too many clients: each is ended, and the others go on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { expandParts } from '../torture/parts.ts';
import type { Client } from '../torture/client.ts';
import { type Answer, type EngineRig, openEngine, openRawEngine, waitUntil } from './engine-rig.ts';

const host = 'Host: a.example\r\n';

describe('slow and idle clients', () => {
  let rig: EngineRig;
  before(async () => {
    rig = await openEngine({ 'client-header-timeout': '2', 'client-body-timeout': '2', 'keep-alive': '2' });
  });
  after(() => rig.close());

  /** Sends one byte every 100 ms until the connection ends; the number sent is bounded by the length of the text. */
  async function drip(client: Client, text: string): Promise<void> {
    for (const byte of text) {
      if (client.isClosed) return;
      await client.send(expandParts(byte));
      await sleep(100);
    }
    await waitUntil('the end of the connection', () => client.isClosed);
  }

  test('a head that arrives byte by byte is ended by its deadline, however steadily the bytes come', async () => {
    await rig.backend.reset();
    const client = await rig.connect();
    await drip(client, `GET / HTTP/1.1\r\n${host}X-A: ${'a'.repeat(100)}`);
    assert.match(client.received, /^(HTTP\/1\.1 408 |$)/);
    assert.equal(rig.backend.requests.length, 0);
  });

  test('a second head on a connection has a deadline too', async () => {
    const { client } = await rig.ask(`GET / HTTP/1.1\r\n${host}\r\n`);
    const firstBytes = client.received.length;
    await drip(client, `GET / HTTP/1.1\r\n${host}X-A: ${'a'.repeat(100)}`);
    assert.match(client.received.slice(firstBytes), /^(HTTP\/1\.1 408 |$)/);
    assert.equal(rig.backend.requests.length, 1);
  });

  test('a body that stops is ended, and the backend sees no complete request', async () => {
    await rig.backend.reset();
    const client = await rig.connect();
    await client.send(expandParts(`POST / HTTP/1.1\r\n${host}Content-Length: 10\r\n\r\nhello`));
    await waitUntil('the end of the connection', () => client.isClosed);
    assert.match(client.received, /^(HTTP\/1\.1 408 |$)/);
    await waitUntil('the end of the upstream connection', () => rig.backend.openConnections() === 0);
    assert.equal(rig.backend.requests.length, 0);
  });

  test('an idle connection is closed without a word', async () => {
    const { client } = await rig.ask(`GET /a HTTP/1.1\r\n${host}\r\n`);
    await waitUntil('the end of the connection', () => client.isClosed);
    assert.ok(client.received.endsWith('ok GET /a\n'));
    assert.equal(client.errorCode, undefined);
  });

  test('a connection that never sends anything is closed', async () => {
    const client = await rig.connect();
    await waitUntil('the end of the connection', () => client.isClosed);
    assert.match(client.received, /^(HTTP\/1\.1 408 |$)/);
  });
});

test('a client that is not read from, because its backend does not read, is not late', async (context) => {
  const config = { 'client-body-timeout': '2', 'proxy-body-size': '0' };
  const { portico, server } = await openRawEngine(config);
  const length = 40_000_000;
  let received = 0;
  server.onConnection = (socket) => {
    // Longer than the client may be silent.
    setTimeout(() => socket.on('data', count), 5000);
    const count = (data: Buffer): void => {
      received += data.length;
      if (received > length) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    };
  };
  const client = connect(portico.httpPort, '127.0.0.1');
  context.after(async () => {
    client.destroy();
    await portico.stop();
    await server.close();
  });
  let answer = '';
  client.on('data', (data) => (answer += data.toString('latin1')));
  client.on('error', () => undefined);
  client.write(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${length}\r\n\r\n`);
  client.write(Buffer.alloc(length));
  await waitUntil('an answer', () => answer !== '' || client.destroyed);
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

describe('many clients', () => {
  const limit = 20;
  let rig: EngineRig;
  before(async () => {
    rig = await openEngine({ 'max-worker-connections': String(limit) });
  });
  after(() => rig.close());

  test('no more connections stay open than the limit, and there is room again when they end', async () => {
    const clients = await Promise.all(Array.from({ length: 3 * limit }, () => rig.connect()));
    await waitUntil('the limit to be kept', () => clients.filter((client) => !client.isClosed).length <= limit);
    for (const client of clients) client.destroy();
    // Portico hears of all these ends a little later.
    const answer = (): Promise<Answer | undefined> => rig.ask(`GET /a HTTP/1.1\r\n${host}\r\n`).catch(() => undefined);
    await waitUntil('room for one more', async () => (await answer())?.response.body === 'ok GET /a\n');
    assert.ok(rig.portico.isRunning());
  });
});
