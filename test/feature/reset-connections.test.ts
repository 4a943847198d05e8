// A client that sends a request and resets its connection before it is accepted has no address any more by then: nothing that it sent may
// be served, for lists of addresses, limits and the backend would all be told of nobody.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { RawServer } from './engine-rig.ts';
import { catchAllManifests, startPortico } from './portico.ts';

const CLIENTS = 500;
const REQUEST = 'GET /reset HTTP/1.1\r\nHost: a.example\r\n\r\n';

async function sendAndReset(port: number): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => {
    socket.once('connect', () => {
      socket.write(REQUEST);
      socket.resetAndDestroy();
    });
    socket.once('close', resolve);
  });
}

test('a request of a connection that was reset before it was accepted goes nowhere', async (context) => {
  const backend = new RawServer();
  let received = '';
  backend.onConnection = (socket) => socket.on('data', (data) => (received += data.toString('latin1')));
  const manifests = catchAllManifests([await backend.listen()], { 'denylist-source-range': '127.0.0.0/8' });
  const portico = await startPortico({ manifests });
  context.after(async () => {
    await portico.stop();
    await backend.close();
  });
  for (let i = 0; i < CLIENTS; i += 50) await Promise.all(Array.from({ length: 50 }, async () => sendAndReset(portico.httpPort)));
  const refused = await fetch(`http://127.0.0.1:${portico.httpPort}/`);
  assert.equal(refused.status, 403);
  assert.doesNotMatch(portico.output(), /^- - - .*"GET \/reset/m);
  assert.equal(received, '');
});
