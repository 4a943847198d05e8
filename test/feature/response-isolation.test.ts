// Responses of different clients are put together in the same memory: nothing of one may ever go out with another. The backend answers two
// clients at the same moment, so that the second answer is worked on while the first waits for something.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { openRawEngine, waitUntil } from './engine-rig.ts';

interface Exchange {
  readonly received: () => string;
  readonly upstream: Socket;
}

/** What each of two clients receives when the backend gives both answers at once. */
async function answerTogether(
  config: Readonly<Record<string, string>>,
  first: string,
  second: string,
  retried?: string,
): Promise<readonly [string, string]> {
  const { portico, server } = await openRawEngine(config);
  const clients: Socket[] = [];
  const ask = async (path: string): Promise<Exchange> => {
    let upstream: Socket | undefined;
    server.onConnection = (socket) => socket.once('data', () => (upstream = socket));
    const client = connect(portico.httpPort, '127.0.0.1');
    clients.push(client);
    let received = '';
    client.on('data', (bytes) => (received += bytes.toString('latin1')));
    client.on('error', () => undefined);
    await once(client, 'connect');
    client.write(`GET ${path} HTTP/1.1\r\nHost: app.example\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`);
    await waitUntil('a request at the backend', () => upstream !== undefined);
    if (upstream === undefined) throw new Error('no request');
    return { received: () => received, upstream };
  };
  try {
    const one = await ask('/one');
    const other = await ask('/other');
    if (retried !== undefined) server.onConnection = (socket) => socket.once('data', () => socket.write(retried, 'latin1'));
    one.upstream.write(first, 'latin1');
    other.upstream.write(second, 'latin1');
    await waitUntil('both answers', () => clients.every((client) => client.closed));
    return [one.received(), other.received()];
  } finally {
    for (const client of clients) client.destroy();
    await portico.stop();
    await server.close();
  }
}

const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: secret=one\r\n';
const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother';

function chunked(body: string): string {
  return `${page}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

function assertApart([one, other]: readonly [string, string]): void {
  assert.match(other, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(other, /\r\n\r\nother$/);
  assert.doesNotMatch(other, /secret/);
  assert.equal(other.split('HTTP/1.1').length, 2);
  assert.match(one, /HTTP\/1\.1 200 OK\r\n/);
  assert.match(one, /secret=one/);
}

test('a whole response that is compressed by a stream', async () => {
  assertApart(await answerTogether({ 'use-gzip': 'true' }, chunked('text to compress '.repeat(500)), plain));
});

test('the beginning of a response that is compressed by a stream', async () => {
  const body = 'text to compress '.repeat(3000);
  assertApart(await answerTogether({ 'use-gzip': 'true' }, `${page}Content-Length: ${body.length}\r\n\r\n${body}`, plain));
});

test('a whole response that a limit on bandwidth holds back', async () => {
  assertApart(await answerTogether({ 'limit-rate': '9' }, chunked('x'.repeat(12_000)), plain));
});

test('an interim response before an answer that is not passed on', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </secret=one>\r\n\r\n';
  const busy = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';
  const config = { 'proxy-next-upstream': 'error http_503' };
  assertApart(await answerTogether(config, hints + busy, plain, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none'));
});
