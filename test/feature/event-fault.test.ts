// A fault in what the end of an operation on a file causes ends one exchange, and no other connection of the worker.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backend } from '../torture/backend.ts';
import { Client } from '../torture/client.ts';
import { expandParts } from '../torture/parts.ts';
import { awaitAnswer, waitUntil } from './engine-rig.ts';
import { catchAllManifests, startPortico } from './portico.ts';

const fault = new URL('../support/file-fault.ts', import.meta.url).href;

test('a fault in a callback of a file ends its exchange alone', async (context) => {
  const backend = new Backend();
  const config = { 'proxy-request-buffering': 'on', 'proxy-body-size': '8m' };
  const portico = await startPortico({
    manifests: catchAllManifests([await backend.listen(0)], config),
    env: { NODE_OPTIONS: `--import=${fault}` },
  });
  const proxy = { host: '127.0.0.1', port: portico.httpPort };
  const [kept, other] = [await new Client(proxy).ready(), await new Client(proxy).ready()];
  context.after(async () => {
    kept.destroy();
    other.destroy();
    await portico.stop();
    await backend.close();
  });
  await backend.reset();
  const bodyBytes = 1024 * 1024;
  await other.send(
    expandParts([`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bodyBytes}\r\n\r\n`, { repeat: 'x', times: bodyBytes }]),
  );
  assert.equal((await awaitAnswer(other, 'POST')).response.status, 500);
  await kept.send(expandParts('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'));
  assert.equal((await awaitAnswer(kept, 'GET')).response.status, 200);
  await waitUntil('a word about it', () => portico.output().includes('a fault on purpose'));
  assert.doesNotMatch(portico.output(), /a worker died/);
});
