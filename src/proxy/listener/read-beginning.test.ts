import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBeginning } from './read-beginning.ts';

interface Pair {
  readonly client: net.Socket;
  readonly accepted: net.Socket;
}

async function connect(context: TestContext): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<net.Socket>();
  const server = net.createServer({ pauseOnConnect: true }, resolve);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const client = net.connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  client.on('error', () => undefined);
  const accepted = await promise;
  accepted.on('error', () => undefined);
  context.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { client, accepted };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 5000 && !holds(); i++) await sleep(2);
  assert.ok(holds());
}

test('a client that sends a byte now and then is given up all the same', async (context) => {
  const { client, accepted } = await connect(context);
  let isGone = false;
  readBeginning(accepted, {
    early: Buffer.alloc(0),
    timeoutMs: 100,
    understand: () => undefined,
    guard: (event) => event(),
    onGone: () => (isGone = true),
  });
  const timer = setInterval(() => client.write('x'), 10);
  context.after(() => clearInterval(timer));
  await until(() => isGone);
});

test('one that has said enough is not given up any more', async (context) => {
  const { client, accepted } = await connect(context);
  let understood = '';
  readBeginning(accepted, {
    early: Buffer.from('a'),
    timeoutMs: 30,
    understand: (bytes) => (bytes.length < 3 ? undefined : () => (understood = bytes.toString())),
    guard: (event) => event(),
    onGone: assert.fail,
  });
  client.write('b');
  client.write('c');
  await until(() => understood === 'abc');
  await sleep(60);
  assert.equal(accepted.destroyed, false);
});
