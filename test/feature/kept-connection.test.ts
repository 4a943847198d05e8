// What is remembered of a connection for the next request on it must never count for another request: other hosts, other credentials, other
// clients, another Secret. One worker, so that all of them share what a worker shares.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Backend, type SeenRequest } from '../torture/backend.ts';
import { Client } from '../torture/client.ts';
import { expandParts } from '../torture/parts.ts';
import { type ResponseMessage, valuesOf } from '../torture/wire.ts';
import { awaitAnswer, fieldOf, waitUntil } from './engine-rig.ts';
import { ingress } from './manifests.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

/** Passwords `bar` and `bob` as htpasswd has them. */
const hashes = { alice: '{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=', bob: '{PLAIN}bob' };
const alice = `Authorization: Basic ${Buffer.from('alice:bar').toString('base64')}\r\n`;
const bob = `Authorization: Basic ${Buffer.from('bob:bob').toString('base64')}\r\n`;
const like = `Authorization: Basic ${Buffer.from('alice:baz').toString('base64')}\r\n`;

function secret(name: keyof typeof hashes, line: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\ndata: {auth: ${Buffer.from(`${name}:${line}\n`).toString('base64')}}\n`;
}

const basic = (name: string): Readonly<Record<string, string>> => ({ 'auth-type': 'basic', 'auth-secret': name, 'auth-realm': name });

interface Asked {
  readonly host: string;
  readonly lines?: string;
}

describe('a kept connection', () => {
  const backend = new Backend();
  let portico: Portico;
  const clients: Client[] = [];

  before(async () => {
    const manifests = {
      ...catchAllManifests([await backend.listen(0)], {}),
      'alice.yaml': ingress('alice', 'backend', basic('alice')),
      'bob.yaml': ingress('bob', 'backend', basic('bob')),
      'open.yaml': ingress('open', 'backend', { 'enable-cors': 'true', 'cors-allow-origin': 'https://*.bench.test' }),
      'secret-alice.yaml': secret('alice', hashes.alice),
      'secret-bob.yaml': secret('bob', hashes.bob),
    };
    portico = await startPortico({ manifests });
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await portico.stop();
    await backend.close();
  });

  async function connect(): Promise<Client> {
    const client = await new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
    clients.push(client);
    return client;
  }

  const textOf = ({ host, lines = '' }: Asked, path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}.example\r\nUser-Agent: test\r\n${lines}Accept: */*\r\n\r\n`;

  /** Sends all requests in one piece, and answers the responses in order. */
  async function pipeline(client: Client, before: number, asked: readonly Asked[]): Promise<readonly ResponseMessage[]> {
    await client.send(expandParts(asked.map((one, index) => textOf(one, `/${before + index}`)).join('')));
    const { final } = await awaitAnswer(client, 'GET', before + asked.length - 1);
    return final.slice(before);
  }

  const seenOf = (path: string): SeenRequest | undefined => backend.requests.find(({ target }) => target === path);

  it('lets each request in by its own credentials, at once and one by one', async () => {
    const rows: readonly (readonly [Asked, number])[] = [
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'alice', lines: like }, 401],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'bob', lines: alice }, 401],
      [{ host: 'bob', lines: bob }, 200],
      [{ host: 'bob', lines: bob }, 200],
      [{ host: 'bob', lines: bob }, 200],
      [{ host: 'alice', lines: bob }, 401],
      [{ host: 'open', lines: bob }, 200],
      [{ host: 'alice' }, 401],
      [{ host: 'bob' }, 401],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'alice', lines: alice }, 200],
      [{ host: 'bob', lines: alice }, 401],
      [{ host: 'alice', lines: alice }, 200],
    ];
    await backend.reset();
    const [one, stranger] = [await connect(), await connect()];
    const answers = await pipeline(
      one,
      0,
      rows.map(([asked]) => asked),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      rows.map(([, status]) => status),
    );
    for (let i = 0; i < rows.length; i++) {
      const [asked, status] = rows[i] ?? [];
      assert.ok(asked !== undefined);
      const [single] = await pipeline(one, rows.length + i, [asked]);
      assert.equal(single?.status, status, JSON.stringify(asked));
      const [other] = await pipeline(stranger, i, [{ host: asked.host }]);
      assert.equal(other?.status, asked.host === 'open' ? 200 : 401, 'a stranger without credentials');
    }
    const guarded = backend.requests.filter(({ fields }) => valuesOf(fields, 'host').join() !== 'open.example');
    assert.ok(guarded.every(({ fields }) => valuesOf(fields, 'authorization').length === 0));
  });

  it('tells the backend the host of each request, and no other', async () => {
    await backend.reset();
    const [one, other] = [await connect(), await connect()];
    const hosts = [
      'open',
      'x.open',
      'y.open',
      'longer.name.of.open',
      'open',
      'open',
      'open',
      'x',
      'y',
      'much.longer.name.of.open',
      'x.open',
    ];
    const first = await pipeline(
      one,
      0,
      hosts.map((host) => ({ host })),
    );
    assert.equal(first.length, hosts.length);
    for (let i = 0; i < hosts.length; i++) {
      const seen = seenOf(`/${i}`);
      const expected = `${hosts[i]}.example`;
      assert.deepEqual(valuesOf(seen?.fields ?? [], 'host'), [expected]);
      assert.deepEqual(valuesOf(seen?.fields ?? [], 'x-forwarded-host'), [expected]);
      assert.deepEqual(valuesOf(seen?.fields ?? [], 'user-agent'), ['test']);
      assert.deepEqual(valuesOf(seen?.fields ?? [], 'accept'), ['*/*']);
      assert.match(valuesOf(seen?.fields ?? [], 'x-request-id').join(), /^[0-9a-f]{32}$/);
    }
    const ids = backend.requests.map(({ fields }) => valuesOf(fields, 'x-request-id').join());
    assert.equal(new Set(ids).size, hosts.length);
    // Two connections in turns.
    await backend.reset();
    for (let i = 0; i < 12; i++) {
      const host = `h${i % 3}`;
      await pipeline(i % 2 === 0 ? one : other, i % 2 === 0 ? hosts.length + i / 2 : (i - 1) / 2, [{ host }]);
      assert.deepEqual(valuesOf(backend.requests[i]?.fields ?? [], 'x-forwarded-host'), [`${host}.example`]);
    }
  });

  it('answers each Origin for itself', async () => {
    await backend.reset();
    const client = await connect();
    const origins = [
      'https://a.bench.test',
      'https://a.bench.test',
      'https://b.bench.test',
      'https://evil.test',
      'https://a.bench.test',
      undefined,
    ];
    const answers = await pipeline(
      client,
      0,
      origins.map((origin) => ({ host: 'open', lines: origin === undefined ? '' : `Origin: ${origin}\r\n` })),
    );
    assert.deepEqual(
      answers.map((answer) => fieldOf(answer, 'access-control-allow-origin')),
      origins.map((origin) => (origin === 'https://evil.test' ? undefined : origin)),
    );
  });

  it('has each host as it is now, after every change of it', async () => {
    await backend.reset();
    const [one, other, third] = [await connect(), await connect(), await connect()];
    const counts = [0, 0, 0];
    const ask = async (client: Client, name: string): Promise<number | undefined> => {
      const index = [one, other, third].indexOf(client);
      const count = counts[index] ?? 0;
      counts[index] = count + 1;
      return (await pipeline(client, count, [{ host: name }]))[0]?.status;
    };
    // The catch-all takes it at first.
    for (const client of [one, other, third, one, other]) assert.equal(await ask(client, 'moving'), 200);
    for (const [annotations, status] of [
      [{ 'permanent-redirect': 'https://elsewhere.test/' }, 301],
      [basic('bob'), 401],
      [{ 'temporal-redirect': 'https://elsewhere.test/' }, 302],
    ] as const) {
      portico.write('moving.yaml', ingress('moving', 'backend', annotations));
      await waitUntil('the change', async () => (await ask(third, 'moving')) === status);
      for (const client of [one, other, one, other]) {
        assert.equal(await ask(client, 'moving'), status);
        assert.equal(await ask(client, 'moving'), status);
        assert.equal(await ask(client, 'open'), 200);
      }
    }
  });

  it('forgets a password with its Secret', async () => {
    await backend.reset();
    const client = await connect();
    const asked = { host: 'alice', lines: alice };
    for (let i = 0; i < 5; i++) assert.equal((await pipeline(client, i, [asked]))[0]?.status, 200);
    portico.write('secret-alice.yaml', secret('alice', '{PLAIN}new'));
    let status: number | undefined;
    let count = 5;
    await waitUntil('another answer', async () => {
      status = (await pipeline(client, count++, [asked]))[0]?.status;
      return status !== 200;
    });
    assert.equal(status, 401);
  });
});
