// What the HTTPS port does with connections that are no TLS: it says so to HTTP clients, ends the others, and counts none of them for good.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

describe('the HTTPS port', () => {
  let portico: Portico;
  before(async () => {
    portico = await startPortico({ manifests: catchAllManifests([1], {}), args: ['--enable-metrics'] });
  });
  after(() => portico.stop());

  /** Sends `bytes` and waits for the end of the connection. */
  async function send(bytes: string | Buffer): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = '';
    const socket = net.connect(portico.httpsPort, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => (received += data.toString('latin1')));
    socket.on('error', () => resolve(received));
    socket.on('close', () => resolve(received));
    return promise;
  }

  async function openConnections(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${portico.healthzPort}/metrics`);
    return Number(/^portico_open_connections (\d+)$/m.exec(await response.text())?.[1]);
  }

  test('answers a plain HTTP request with 400 and its code', async () => {
    const answer = await send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(answer, /\r\nX-Portico-Error: PRT-REQ-19\r\n/);
  });

  test('ends a connection that speaks neither', async () => {
    assert.doesNotMatch(await send(Buffer.from('\x16\x03\x01\0\x05\x01\0\0\x01\0', 'latin1')), /HTTP/);
  });

  test('forgets connections whose handshake failed', async () => {
    await Promise.all(Array.from({ length: 10 }, async () => send('nonsense that is no handshake\r\n\r\n')));
    await waitUntil('no connections', async () => (await openConnections()) === 0);
  });
});
