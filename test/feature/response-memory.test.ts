// Memory that a socket reads into is used again for the next read, of the same socket or another. A filter that keeps what it was given must
// have a copy: else a client gets bytes of another response.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

/** A body that is the same at no two places, and differs between paths. */
function bodyOf(path: string, bodyBytes: number): Buffer {
  let text = '';
  for (let number = 0; text.length < bodyBytes; number++) text += `${path} ${number * 7919};`;
  return Buffer.from(text.slice(0, bodyBytes));
}

async function fetchBody(port: number, path: string, gzip: boolean): Promise<Buffer> {
  const headers = gzip ? { 'accept-encoding': 'gzip' } : {};
  const asked = request({ port, host: '127.0.0.1', path, headers, agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  return gzip ? gunzipSync(body) : body;
}

/** In pieces that are smaller than what a socket reads at once. */
async function sendPieces(answer: ServerResponse, body: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < body.length; at += pieceBytes) {
    answer.write(body.subarray(at, at + pieceBytes));
    await setImmediate();
  }
  answer.end();
}

for (const [name, config, gzip, bodyBytes, pieceBytes] of [
  ['compressed', { 'use-gzip': 'true' }, true, 3_000_000, 40_000],
  ['paced', { 'limit-rate': '30' }, false, 90_000, 90_000],
] as const) {
  test(`long bodies that are ${name} at the same time arrive as they were sent`, async () => {
    const server: Server = createServer((message, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.setHeader('content-length', bodyBytes);
      void sendPieces(answer, bodyOf(message.url ?? '', bodyBytes), pieceBytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const portico: Portico = await startPortico({ manifests: catchAllManifests([address.port], config) });
    try {
      const paths = ['/a', '/bb', '/ccc', '/dddd', '/eeeee', '/ffffff'];
      const bodies = await Promise.all(paths.map((path) => fetchBody(portico.httpPort, path, gzip)));
      for (const [index, path] of paths.entries()) assert.ok(bodies[index]?.equals(bodyOf(path, bodyBytes)), `the body of ${path}`);
    } finally {
      await portico.stop();
      server.closeAllConnections();
      server.close();
    }
  });
}
