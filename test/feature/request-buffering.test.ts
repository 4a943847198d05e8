// Request bodies that are taken as a whole before a backend is called (`proxy-request-buffering`): what a backend sees of slow clients, what
// is sent again, and what happens where there is no room.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RawServer, waitUntil } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const buffering = { 'proxy-request-buffering': 'on' };
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A client that sends what it is told and keeps what it gets. */
class Uploader {
  received = '';
  isClosed = false;
  readonly #socket: Socket;

  constructor(portico: Portico) {
    this.#socket = connect(portico.httpPort, '127.0.0.1');
    this.#socket.on('data', (data) => (this.received += data.toString('latin1')));
    this.#socket.on('close', () => (this.isClosed = true));
    this.#socket.on('error', () => undefined);
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  sendChunk(bytes: Buffer): void {
    this.send(`${bytes.length.toString(16)}\r\n`);
    this.send(bytes);
    this.send('\r\n');
  }

  async status(): Promise<string> {
    await waitUntil('an answer', () => /HTTP\/1\.1 [2-5]/.test(this.received) || this.isClosed);
    return /HTTP\/1\.1 ([2-5]\d\d)/.exec(this.received)?.[1] ?? 'none';
  }

  close(): void {
    this.#socket.destroy();
  }
}

interface Received {
  head: string;
  body: Buffer;
}

/** Reads requests with a length, and plays `reply` when one is complete. */
function record(server: RawServer, reply: (socket: Socket) => void = (socket) => socket.write(answer)): Received[] {
  const requests: Received[] = [];
  server.onConnection = (socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      const headEnd = bytes.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = bytes.subarray(0, headEnd).toString('latin1');
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Infinity);
      const body = bytes.subarray(headEnd + 4);
      if (body.length < length) return;
      requests.push({ head, body: body.subarray(0, length) });
      bytes = body.subarray(length);
      reply(socket);
    });
    socket.on('end', () => socket.end());
  };
  return requests;
}

const digest = (bytes: Buffer | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');

async function metric(portico: Portico, pattern: RegExp): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${portico.healthzPort}/metrics`)).text();
  return Number(pattern.exec(page)?.[1] ?? Number.NaN);
}

const kept = /portico_buffered_bytes\{[^}]*place="file"[^}]*\} (\d+)/;
const keptInMemory = /portico_buffered_bytes\{[^}]*place="memory"[^}]*\} (\d+)/;

describe('with proxy-request-buffering', () => {
  let portico: Portico;
  let server: RawServer;
  before(async () => {
    server = new RawServer();
    const manifests = catchAllManifests([await server.listen()], { ...buffering, 'proxy-body-size': '20m' });
    portico = await startPortico({ manifests, args: ['--enable-metrics'] });
  });
  after(async () => {
    await portico.stop();
    await server.close();
  });

  for (const [what, bytes] of [
    ['in memory', 10_000],
    ['in a file', 3_000_000],
  ] as const) {
    test(`no connection is made for a body that is not complete (${what})`, async () => {
      const requests = record(server);
      server.dropConnections();
      await waitUntil('no connections', () => server.sockets.size === 0);
      const body = randomBytes(bytes);
      const client = new Uploader(portico);
      client.send(`POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bytes}\r\nExpect: 100-continue\r\n\r\n`);
      await waitUntil('leave to send', () => client.received.includes('100 Continue'));
      client.send(body.subarray(0, bytes - 1));
      // Portico answers on another connection of the same worker meanwhile: it has read what was sent.
      const other = new Uploader(portico);
      other.send('GET /other HTTP/1.1\r\nHost: \r\n\r\n');
      await other.status();
      assert.equal(server.sockets.size, 0, 'the backend was called before the body was complete');
      client.send(body.subarray(bytes - 1));
      assert.equal(await client.status(), '200');
      assert.equal(requests.length, 1);
      assert.equal(digest(requests[0]?.body), digest(body));
      client.close();
      other.close();
    });
  }

  test('a body in chunks goes with its length', async () => {
    const requests = record(server);
    server.dropConnections();
    for (const bytes of [0, 5, 70_000, 2_000_000]) {
      const body = randomBytes(bytes);
      const client = new Uploader(portico);
      client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let at = 0; at < bytes; at += 50_000) client.sendChunk(body.subarray(at, at + 50_000));
      client.send('0\r\n\r\n');
      assert.equal(await client.status(), '200');
      const seen = requests.at(-1);
      assert.match(seen?.head ?? '', new RegExp(`content-length: ${bytes}$`, 'im'));
      assert.doesNotMatch(seen?.head ?? '', /transfer-encoding/i);
      assert.equal(digest(seen?.body), digest(body));
      client.close();
    }
  });

  test('one that becomes too large is refused, and no backend sees anything of it', async () => {
    server.dropConnections();
    await waitUntil('no connections', () => server.sockets.size === 0);
    const client = new Uploader(portico);
    client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 21; i++) client.sendChunk(Buffer.alloc(1024 * 1024));
    assert.equal(await client.status(), '413');
    assert.equal(server.sockets.size, 0);
    client.close();
  });

  test('nothing is kept of clients that are gone', async () => {
    const client = new Uploader(portico);
    client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\n');
    client.send(Buffer.alloc(500_000));
    await waitUntil('something in a file', async () => (await metric(portico, kept)) > 0);
    client.close();
    await waitUntil('nothing in a file', async () => (await metric(portico, kept)) === 0);
    await waitUntil('nothing in memory', async () => (await metric(portico, keptInMemory)) === 0);
  });
});

test('a body in a file is sent again to the next endpoint', async () => {
  const servers = [new RawServer(), new RawServer()];
  const ports = await Promise.all(servers.map((server) => server.listen()));
  // Whichever is asked first reads it all and hangs up.
  let asked = 0;
  const reply = (socket: Socket): void => {
    if (asked++ === 0) socket.destroy();
    else socket.write(answer);
  };
  const requests = servers.map((server) => record(server, reply));
  const portico = await startPortico({ manifests: catchAllManifests(ports, { ...buffering, 'proxy-body-size': '20m' }) });
  const body = randomBytes(3_000_000);
  const client = new Uploader(portico);
  client.send(`PUT /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`);
  client.send(body);
  assert.equal(await client.status(), '200');
  assert.deepEqual(
    requests.flat().map((request) => digest(request.body)),
    [digest(body), digest(body)],
  );
  client.close();
  await portico.stop();
  for (const server of servers) await server.close();
});

test('a backend that does not read a body from a file is given up after proxy-send-timeout', async (context) => {
  const server = new RawServer();
  server.onConnection = (socket) => socket.pause();
  const config = { ...buffering, 'proxy-body-size': '0', 'proxy-send-timeout': '1', 'proxy-next-upstream': 'off' };
  const portico = await startPortico({ manifests: catchAllManifests([await server.listen()], config) });
  const client = new Uploader(portico);
  context.after(async () => {
    client.close();
    await portico.stop();
    await server.close();
  });
  const body = Buffer.alloc(40_000_000);
  client.send(`POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`);
  client.send(body);
  assert.equal(await client.status(), '504');
});

test('an error backend gets no body where a part of it is lost', async (context) => {
  const [server, errors] = [new RawServer(), new RawServer()];
  const requests = record(server, (socket) => socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
  const asked = record(errors, (socket) => socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\npage'));
  const manifests = {
    ...catchAllManifests([await server.listen()], buffering),
    'errors.yaml': errorManifests(await errors.listen()),
  };
  const full = new URL('../support/full-disk.ts', import.meta.url).href;
  const directory = mkdtempSync(join(tmpdir(), 'portico-full-'));
  const sign = join(directory, 'full');
  const env = { NODE_OPTIONS: `--import=${full}`, DISK_IS_FULL_WITH: sign };
  const portico = await startPortico({ manifests, env, args: ['--enable-metrics'] });
  const client = new Uploader(portico);
  context.after(async () => {
    rmSync(directory, { recursive: true });
    client.close();
    await portico.stop();
    await server.close();
    await errors.close();
  });
  // All of it has come before the write fails; what was to be written goes to the backend then, and is gone.
  const body = randomBytes(150_000);
  client.send(`POST /up HTTP/1.1\r\nHost: errors.example\r\nContent-Length: ${body.length}\r\n\r\n`);
  client.send(body);
  await waitUntil('all of it', async () => (await metric(portico, kept)) + (await metric(portico, keptInMemory)) >= body.length);
  writeFileSync(sign, '');
  assert.equal(await client.status(), '502');
  assert.equal(digest(requests[0]?.body), digest(body));
  assert.match(client.received, /page$/);
  assert.match(asked[0]?.head ?? '', /\r\ncontent-length: 0$/im);
});

function errorManifests(port: number): string {
  const names = 'nginx.ingress.kubernetes.io';
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: errors
  namespace: default
  annotations: {${names}/custom-http-errors: '502', ${names}/default-backend: errors}
spec:
  ingressClassName: nginx
  rules:
    - host: errors.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: backend, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: errors, namespace: default}
spec: {ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: errors-1, namespace: default, labels: {kubernetes.io/service-name: errors}}
addressType: IPv4
ports: [{name: http, port: ${port}, protocol: TCP}]
endpoints: [{addresses: ['127.0.0.1'], conditions: {ready: true}}]
`;
}

describe('where there is no room', () => {
  const cases = [
    { what: 'on disk', config: { 'portico-buffer-disk': '100k' }, env: {}, reason: 'no-room' },
    { what: 'anywhere', config: { 'portico-buffer-disk': '0', 'portico-buffer-memory': '0' }, env: {}, reason: 'no-room' },
    { what: 'since no file can be written', config: {}, env: { TMPDIR: '/proc/nowhere' }, reason: 'file-error' },
  ];
  for (const { what, config, env, reason } of cases) {
    for (const framing of ['length', 'chunked']) {
      test(`${what}, a body is passed on as it comes (${framing})`, async (test) => {
        const server = new RawServer();
        let bytes = Buffer.alloc(0);
        server.onConnection = (socket) => {
          socket.on('data', (data) => {
            bytes = Buffer.concat([bytes, data]);
            if (framing === 'chunked' ? bytes.subarray(-5).toString() === '0\r\n\r\n' : bytes.length > 3_000_000) socket.write(answer);
          });
        };
        const manifests = catchAllManifests([await server.listen()], { ...buffering, 'proxy-body-size': '20m', ...config });
        const portico = await startPortico({ manifests, env, args: ['--enable-metrics'] });
        const body = randomBytes(3_000_000);
        const client = new Uploader(portico);
        test.after(async () => {
          client.close();
          await portico.stop();
          await server.close();
        });
        const head = `POST /up HTTP/1.1\r\nHost: a.example\r\n`;
        if (framing === 'chunked') {
          client.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
          for (let at = 0; at < 2_000_000; at += 50_000) client.sendChunk(body.subarray(at, at + 50_000));
          await waitUntil('the beginning at the backend', () => bytes.length > 500_000);
          for (let at = 2_000_000; at < body.length; at += 50_000) client.sendChunk(body.subarray(at, at + 50_000));
          client.send('0\r\n\r\n');
        } else {
          client.send(`${head}Content-Length: ${body.length}\r\n\r\n`);
          client.send(body.subarray(0, 2_000_000));
          await waitUntil('the beginning at the backend', () => bytes.length > 500_000);
          client.send(body.subarray(2_000_000));
        }
        assert.equal(await client.status(), '200');
        const sent = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
        assert.equal(digest(framing === 'chunked' ? withoutChunks(sent) : sent), digest(body));
        const counter = new RegExp(`portico_unbuffered_requests_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)`);
        assert.equal(await metric(portico, counter), 1);
      });
    }
  }
});

function withoutChunks(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(pieces);
}

test('a response is buffered without a file where none can be written', async (context) => {
  const server = new RawServer();
  const body = randomBytes(8_000_000);
  server.onConnection = (socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
  };
  const manifests = catchAllManifests([await server.listen()], { 'proxy-buffering': 'on' });
  const portico = await startPortico({ manifests, env: { TMPDIR: '/proc/nowhere' } });
  const client = connect(portico.httpPort, '127.0.0.1');
  context.after(async () => {
    client.destroy();
    await portico.stop();
    await server.close();
  });
  let bytes = Buffer.alloc(0);
  client.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
  client.on('data', (data) => (bytes = Buffer.concat([bytes, data])));
  // Reads a little at a time, so that what waits does not fit into the sockets.
  for (let i = 0; i < 20; i++) {
    client.pause();
    await sleep(20);
    client.resume();
    await sleep(1);
  }
  await waitUntil('the end', () => client.closed);
  assert.equal(digest(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)), digest(body));
});
