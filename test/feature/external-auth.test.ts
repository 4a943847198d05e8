// Authentication by an HTTP service, with real sockets: what the service is asked, what becomes of its answers and of its failures.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { configMap, ingress, ingressClass, service } from './manifests.ts';
import { type Portico, startPortico } from './portico.ts';
import { waitUntil } from './engine-rig.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

class TestServer {
  readonly seen: IncomingMessage[] = [];
  readonly #server: Server;
  connections = 0;
  handler: Handler = (_request, response) => response.end();

  constructor() {
    this.#server = createServer((request, response) => {
      this.seen.push(request);
      this.handler(request, response);
    });
    this.#server.on('connection', () => this.connections++);
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('external authentication', () => {
  const auth = new TestServer();
  const backend = new TestServer();
  let portico: Portico;

  before(async () => {
    const authPort = await auth.listen();
    const url = `http://127.0.0.1:${authPort}/check`;
    const manifests = [
      ingressClass,
      service('web', [await backend.listen()]),
      configMap({ 'proxy-read-timeout': '3', 'client-body-timeout': '3' }),
      ingress('plain', 'web', { 'auth-url': url, 'auth-response-headers': 'X-User' }),
      ingress('cached', 'web', { 'auth-url': url, 'auth-cache-key': '$http_authorization', 'auth-cache-duration': '200 401 10m' }),
      ingress('secret', 'web', { 'auth-url': url, 'auth-type': 'basic', 'auth-secret': 'missing' }),
    ];
    portico = await startPortico({ manifests: { 'all.yaml': manifests.join('') }, workers: 2 });
  });
  after(async () => {
    await portico.stop();
    auth.close();
    backend.close();
  });
  beforeEach(() => {
    auth.seen.length = 0;
    backend.seen.length = 0;
    auth.handler = (_request, response) => response.end();
    backend.handler = (_request, response) => response.end('backend');
  });

  async function ask(
    host: string,
    options: { headers?: Record<string, string>; method?: string; body?: string; path?: string } = {},
  ): Promise<Answer> {
    const { headers = {}, method = 'GET', body, path = '/' } = options;
    const request = httpRequest({
      port: portico.httpPort,
      host: '127.0.0.1',
      method,
      path,
      headers: { host: `${host}.example`, ...headers },
      agent: false,
    });
    request.end(body);
    const [response]: IncomingMessage[] = await once(request, 'response');
    let text = '';
    for await (const chunk of response ?? []) text += String(chunk);
    return { status: response?.statusCode ?? 0, headers: response?.headers ?? {}, body: text };
  }

  it('asks without body and framing, and sends the body to the backend only', async () => {
    let received = '';
    backend.handler = (request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.toString()));
      request.on('end', () => response.end());
    };
    const body = 'x'.repeat(200_000);
    const answer = await ask('plain', { method: 'POST', body, headers: { 'transfer-encoding': 'chunked', cookie: 'a=b' } });
    assert.equal(answer.status, 200);
    assert.equal(received, body);
    assert.deepEqual([auth.seen[0]?.method, auth.seen[0]?.url], ['GET', '/check']);
    assert.equal(auth.seen[0]?.headers['content-length'], undefined);
    assert.equal(auth.seen[0]?.headers['transfer-encoding'], undefined);
    assert.equal(auth.seen[0]?.headers.cookie, 'a=b');
  });

  it('tells both the same request id', async () => {
    await ask('plain');
    assert.match(String(auth.seen[0]?.headers['x-request-id']), /^[0-9a-f]{32}$/);
    assert.equal(auth.seen[0]?.headers['x-request-id'], backend.seen[0]?.headers['x-request-id']);
  });

  it('removes a listed field of the client that the service does not send', async () => {
    await ask('plain', { headers: { 'x-user': 'root' } });
    assert.equal(backend.seen[0]?.headers['x-user'], undefined);
  });

  it('keeps a connection, also when the answer has a body', async () => {
    auth.handler = (_request, response) => response.end('x'.repeat(1000));
    // As many as there are workers, and one more for a race.
    for (let i = 0; i < 12; i++) assert.equal((await ask('plain')).status, 200);
    const before = auth.connections;
    for (let i = 0; i < 12; i++) await ask('plain');
    assert.ok(auth.connections - before <= 2, `${auth.connections - before} new connections`);
  });

  const failures: readonly (readonly [what: string, handler: Handler])[] = [
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/' }).end()],
    ['an error', (_request, response) => response.writeHead(503).end()],
    ['not found', (_request, response) => response.writeHead(404).end()],
    ['nothing, and closes', (request) => request.socket.destroy()],
    ['rubbish', (request) => request.socket.end('rubbish\r\n\r\n')],
    ['nothing at all', () => undefined],
  ];
  for (const [what, handler] of failures) {
    it(`refuses with 500 when the service answers ${what}`, async () => {
      auth.handler = handler;
      const answer = await ask('plain');
      assert.equal(answer.status, 500);
      assert.equal(answer.headers['x-portico-error'], 'PRT-AUTH-3');
      assert.equal(backend.seen.length, 0);
    });
  }

  for (const status of [401, 403]) {
    it(`refuses with ${status}`, async () => {
      auth.handler = (_request, response) =>
        response.writeHead(status, { 'www-authenticate': ['Basic realm="a"', 'Bearer'] }).end('secret page');
      const answer = await ask('plain');
      assert.equal(answer.status, status);
      assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Basic realm="a", Bearer' : undefined);
      assert.ok(!answer.body.includes('secret page'));
      assert.equal(backend.seen.length, 0);
    });
  }

  it('asks once for equal keys, whichever worker takes the request', async () => {
    auth.handler = (request, response) => response.writeHead(request.headers.authorization === 'good' ? 200 : 401).end();
    for (let i = 0; i < 20; i++) assert.equal((await ask('cached', { headers: { authorization: 'good' } })).status, 200);
    for (let i = 0; i < 20; i++) assert.equal((await ask('cached', { headers: { authorization: 'bad' } })).status, 401);
    assert.equal(auth.seen.length, 2);
  });

  it('does not keep what the service forbids to keep', async () => {
    auth.handler = (_request, response) => response.writeHead(200, { 'cache-control': 'no-store' }).end();
    for (let i = 0; i < 3; i++) await ask('cached', { headers: { authorization: 'fresh' } });
    assert.equal(auth.seen.length, 3);
  });

  it('ends a service that leads back to itself', async () => {
    const url = `http://127.0.0.1:${portico.httpPort}/`;
    const spec = 'ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}';
    const annotations = `{nginx.ingress.kubernetes.io/auth-url: "${url}"}`;
    portico.write(
      'loop.yaml',
      `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: loop, annotations: ${annotations}}, spec: {${spec}}}`,
    );
    await waitUntil('the end of the circle', async () => (await ask('loop')).status === 500);
    assert.equal(backend.seen.length, 0);
  });

  it('does not ask at all where the other protection is missing', async () => {
    assert.equal((await ask('secret')).status, 503);
    assert.equal(auth.seen.length, 0);
  });

  it('does not wait for ever for the body of a request that was refused', async () => {
    auth.handler = (_request, response) => response.writeHead(401).end();
    const socket = connect(portico.httpPort, '127.0.0.1');
    let received = '';
    let isClosed = false;
    socket.on('data', (data) => (received += data.toString('latin1')));
    socket.on('close', () => (isClosed = true));
    // The body is held back while the service is asked; a rest of this size is read so that the connection can go on.
    socket.write('POST / HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 10\r\n\r\n');
    await waitUntil('the refusal', () => received.startsWith('HTTP/1.1 401 '));
    await waitUntil('the end of the connection', () => isClosed);
  });

  it('lets go of the service when the client goes', async () => {
    let isClosed = false;
    auth.handler = (request) => request.socket.on('close', () => (isClosed = true));
    const request = httpRequest({ port: portico.httpPort, host: '127.0.0.1', headers: { host: 'plain.example' }, agent: false });
    request.on('error', () => undefined);
    request.end();
    await waitUntil('the question', () => auth.seen.length === 1);
    request.destroy();
    await waitUntil('the end of the question', () => isClosed);
    assert.equal(backend.seen.length, 0);
  });
});
