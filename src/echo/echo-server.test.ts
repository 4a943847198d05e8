import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { ByteReader } from './byte-reader.ts';
import type { EchoAnswer } from './echo-answer.ts';
import { startEchoServer } from './echo-server.ts';
import type { EchoServer } from './echo-server.ts';

const received: EchoAnswer[] = [];
let server: EchoServer;

before(async () => {
  const identity = { backend: 'http-svc', endpoint: 'http-svc-0', namespace: 'default' };
  server = await startEchoServer({ identity, host: '127.0.0.1', port: 0, onRequest: (answer) => received.push(answer) });
});

after(async () => server.close());

/** Sends raw bytes and gives back everything that comes until the server closes. */
async function exchange(bytes: string): Promise<{ head: string; body: string }> {
  const socket = connect(server.port, server.host);
  socket.end(Buffer.from(bytes, 'latin1'));
  const text = await readAll(socket);
  const end = text.indexOf('\r\n\r\n');
  return { head: text.slice(0, end), body: text.slice(end + 4) };
}

async function readAll(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('latin1');
}

async function echoed(bytes: string): Promise<EchoAnswer> {
  return JSON.parse(Buffer.from((await exchange(bytes)).body, 'latin1').toString('utf8')) as EchoAnswer;
}

test('tells identity, method, host, protocol and headers in order of arrival', async () => {
  const answer = await echoed('GET / HTTP/1.1\r\nHost: Foo.Bar:80\r\nX-A: 1\r\nConnection: close\r\nx-a:2 \r\n\r\n');
  assert.deepEqual(
    { ...answer, body: undefined },
    {
      backend: 'http-svc',
      endpoint: 'http-svc-0',
      namespace: 'default',
      method: 'GET',
      path: '/',
      host: 'Foo.Bar:80',
      proto: 'HTTP/1.1',
      headers: { host: ['Foo.Bar:80'], 'x-a': ['1', '2'], connection: ['close'] },
      body: undefined,
      tls: null,
    },
  );
});

test('gives back the request target exactly as received', async () => {
  for (const target of [
    '/a/../b/./c//d',
    '/%7Euser/%2e%2E?q=%20+&&x',
    '/a;b=c,d',
    '*',
    'http://other/x?y',
    '/caf\u00c3\u00a9',
    '/"<>\\^`{|}',
    '/x#y',
  ]) {
    assert.equal((await echoed(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).path, target);
  }
});

test('treats unknown methods like GET', async () => {
  assert.equal((await echoed('BREW /pot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).method, 'BREW');
});

test('answers HTTP/1.0 and closes', async () => {
  const answer = await echoed('GET /old HTTP/1.0\r\n\r\n');
  assert.deepEqual([answer.proto, answer.host], ['HTTP/1.0', '']);
});

test('measures bodies with Content-Length and chunked', async () => {
  const body = '\u00c3\u00a9'.repeat(3000);
  const sha256 = createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex');
  const sized = await echoed(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6000\r\n\r\n${body}`);
  assert.deepEqual(sized.body, { length: 6000, sha256, text: '\u00e9'.repeat(2048) });
  const chunks = `3\r\n${body.slice(0, 3)}\r\n${(5997).toString(16)};ext=1\r\n${body.slice(3)}\r\n0\r\nTrailer: x\r\n\r\n`;
  const chunked = await echoed(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
  assert.deepEqual(chunked.body, sized.body);
});

test('answers HEAD with the headers only', async () => {
  const { head, body } = await exchange('HEAD /bytes/10 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.match(head, /\r\nContent-Length: 10\r\n/);
  assert.equal(body, '');
});

test('serves pipelined requests in order', async () => {
  const { head, body } = await exchange(
    'GET /bytes/2 HTTP/1.1\r\nHost: a\r\n\r\nGET /bytes/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: keep-alive$/);
  assert.match(body, /^aaHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\naaa$/);
});

test('sends 100 Continue before it waits for the body', async () => {
  const socket = connect(server.port, server.host);
  const reader = new ByteReader(socket);
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  assert.equal((await reader.readHead(1000))?.toString(), 'HTTP/1.1 100 Continue');
  socket.write('ok');
  assert.match((await reader.readHead(1000))?.toString() ?? '', /^HTTP\/1\.1 200 OK/);
  socket.destroy();
});

test('control paths set the status and add headers from the query', async () => {
  const { head } = await exchange(
    'GET /status/302?Location=http%3A%2F%2Fa.test%2Fx&X-A=1&X-A=b=c&Content-Type=text/plain&flag&Bad%0A=1&X-B=1%0D%0AX-C:2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  const lines = head.split('\r\n').filter((line) => !line.startsWith('Date:') && !line.startsWith('Content-Length:'));
  assert.deepEqual(lines, [
    'HTTP/1.1 302 Status',
    'Location: http://a.test/x',
    'X-A: 1',
    'X-A: b=c',
    'Content-Type: text/plain',
    'Connection: close',
  ]);
});

test('control paths are matched after percent-decoding and only at the start of the path', async () => {
  assert.match((await exchange('GET /%73tatus/404/more HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).head, /^HTTP\/1\.1 404 /);
  assert.match((await exchange('GET /app/status/404 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).head, /^HTTP\/1\.1 200 /);
  assert.match((await exchange('GET /closed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).head, /^HTTP\/1\.1 200 /);
});

test('basic-auth wants exactly the credential of the path', async () => {
  const request = (credential: string): string => `GET /basic-auth/user/pass HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${credential}\r\n`;
  const right = `Authorization: Basic ${Buffer.from('user:pass').toString('base64')}\r\n`;
  assert.match((await exchange(request(right))).head, /^HTTP\/1\.1 200 /);
  assert.match((await exchange(request(''))).head, /^HTTP\/1\.1 401 [^]*\r\nWWW-Authenticate: Basic realm="echo"\r\n/);
  assert.match((await exchange(request(right.replace('Basic ', 'Basic x')))).head, /^HTTP\/1\.1 401 /);
});

test('close ends the connection without an answer but is logged', async () => {
  received.length = 0;
  const socket = connect(server.port, server.host);
  socket.write('POST /close HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
  assert.equal(await readAll(socket), '');
  assert.deepEqual(
    received.map((answer) => [answer.path, answer.body.length]),
    [['/close', 1]],
  );
});

test('a body of bytes has exactly the length asked for', async () => {
  assert.equal((await exchange('GET /bytes/200000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).body, 'a'.repeat(200_000));
});

test('accepts WebSockets: first the description, then every message back', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat?x=1`, ['chat.v2', 'chat.v1']);
  const messages: { text: string; isBinary: boolean }[] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => messages.push({ text: data.toString(), isBinary }));
  await once(socket, 'open');
  assert.equal(socket.protocol, 'chat.v2');
  const long = 'x'.repeat(70_000);
  socket.send('one');
  socket.send(Buffer.from('two'));
  socket.send(long.slice(0, 300), { fin: false });
  socket.send(long.slice(300), { fin: true });
  socket.ping('are you there');
  const [pong] = (await once(socket, 'pong')) as [Buffer];
  assert.equal(pong.toString(), 'are you there');
  assert.equal((JSON.parse(messages[0]?.text ?? '') as EchoAnswer).path, '/chat?x=1');
  assert.deepEqual(messages.slice(1), [
    { text: 'one', isBinary: false },
    { text: 'two', isBinary: true },
    { text: long, isBinary: false },
  ]);
  socket.close(1000, 'bye');
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 1000);
});
