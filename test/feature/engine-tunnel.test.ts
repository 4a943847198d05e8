// Tunnels: the handshake, bytes in both directions, and each direction ending on its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { openRawEngine, type RawServer, waitUntil } from './engine-rig.ts';
import { ingress, ingressClass, service } from './manifests.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const handshake = [
  'GET /chat HTTP/1.1',
  'Host: a.example',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
const switched =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** One end of a tunnel, with everything that it received. */
class End {
  readonly socket: Socket;
  bytes = Buffer.alloc(0);
  isEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.bytes = Buffer.concat([this.bytes, data]);
    });
    socket.on('end', () => {
      this.isEnded = true;
    });
  }

  /** What follows the head. */
  tunnelled(): Buffer {
    const end = this.bytes.indexOf('\r\n\r\n');
    return end < 0 ? Buffer.alloc(0) : this.bytes.subarray(end + 4);
  }

  hasHead(): boolean {
    return this.bytes.includes('\r\n\r\n');
  }
}

describe('a tunnel', () => {
  let portico: Portico;
  let server: RawServer;
  before(async () => {
    ({ portico, server } = await openRawEngine());
  });
  after(async () => {
    // A tunnel that only the client has ended is still open, and the drain would wait for it.
    server.dropConnections();
    await portico.stop();
    await server.close();
  });

  /** Sends the handshake and more bytes with it, and waits for it at the backend, which has not answered yet. */
  async function open(more = ''): Promise<{ client: End; backend: End }> {
    let backend: End | undefined;
    server.onConnection = (socket) => {
      backend = new End(socket);
    };
    const client = new End(connect({ port: portico.httpPort, host: '127.0.0.1', allowHalfOpen: true }));
    client.socket.write(handshake + more);
    await waitUntil('the handshake at the backend', () => backend?.hasHead() === true);
    assert.ok(backend !== undefined);
    return { client, backend };
  }

  test('carries any bytes both ways after the 101', async () => {
    const { client, backend } = await open();
    assert.match(backend.bytes.toString('latin1'), /\r\nUpgrade: websocket\r\n/i);
    backend.socket.write(switched);
    await waitUntil('the 101', () => client.hasHead());
    const up = randomBytes(1_000_000);
    const down = randomBytes(1_000_000);
    client.socket.write(up);
    backend.socket.write(down);
    await waitUntil('all bytes', () => backend.tunnelled().length >= up.length && client.tunnelled().length >= down.length);
    assert.ok(backend.tunnelled().equals(up));
    assert.ok(client.tunnelled().equals(down));
    client.socket.destroy();
  });

  test('holds bytes that the client sends before the 101, and passes them on after it', async () => {
    const { client, backend } = await open('GET /smuggled HTTP/1.1\r\n\r\n');
    client.socket.write('and more');
    // Another connection that went all the way shows that there was time for the bytes to arrive.
    const { client: other, backend: otherBackend } = await open();
    otherBackend.socket.write(switched);
    await waitUntil('the other 101', () => other.hasHead());
    assert.equal(backend.tunnelled().length, 0);
    backend.socket.write(switched);
    await waitUntil('the held bytes', () => backend.tunnelled().toString().endsWith('and more'));
    assert.equal(backend.tunnelled().toString(), 'GET /smuggled HTTP/1.1\r\n\r\nand more');
    client.socket.destroy();
    other.socket.destroy();
  });

  test('passes on that the client has ended, and carries the other direction on', async () => {
    const { client, backend } = await open();
    backend.socket.write(switched);
    await waitUntil('the 101', () => client.hasHead());
    client.socket.end('last');
    await waitUntil('the end at the backend', () => backend.isEnded);
    assert.equal(backend.tunnelled().toString(), 'last');
    backend.socket.end('farewell');
    await waitUntil('the end at the client', () => client.isEnded);
    assert.equal(client.tunnelled().toString(), 'farewell');
  });

  test('passes on that the backend has ended, and carries the other direction on', async () => {
    const { client, backend } = await open();
    backend.socket.end(`${switched}done`);
    await waitUntil('the end at the client', () => client.isEnded);
    assert.equal(client.tunnelled().toString(), 'done');
    client.socket.end('late');
    await waitUntil('the end at the backend', () => backend.isEnded);
    assert.equal(backend.tunnelled().toString(), 'late');
  });

  test('does not open on another answer: what follows is the next request', async () => {
    const { client, backend } = await open('GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n');
    backend.socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    await waitUntil('the refusal', () => client.tunnelled().toString().startsWith('no'));
    let nextRequest = '';
    server.onConnection = (socket) => socket.on('data', (data) => (nextRequest += data.toString('latin1')));
    await waitUntil(
      'the next request',
      () => client.isEnded || (nextRequest + backend.tunnelled().toString()).includes('GET /next HTTP/1.1\r\n'),
    );
    client.socket.destroy();
  });

  test('ends at both ends when one is reset', async () => {
    const { client, backend } = await open();
    backend.socket.write(switched);
    await waitUntil('the 101', () => client.hasHead());
    client.socket.resetAndDestroy();
    await waitUntil('the end at the backend', () => backend.isEnded || backend.socket.destroyed);
  });
});

test('a WebSocket echo of text, a large message and the close code', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  const address = sockets.address();
  assert.ok(address !== null && typeof address === 'object');
  const portico = await startPortico({ manifests: catchAllManifests([address.port], {}) });
  try {
    const client = new WebSocket(`ws://127.0.0.1:${portico.httpPort}/chat`);
    await once(client, 'open');
    client.send('hello');
    assert.equal(String((await once(client, 'message'))[0]), 'hello');
    const large = randomBytes(2_000_000);
    client.send(large);
    const [echoed] = await once(client, 'message');
    assert.ok(Buffer.isBuffer(echoed) && echoed.equals(large));
    client.close(4001, 'bye');
    const [code] = await once(client, 'close');
    assert.equal(code, 4001);
  } finally {
    await portico.stop();
    sockets.close();
  }
});

test('the answer that opens a tunnel has the fields that policies set, as in ingress-nginx', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const address = sockets.address();
  assert.ok(address !== null && typeof address === 'object');
  const annotations = { 'enable-cors': 'true', 'cors-allow-origin': 'https://app.example', affinity: 'cookie' };
  const site = ingressClass + service('backend', [address.port]) + ingress('a', 'backend', annotations);
  const portico = await startPortico({ manifests: { 'site.yaml': site } });
  try {
    const client = new WebSocket(`ws://127.0.0.1:${portico.httpPort}/chat`, {
      headers: { Host: 'a.example' },
      origin: 'https://app.example',
    });
    const opened = once(client, 'open');
    const [response] = await once(client, 'upgrade');
    await opened;
    assert.ok(response instanceof IncomingMessage);
    assert.equal(response.headers['access-control-allow-origin'], 'https://app.example');
    assert.match(response.headers['set-cookie']?.[0] ?? '', /^INGRESSCOOKIE=/);
    assert.equal(response.headers['set-cookie']?.length, 1);
    client.close();
  } finally {
    await portico.stop();
    sockets.close();
  }
});
