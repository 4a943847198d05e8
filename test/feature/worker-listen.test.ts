// What workers do about their ports once the program serves: one that is started again goes on trying to open them, and one that drains
// opens none, whatever the settings say.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitAnswer, RawServer, waitUntil } from './engine-rig.ts';
import { Client } from '../torture/client.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const fault = new URL('../support/worker-fault.ts', import.meta.url).href;
const request = { kind: 'write', bytes: 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n' } as const;

async function connect(portico: Portico): Promise<Client> {
  return new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
}

/** Lets the worker die and takes its port before the next one does; once more where that one was quicker. */
async function takePort({ pid, httpPort }: Portico): Promise<net.Server> {
  for (let attempt = 0; ; attempt++) {
    if (attempt % 1000 === 0) process.kill(pid, 'SIGUSR2');
    const server = net.createServer((socket) => socket.destroy());
    const isOpen = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(httpPort, '127.0.0.1', () => resolve(true));
    });
    if (isOpen === true) return server;
    await sleep(1);
  }
}

async function isReady(portico: Portico): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${portico.healthzPort}/readyz`)).status === 200;
}

test('a worker that cannot open its ports after a fault says so and tries again', async (context) => {
  const manifests = catchAllManifests([1], {});
  const portico = await startPortico({ manifests, env: { NODE_OPTIONS: `--import=${fault}` } });
  context.after(() => portico.stop());
  const other = await takePort(portico);
  await waitUntil('a word about it', () => /serves nothing yet: .*is in use by another program/.test(portico.output()));
  assert.equal(await isReady(portico), false);
  await new Promise((resolve) => other.close(resolve));
  await waitUntil('the ports', () => isReady(portico));
  const client = await connect(portico);
  await client.send([request]);
  assert.equal((await awaitAnswer(client, 'GET')).response.status, 502);
  client.destroy();
});

test('settings that change during a drain end no request', async (context) => {
  const backend = new RawServer();
  const asked: net.Socket[] = [];
  backend.onConnection = (socket) => socket.once('data', () => asked.push(socket));
  const ports = [await backend.listen()];
  const portico = await startPortico({ manifests: catchAllManifests(ports, {}) });
  const client = await connect(portico);
  context.after(async () => {
    client.destroy();
    await portico.stop();
    await backend.close();
  });
  await client.send([request]);
  await waitUntil('the request', () => asked.length > 0);
  process.kill(portico.pid, 'SIGTERM');
  await waitUntil('the drain', () => portico.output().includes('accepting no more connections'));
  // The diagnostic of the second key tells that the first was taken over.
  portico.write('config.yaml', catchAllManifests(ports, { 'server-tokens': 'true', 'no-such-key': '' })['config.yaml'] ?? '');
  await waitUntil('the change', () => portico.output().includes('no-such-key') || client.isClosed);
  await sleep(100);
  asked[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  assert.equal((await awaitAnswer(client, 'GET')).response.status, 200);
});
