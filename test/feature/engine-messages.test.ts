// How messages are framed and what is passed on, seen from both ends over real sockets.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expandParts } from '../torture/parts.ts';
import { valuesOf } from '../torture/wire.ts';
import { awaitAnswer, type EngineRig, fieldOf, openEngine, waitUntil } from './engine-rig.ts';

const host = 'Host: a.example\r\n';

describe('messages', () => {
  let rig: EngineRig;
  before(async () => {
    rig = await openEngine({ 'proxy-next-upstream': 'off', 'proxy-body-size': '1k' });
  });
  after(() => rig.close());

  test('a chunked response is framed anew for an HTTP/1.1 client', async () => {
    const parts = ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n', { delay: 30 }, '2\r\nlo\r\n0\r\n\r\n'];
    const { response, client } = await rig.ask(`GET / HTTP/1.1\r\n${host}\r\n`, { parts });
    assert.equal(response.body, 'hello');
    assert.equal(fieldOf(response, 'transfer-encoding'), 'chunked');
    assert.ok(!client.received.includes('x=y'));
  });

  test('a chunked response to an HTTP/1.0 client ends with the connection', async () => {
    const parts = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    const { response } = await rig.ask('GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n', { parts });
    assert.equal(response.body, 'hello');
    assert.equal(response.untilClose, true);
    assert.equal(fieldOf(response, 'transfer-encoding'), undefined);
  });

  test('a response that ends with its connection reaches the client whole', async () => {
    const parts = ['HTTP/1.1 200 OK\r\nX-A: v\r\n\r\nhel', { delay: 30 }, 'lo'];
    const { response } = await rig.ask(`GET / HTTP/1.1\r\n${host}\r\n`, { parts, close: true });
    assert.equal(response.body, 'hello');
    assert.equal(fieldOf(response, 'x-a'), 'v');
  });

  test('a GET with a body carries it in its own framing', async () => {
    await rig.ask(`GET /a HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`);
    assert.deepEqual(
      rig.backend.requests.map(({ method, body }) => [method, body]),
      [['GET', 'hello']],
    );
  });

  test('an HTTP/1.0 client that asks for keep-alive sends a second request on its connection', async () => {
    const request = `GET /a HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r\n`;
    const { client, response } = await rig.ask(request);
    assert.equal(fieldOf(response, 'connection')?.toLowerCase(), 'keep-alive');
    await client.send(expandParts(request));
    assert.equal((await awaitAnswer(client, 'GET', 1)).response.body, 'ok GET /a\n');
  });

  test('an HTTP/1.0 client that does not ask for keep-alive is closed after its answer', async () => {
    const { client, response } = await rig.ask(`GET /a HTTP/1.0\r\n${host}\r\n`);
    assert.equal(response.body, 'ok GET /a\n');
    await waitUntil('the end of the connection', () => client.isClosed);
  });

  test('an HTTP/1.0 backend that offers keep-alive is asked again on its connection', async () => {
    const parts = 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello';
    const { client, response } = await rig.ask(`GET /a HTTP/1.1\r\n${host}\r\n`, { parts });
    assert.equal(response.body, 'hello');
    assert.equal(response.version, 'HTTP/1.1');
    await client.send(expandParts(`GET /b HTTP/1.1\r\n${host}\r\n`));
    await awaitAnswer(client, 'GET', 1);
    assert.deepEqual(new Set(rig.backend.requests.map(({ connection }) => connection)).size, 1);
  });

  test('HEAD keeps the length of the answer and has no body, and the connection goes on', async () => {
    const { client, response } = await rig.ask(`HEAD /a HTTP/1.1\r\n${host}\r\n`, {
      parts: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n',
    });
    assert.equal(fieldOf(response, 'content-length'), '100');
    const headBytes = client.received.length;
    await client.send(expandParts(`GET /b HTTP/1.1\r\n${host}\r\n`));
    await waitUntil('the second answer', () => client.received.slice(headBytes).endsWith('ok GET /b\n'));
    assert.match(client.received.slice(headBytes), /^HTTP\/1\.1 200 /);
  });

  for (const status of ['204 No Content', '304 Not Modified']) {
    test(`${status} has no body, and the connection goes on`, async () => {
      const { client, response } = await rig.ask(`GET /a HTTP/1.1\r\n${host}\r\n`, { parts: `HTTP/1.1 ${status}\r\nETag: "x"\r\n\r\n` });
      assert.equal(response.status, Number.parseInt(status, 10));
      assert.equal(fieldOf(response, 'etag'), '"x"');
      assert.equal(fieldOf(response, 'transfer-encoding'), undefined);
      await client.send(expandParts(`GET /b HTTP/1.1\r\n${host}\r\n`));
      assert.equal((await awaitAnswer(client, 'GET', 1)).response.body, 'ok GET /b\n');
    });
  }

  test('103 reaches an HTTP/1.1 client before the answer, and an HTTP/1.0 client not at all', async () => {
    const parts = [
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n',
      { delay: 30 },
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    ];
    const modern = await rig.ask(`GET / HTTP/1.1\r\n${host}\r\n`, { parts });
    assert.deepEqual(
      modern.interim.map((response) => [response.status, fieldOf(response, 'link')]),
      [[103, '</a.css>']],
    );
    assert.equal(modern.response.body, 'hello');
    const old = await rig.ask(`GET / HTTP/1.0\r\n${host}\r\n`, { parts });
    assert.equal(old.interim.length, 0);
    assert.equal(old.response.body, 'hello');
  });

  test('trailers of a response reach a client that accepts them, and no other', async () => {
    const parts =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\nContent-Length: 9\r\n\r\n';
    const accepting = await rig.ask(`GET / HTTP/1.1\r\n${host}TE: trailers\r\nConnection: TE\r\n\r\n`, { parts });
    assert.deepEqual(accepting.response.trailers, [['x-t', 'v']]);
    // ingress-nginx passes no hop-by-hop field on, so whether a backend sends trailers is up to it.
    assert.deepEqual(valuesOf(rig.backend.requests[0]?.fields ?? [], 'te'), []);
    const other = await rig.ask(`GET / HTTP/1.1\r\n${host}\r\n`, { parts });
    assert.deepEqual(other.response.trailers, []);
    assert.equal(other.response.body, 'hello');
    assert.deepEqual(valuesOf(rig.backend.requests[0]?.fields ?? [], 'te'), []);
  });

  test('a client that waits for 100 gets it from Portico, and the backend gets no Expect', async () => {
    await rig.backend.reset();
    const client = await rig.connect();
    await client.send(expandParts(`POST / HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`));
    await waitUntil('100', () => client.received.startsWith('HTTP/1.1 100 '));
    await client.send(expandParts('hello'));
    const { response, interim } = await awaitAnswer(client, 'POST');
    assert.equal(response.status, 200);
    assert.equal(interim.length, 1);
    assert.equal(rig.backend.requests[0]?.body, 'hello');
    assert.deepEqual(valuesOf(rig.backend.requests[0]?.fields ?? [], 'expect'), []);
  });

  test('a request that is refused by its length gets the refusal and no 100', async () => {
    const { client, response } = await rig.ask(`POST / HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n`);
    assert.equal(response.status, 413);
    assert.ok(!client.received.includes('100 Continue'));
    assert.equal(rig.backend.requests.length, 0);
  });

  test('a chunked body is refused when it grows beyond the limit, and the backend sees no complete request', async () => {
    const { response } = await rig.ask(
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2000)}\r\n0\r\n\r\n`,
    );
    assert.equal(response.status, 413);
    assert.equal(rig.backend.requests.length, 0);
  });

  test('Expect from an HTTP/1.0 client is ignored', async () => {
    const { response, interim } = await rig.ask(`POST / HTTP/1.0\r\n${host}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`);
    assert.equal(response.status, 200);
    assert.equal(interim.length, 0);
  });

  test('a client that ends its sending side while the answer is under way gets all of it', async () => {
    await rig.backend.reset({ parts: ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', { delay: 100 }, 'lo'] });
    const client = await rig.connect();
    await client.send(expandParts(`GET / HTTP/1.1\r\n${host}\r\n`));
    await waitUntil('the first bytes', () => client.received.endsWith('hel'));
    client.endSending();
    assert.equal((await awaitAnswer(client, 'GET')).response.body, 'hello');
    await waitUntil('the end of the connection', () => client.isClosed);
  });

  // As with `proxy_ignore_client_abort off`, the default of nginx.
  test('a client that ends its sending side before the answer has begun has gone away', async () => {
    await rig.backend.reset({ parts: [] });
    const client = await rig.connect();
    await client.send(expandParts(`GET / HTTP/1.1\r\n${host}\r\n`));
    await waitUntil('the request at the backend', () => rig.backend.requests.length === 1);
    client.endSending();
    await waitUntil('the end of both connections', () => client.isClosed && rig.backend.openConnections() === 0);
    assert.equal(client.received, '');
  });
});

describe('request bodies that are passed on as they come', () => {
  let rig: EngineRig;
  before(async () => {
    rig = await openEngine();
  });
  after(() => rig.close());

  test('keep their kind of framing', async () => {
    await rig.ask(`POST /a HTTP/1.1\r\n${host}Content-Length: 0005\r\n\r\nhello`);
    assert.deepEqual(valuesOf(rig.backend.requests[0]?.fields ?? [], 'content-length'), ['5']);
    await rig.ask(`POST /b HTTP/1.1\r\n${host}Transfer-Encoding: Chunked\r\n\r\n2;a\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`);
    const [request] = rig.backend.requests;
    assert.deepEqual(valuesOf(request?.fields ?? [], 'transfer-encoding'), ['chunked']);
    assert.equal(request?.body, 'hello');
  });

  test('keep trailers of a client with TE: trailers, without those that mean something to a proxy', async () => {
    const body = '5\r\nhello\r\n0\r\nX-T: v\r\nHost: b.example\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n';
    await rig.ask(`POST / HTTP/1.1\r\n${host}TE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    assert.deepEqual(rig.backend.requests[0]?.trailers, [['x-t', 'v']]);
  });
});

test('a request body that is taken as a whole goes with its length', async () => {
  const rig = await openEngine({ 'proxy-request-buffering': 'on' });
  const { response } = await rig.ask(`POST /b HTTP/1.1\r\n${host}Transfer-Encoding: Chunked\r\n\r\n2;a\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`);
  assert.equal(response.status, 200);
  const [request] = rig.backend.requests;
  assert.deepEqual(valuesOf(request?.fields ?? [], 'content-length'), ['5']);
  assert.equal(request?.body, 'hello');
  await rig.close();
});
