// The client and the backends of every protocol against each other, over real sockets and without a proxy in between.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { EchoAnswer } from '../../../src/echo/echo-answer.ts';
import { listen } from '../../../src/echo/echo-server.ts';
import { createCertificateIssuer } from '../../support/certificates.ts';
import { startEndpoint } from '../backends/endpoint.ts';
import type { EndpointOptions, RunningEndpoint } from '../backends/endpoint.ts';
import type { RequestSpec } from '../case-format.ts';
import { echoAnswerOf } from '../observation.ts';
import type { Observation } from '../observation.ts';
import { CaseClient, decodeContent } from './case-client.ts';

const issuer = createCertificateIssuer({ poolSize: 1, now: Date.now });
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function endpoint(protocol: EndpointOptions['protocol'], given: Partial<EndpointOptions> = {}): Promise<RunningEndpoint> {
  const identity = { backend: 'web', endpoint: 'web-0', namespace: 'default' };
  const running = await startEndpoint({
    identity,
    host: '127.0.0.1',
    protocol,
    tls: undefined,
    expectsProxyProtocol: false,
    onRequest: () => undefined,
    ...given,
  });
  closing.push(running.close);
  return running;
}

async function rawServer(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  closing.push(() => void server.close());
  return listen(server, '127.0.0.1', 0);
}

function client(port: number, certificate?: { certificatePem: string; privateKeyPem: string }): CaseClient {
  const created = new CaseClient({
    host: '127.0.0.1',
    httpPort: port,
    httpsPort: port,
    timeoutMs: 30_000,
    clientCertificate: () => certificate ?? assert.fail('no certificate'),
  });
  closing.push(() => created.close());
  return created;
}

function request(given: Partial<RequestSpec>): RequestSpec {
  return {
    scheme: 'http',
    host: 'foo.test',
    path: '/',
    headers: {},
    cookies: {},
    chunked: false,
    httpVersion: '1.1',
    repeat: 1,
    parallel: false,
    ...given,
  };
}

function echoed(observation: Observation): EchoAnswer {
  return echoAnswerOf(observation) ?? assert.fail(`no echo in ${JSON.stringify(observation)}`);
}

test('sends target, host and headers as written', async () => {
  const { port } = await endpoint('http');
  const answer = echoed(
    await client(port).send(
      request({ path: '/a/../b%2f?x', host: 'FOO.test:81', headers: { 'X-A': ['1', '2'] }, cookies: { a: 'b', c: 'd' } }),
    ),
  );
  assert.deepEqual(
    [answer.path, answer.host, answer.headers['x-a'], answer.headers['cookie']],
    ['/a/../b%2f?x', 'FOO.test:81', ['1', '2'], ['a=b; c=d']],
  );
});

test('sends bodies with a length and in chunks, and speaks HTTP/1.0', async () => {
  const { port } = await endpoint('http');
  const sized = echoed(await client(port).send(request({ method: 'POST', bodySize: 300_000 })));
  assert.deepEqual([sized.body.length, sized.headers['content-length']], [300_000, ['300000']]);
  const chunked = echoed(await client(port).send(request({ method: 'POST', body: 'abc', chunked: true })));
  assert.deepEqual(
    [chunked.body.text, chunked.headers['content-length'], chunked.headers['transfer-encoding']],
    ['abc', undefined, ['chunked']],
  );
  assert.equal(echoed(await client(port).send(request({ httpVersion: '1.0' }))).proto, 'HTTP/1.0');
});

test('an answer that comes before the body was sent counts', async () => {
  const port = await rawServer((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'));
  });
  const seen = await client(port).send(request({ method: 'POST', bodySize: 50_000_000 }));
  assert.ok(seen.kind === 'response' && seen.response.status === 413 && seen.response.body.toString() === 'no');
});

test('interim answers are skipped and broken ones are failures', async () => {
  const answers = [
    'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab',
    'SSH-2.0\r\n\r\n',
    '',
  ];
  const port = await rawServer((socket) => socket.once('data', () => socket.end(answers.shift() ?? '')));
  const kinds: string[] = [];
  for (let count = 0; count < 4; count++) {
    const seen = await client(port).send(request({}));
    kinds.push(seen.kind === 'response' ? String(seen.response.status) : seen.kind === 'failure' ? seen.failure : seen.kind);
  }
  assert.deepEqual(kinds, ['204', 'connection', 'connection', 'connection']);
});

test('a refused connection and a silent server are told apart', async () => {
  const silent = await rawServer(() => undefined);
  const patient = new CaseClient({
    host: '127.0.0.1',
    httpPort: silent,
    httpsPort: silent,
    timeoutMs: 50,
    clientCertificate: () => assert.fail(),
  });
  const waited = await patient.send(request({}));
  assert.ok(waited.kind === 'failure' && waited.failure === 'timeout');
  const gone = await endpoint('http');
  await gone.close();
  const refused = await client(gone.port).send(request({}));
  assert.ok(refused.kind === 'failure' && refused.failure === 'connection');
});

test('tells certificate, version and server name of TLS', async () => {
  const own = await issuer.issue({ commonName: 'web', hosts: ['a.test', 'b.test'] });
  const { port } = await endpoint('https', { tls: { certificate: own.certificatePem, privateKey: own.privateKeyPem } });
  const seen = await client(port).send(request({ scheme: 'https', host: 'foo.test:443', tls: { max: 'TLSv1.2' } }));
  assert.ok(seen.kind === 'response');
  assert.deepEqual([seen.tls?.version, seen.tls?.certificate], ['TLSv1.2', { cn: 'web', san: ['a.test', 'b.test'], issuerCN: 'web' }]);
  assert.deepEqual(echoed(seen).tls, { sni: 'foo.test', version: 'TLSv1.2', clientCN: null });
  assert.equal(echoed(await client(port).send(request({ scheme: 'https', sni: '' }))).tls?.sni, null);
  const old = await client(port).send(request({ scheme: 'https', tls: { min: 'TLSv1', max: 'TLSv1.1' } }));
  assert.ok(old.kind === 'failure' && old.failure === 'tls');
  const plain = await rawServer((socket) => socket.once('data', () => socket.destroy()));
  const refused = await client(plain).send(request({ scheme: 'https' }));
  assert.ok(refused.kind === 'failure' && refused.failure === 'tls');
});

test('presents client certificates', async () => {
  const authority = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
  const own = await issuer.issue({ commonName: 'web', hosts: [] });
  const alice = await issuer.issue({ commonName: 'alice', hosts: [], issuer: authority });
  const tls = { certificate: own.certificatePem, privateKey: own.privateKeyPem, clientAuthority: authority.certificatePem };
  const { port } = await endpoint('https', { tls });
  assert.equal(echoed(await client(port, alice).send(request({ scheme: 'https', clientCert: 'alice' }))).tls?.clientCN, 'alice');
  const without = await client(port).send(request({ scheme: 'https' }));
  assert.ok(without.kind === 'failure' && without.failure === 'tls', JSON.stringify(without));
});

test('speaks HTTP/2 and gRPC', async () => {
  const h2c = await endpoint('h2c');
  const answer = echoed(
    await client(h2c.port).send(request({ httpVersion: '2', path: '/x?y', method: 'POST', body: 'hi', headers: { 'X-A': ['1', '2'] } })),
  );
  assert.deepEqual([answer.proto, answer.path, answer.host, answer.body.text], ['HTTP/2.0', '/x?y', 'foo.test', 'hi']);
  const own = await issuer.issue({ commonName: 'web', hosts: [] });
  const grpc = await endpoint('grpcs', { tls: { certificate: own.certificatePem, privateKey: own.privateKeyPem } });
  const seen = await client(grpc.port).send(
    request({ scheme: 'https', grpc: { method: '/echo.Echo/Say', message: 'x'.repeat(300) }, headers: { 'x-meta': 'm' } }),
  );
  assert.ok(seen.kind === 'grpc' && seen.status === 0);
  assert.deepEqual(
    [echoed(seen).path, echoed(seen).headers['x-meta'], echoed(seen).headers['te']],
    ['/echo.Echo/Say', ['m'], ['trailers']],
  );
  const notGrpc = await client(h2c.port).send(request({ grpc: { method: '/status/503', message: '' } }));
  assert.ok(notGrpc.kind === 'grpc' && notGrpc.status === 14);
});

test('opens WebSockets and keeps them', async () => {
  const { port } = await endpoint('http');
  const one = client(port);
  const first = await one.send(request({ path: '/chat', websocket: { send: ['a', 'b'], keep: 'w' } }));
  assert.ok(first.kind === 'websocket');
  assert.deepEqual([first.messages, echoed(first).path], [['a', 'b'], '/chat']);
  const second = await one.send(request({ websocket: { send: ['c'], on: 'w' } }));
  assert.ok(second.kind === 'websocket' && second.messages.join() === 'c');
});

test('a refused upgrade is an ordinary answer', async () => {
  const port = await rawServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')));
  const seen = await client(port).send(request({ websocket: { send: ['a'] } }));
  assert.ok(seen.kind === 'response' && seen.response.status === 401);
});

test('TCP with and without PROXY protocol, and UDP', async () => {
  const tcp = await endpoint('tcp');
  const plain = await client(0).send(request({ tcp: { port: tcp.port, send: 'hi\n' } }));
  assert.ok(plain.kind === 'datagram');
  assert.deepEqual(JSON.parse(plain.text), { backend: 'web', endpoint: 'web-0', data: 'hi', proxyProtocol: null });
  const behind = await endpoint('tcp', { expectsProxyProtocol: true });
  const header = { src: '192.0.2.1', srcPort: 1000, dst: '192.0.2.2', dstPort: 2000 };
  const seen = await client(0).send(request({ tcp: { port: String(behind.port), send: 'hi\n' }, proxyProtocol: header }));
  assert.ok(seen.kind === 'datagram');
  assert.deepEqual((JSON.parse(seen.text) as { proxyProtocol: unknown }).proxyProtocol, header);
  const without = await client(0).send(request({ tcp: { port: behind.port, send: 'no header at all\n' } }));
  assert.ok(without.kind === 'failure' && without.failure === 'connection');
  const udp = await endpoint('udp');
  const datagram = await client(0).send(request({ udp: { port: udp.port, send: 'hi\n' } }));
  assert.ok(datagram.kind === 'datagram' && (JSON.parse(datagram.text) as { data: string }).data === 'hi');
});

test('the FastCGI backend tells the parameters it was given', async () => {
  const { port } = await endpoint('fastcgi');
  const pair = (name: string, value: string): Buffer =>
    Buffer.concat([Buffer.from([name.length]), lengthOf(value), Buffer.from(name + value)]);
  const lengthOf = (value: string): Buffer => {
    if (value.length < 128) return Buffer.from([value.length]);
    const long = Buffer.alloc(4);
    long.writeUInt32BE((value.length | 0x80000000) >>> 0);
    return long;
  };
  const record = (type: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 0xff, 0, 0]), content]);
  const params = Buffer.concat([pair('REQUEST_METHOD', 'POST'), pair('REQUEST_URI', '/x'), pair('HTTP_X_A', 'v'.repeat(200))]);
  const socket = connect(port, '127.0.0.1');
  socket.write(
    Buffer.concat([
      record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
      record(4, params),
      record(4, Buffer.alloc(0)),
      record(5, Buffer.from('hello')),
      record(5, Buffer.alloc(0)),
    ]),
  );
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  const output = Buffer.concat(parts);
  const json = JSON.parse(output.toString('latin1', output.indexOf('{'), output.lastIndexOf('}') + 1)) as EchoAnswer & {
    params: Record<string, string>;
  };
  assert.deepEqual(
    [json.method, json.path, json.body.text, json.headers['x-a'], json.params['HTTP_X_A']],
    ['POST', '/x', 'hello', ['v'.repeat(200)], 'v'.repeat(200)],
  );
});

test('answers a digest challenge', async () => {
  const heads: string[] = [];
  const port = await rawServer((socket) =>
    socket.once('data', (data) => {
      heads.push(data.toString());
      const status =
        heads.length === 1 ? '401 No\r\nWWW-Authenticate: Digest realm="test auth", nonce="n1", qop="auth", opaque="o"' : '200 OK';
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    }),
  );
  const seen = await client(port).send(request({ path: '/x?y=1', auth: { digest: ['foo', 'bar'] } }));
  assert.ok(seen.kind === 'response' && seen.response.status === 200);
  assert.match(
    heads[1] ?? '',
    /\r\nAuthorization: Digest username="foo", realm="test auth", nonce="n1", uri="\/x\?y=1", qop=auth, nc=00000001, .*response="[0-9a-f]{32}", opaque="o"\r\n/,
  );
});

test('stores and sends the cookies of a jar', async () => {
  const { port } = await endpoint('http');
  const one = client(port);
  await one.send(request({ path: '/response-headers?Set-Cookie=a%3D1%3B%20Path%3D/other', jar: 'j' }));
  assert.deepEqual(echoed(await one.send(request({ jar: 'j' }))).headers['cookie'], ['a=1']);
  assert.equal(echoed(await one.send(request({ jar: 'other' }))).headers['cookie'], undefined);
});

test('undoes gzip and brotli', () => {
  assert.equal(decodeContent([['Content-Encoding', 'gzip']], gzipSync('text')).toString(), 'text');
  assert.equal(decodeContent([['content-encoding', 'br']], brotliCompressSync('text')).toString(), 'text');
  assert.equal(decodeContent([['content-encoding', 'gzip']], Buffer.from('broken')).toString(), 'broken');
});
