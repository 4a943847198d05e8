// Large bodies: every byte arrives, and a side that does not read stops the other side instead of filling memory.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openRawEngine, type RawServer, waitForPlateau, waitUntil } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const bodyBytes = 50_000_000;
// What two pairs of socket buffers and the buffers of a proxy may hold, with much room; a proxy without back-pressure takes everything.
const heldBytes = 40_000_000;
const config = { 'proxy-body-size': '0' };

/** Pieces of different sizes that add up to the body. */
function* pieces(): Generator<Buffer> {
  for (let sent = 0, number = 1; sent < bodyBytes; number++) {
    const size = Math.min(bodyBytes - sent, (number * 7919) % 300_000);
    yield Buffer.alloc(size, number % 251);
    sent += size;
  }
}

function digestOfBody(): string {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  return hash.digest('hex');
}

async function digestOf(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of message) hash.update(piece);
  return hash.digest('hex');
}

async function sendBody(to: ServerResponse | ReturnType<typeof request>): Promise<void> {
  for (const piece of pieces()) if (!to.write(piece)) await once(to, 'drain');
  to.end();
}

describe('a body of 50 MB', () => {
  let portico: Portico;
  let server: Server;
  before(async () => {
    server = createServer((message, answer) => {
      if (message.method === 'GET') {
        if (message.url === '/length') answer.setHeader('content-length', bodyBytes);
        void sendBody(answer);
        return;
      }
      void digestOf(message).then((digest) => answer.end(`${digest} ${message.headers['transfer-encoding'] ?? 'length'}`));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    portico = await startPortico({ manifests: catchAllManifests([address.port], config) });
  });
  after(async () => {
    await portico.stop();
    server.close();
  });

  for (const path of ['/length', '/chunked']) {
    test(`comes down whole (${path.slice(1)})`, async () => {
      const asked = request({ port: portico.httpPort, host: '127.0.0.1', path }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      assert.equal(answer.headers['content-length'], path === '/length' ? String(bodyBytes) : undefined);
      assert.equal(await digestOf(answer), digestOfBody());
    });

    test(`goes up whole (${path.slice(1)})`, async () => {
      const headers = path === '/length' ? { 'content-length': bodyBytes } : {};
      const asked = request({ port: portico.httpPort, host: '127.0.0.1', path, method: 'POST', headers });
      const responded = once(asked, 'response');
      await sendBody(asked);
      const [answer] = (await responded) as [IncomingMessage];
      const text = (await answer.toArray()).join('');
      assert.equal(text, `${digestOfBody()} ${path.slice(1)}`);
    });
  }
});

describe('a side that does not read', () => {
  const offered = Buffer.alloc(100_000, 'x');
  const offers = 1500;
  let portico: Portico;
  let server: RawServer;
  before(async () => {
    ({ portico, server } = await openRawEngine({ ...config, 'proxy-read-timeout': '60', 'proxy-send-timeout': '60' }));
  });
  after(async () => {
    await portico.stop();
    await server.close();
  });

  /** Writes the offers one after the other, and counts the bytes that the system took. */
  function offer(to: Socket, count: (bytes: number) => void, left = offers): void {
    if (left === 0) return;
    to.write(offered, (error) => {
      if (error) return;
      count(offered.length);
      offer(to, count, left - 1);
    });
  }

  test('at the client stops the backend, and gets everything when it reads again', async () => {
    let accepted = 0;
    server.dropConnections();
    server.onConnection = (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${offers * offered.length}\r\n\r\n`);
        offer(socket, (bytes) => (accepted += bytes));
      });
    };
    const client = connect(portico.httpPort, '127.0.0.1');
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await waitUntil('the first bytes', () => accepted > 0);
    const held = await waitForPlateau(() => accepted);
    assert.ok(held < heldBytes, `${held} bytes were taken for a client that does not read`);
    let received = 0;
    client.on('data', (data) => (received += data.length)).resume();
    await waitUntil('everything', () => received > offers * offered.length);
    client.destroy();
  });

  test('at the backend stops the client, and gets everything when it reads again', async () => {
    let received = 0;
    // A connection that the test before has left in the pool would be read by that test.
    server.dropConnections();
    let resume = (): void => undefined;
    server.onConnection = (socket) => {
      socket.pause();
      resume = () => socket.on('data', (data) => (received += data.length)).resume();
    };
    const client = connect(portico.httpPort, '127.0.0.1');
    let accepted = 0;
    client.write(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${offers * offered.length}\r\n\r\n`);
    offer(client, (bytes) => (accepted += bytes));
    await waitUntil('the first bytes', () => accepted > 0 && server.sockets.size > 0);
    const held = await waitForPlateau(() => accepted);
    assert.ok(held < heldBytes, `${held} bytes were taken for a backend that does not read`);
    resume();
    await waitUntil('everything', () => received > offers * offered.length);
    client.destroy();
  });
});
