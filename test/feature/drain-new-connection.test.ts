// A client that has connected before a drain, and sends its first request when it has begun, gets an answer.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { fieldOf, openEngine, awaitAnswer, waitUntil } from './engine-rig.ts';
import { expandParts } from '../torture/parts.ts';

test('the first request of a connection is answered at the start of a drain', async (context) => {
  const rig = await openEngine();
  context.after(() => rig.close());
  await rig.backend.reset();
  const client = await rig.connect();
  const used = await rig.connect();
  await used.send(expandParts('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
  assert.equal((await awaitAnswer(used, 'GET')).response.status, 200);
  process.kill(rig.portico.pid, 'SIGTERM');
  await waitUntil('the drain', () => rig.portico.output().includes('accepting no more connections'));
  await waitUntil('the end of the other', () => used.isClosed);
  await client.send(expandParts('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
  const { response } = await awaitAnswer(client, 'GET');
  assert.equal(response.status, 200);
  assert.equal(fieldOf(response, 'connection'), 'close');
});

test('a handshake that has not begun yet is answered too', async (context) => {
  const rig = await openEngine({ 'ssl-redirect': 'false' });
  context.after(() => rig.close());
  await rig.backend.reset();
  const raw = net.connect(rig.portico.httpsPort, '127.0.0.1');
  await new Promise<void>((resolve) => raw.once('connect', resolve));
  // Behind it, so that it has been accepted.
  const other = await rig.connect();
  await other.send(expandParts('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
  await awaitAnswer(other, 'GET');
  process.kill(rig.portico.pid, 'SIGTERM');
  await waitUntil('the drain', () => rig.portico.output().includes('accepting no more connections'));
  await waitUntil('the end of the other', () => other.isClosed);
  const socket = tls.connect({ socket: raw, servername: 'a.example', rejectUnauthorized: false });
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
  socket.on('error', (error) => (received += error.message));
  socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
  await waitUntil('an answer', () => received !== '');
  assert.match(received, /^HTTP\/1\.1 200 /);
  socket.destroy();
});
