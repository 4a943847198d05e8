// A client that has connected before a drain, and sends its first request when it has begun, gets an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
