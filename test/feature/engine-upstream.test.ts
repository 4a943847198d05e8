// Backends that do not answer, refuse, or go away, and clients that do not wait for them.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Client } from '../torture/client.ts';
import { expandParts } from '../torture/parts.ts';
import { type Answer, awaitAnswer, openRawEngine, type RawServer, waitUntil } from './engine-rig.ts';
import { catchAllManifests, findFreePorts, type Portico, startPortico } from './portico.ts';

const request = 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n';
const config = {
  'proxy-read-timeout': '2',
  'proxy-next-upstream': 'off',
};

async function ask(portico: Portico, bytes = request): Promise<Answer> {
  const client = await new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
  await client.send(expandParts(bytes));
  return awaitAnswer(client, 'GET');
}

describe('a backend', () => {
  let portico: Portico;
  let server: RawServer;
  before(async () => {
    ({ portico, server } = await openRawEngine(config));
  });
  beforeEach(() => {
    server.dropConnections();
  });
  after(async () => {
    await portico.stop();
    await server.close();
  });

  test('that never answers is a 504, and its connection is closed', async () => {
    server.onConnection = (socket) => socket.resume();
    const { response, client } = await ask(portico);
    assert.equal(response.status, 504);
    await waitUntil(
      'the upstream connection to end',
      () => server.sockets.size === 0 || [...server.sockets].every((socket) => socket.readableEnded),
    );
    client.destroy();
  });

  test('that stops in the middle of its head is a 504', async () => {
    server.onConnection = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Le');
    assert.equal((await ask(portico)).response.status, 504);
  });

  test('that accepts and closes is a 502', async () => {
    server.onConnection = (socket) => socket.end();
    assert.equal((await ask(portico)).response.status, 502);
  });

  test('that reads the request and closes is a 502', async () => {
    server.onConnection = (socket) => socket.once('data', () => socket.end());
    assert.equal((await ask(portico)).response.status, 502);
  });

  test('that resets the connection is a 502', async () => {
    server.onConnection = (socket) => socket.once('data', () => socket.resetAndDestroy());
    assert.equal((await ask(portico)).response.status, 502);
  });

  test('that stops in the middle of its body makes the client see a cut', async () => {
    server.onConnection = (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'));
    const client = await new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
    await client.send(expandParts(request));
    await waitUntil('the end of the connection', () => client.isClosed);
    assert.ok(client.received.endsWith('\r\n\r\nhello'));
  });

  test('that breaks its framing leaves nothing of its body for the next client', async () => {
    let isFirst = true;
    server.onConnection = (socket) => {
      socket.on('data', () => {
        if (isFirst) {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel');
          setTimeout(() => socket.write('loXX\r\n0\r\n\r\n'), 30);
        } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
        isFirst = false;
      });
    };
    const client = await new Client({ host: '127.0.0.1', port: portico.httpPort }).ready();
    await client.send(expandParts(request));
    await waitUntil('the end of the connection', () => client.isClosed);
    const next = await ask(portico);
    assert.match(next.client.received, /^HTTP\/1\.1 200 /);
    assert.equal(next.response.body, 'next');
  });

  test('is let go when the client goes away before the answer', async () => {
    let isReleased = false;
    let isCalled = false;
    server.dropConnections();
    server.onConnection = (socket) => {
      isCalled = true;
      socket.resume();
      socket.once('close', () => {
        isReleased = true;
      });
      socket.once('end', () => socket.destroy());
    };
    const client = connect(portico.httpPort, '127.0.0.1');
    client.write('POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nhello');
    await waitUntil('the upstream connection', () => isCalled);
    client.resetAndDestroy();
    await waitUntil('the upstream connection to end', () => isReleased);
  });

  test('that answers again is used again', async () => {
    server.onConnection = (socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'));
    assert.equal((await ask(portico)).response.body, 'hello');
  });
});

test('an endpoint that refuses connections is a 502', async () => {
  const portico = await startPortico({ manifests: catchAllManifests(await findFreePorts(1), config) });
  try {
    assert.equal((await ask(portico)).response.status, 502);
  } finally {
    await portico.stop();
  }
});

test('a Service without endpoints is a 503', async () => {
  const portico = await startPortico({ manifests: catchAllManifests([], config) });
  try {
    assert.equal((await ask(portico)).response.status, 503);
  } finally {
    await portico.stop();
  }
});
