import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { parseClientHello } from './client-hello.ts';

/** The first bytes that Node's own client sends. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const socket = connect(address.port, '127.0.0.1');
  const accepted = once(server, 'connection');
  const client = tls.connect({ socket, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  const [peer] = await accepted;
  const [bytes] = await once(peer, 'data');
  client.destroy();
  peer.destroy();
  server.close();
  return bytes;
}

/** The same handshake message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece);
  }
  return Buffer.concat(parts);
}

describe('ClientHello', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`gives the server name of ${version}, however it is cut`, async () => {
      const hello = await helloOf({ servername: 'Shop.Example', minVersion: version, maxVersion: version, ALPNProtocols: ['http/1.1'] });
      for (let length = 0; length < hello.length; length++) {
        assert.deepEqual(parseClientHello(hello.subarray(0, length)), { kind: 'more' }, `${length} bytes`);
      }
      assert.deepEqual(parseClientHello(hello), { kind: 'hello', serverName: 'Shop.Example' });
      for (const size of [1, 7, 100])
        assert.deepEqual(parseClientHello(inRecords(hello, size)), { kind: 'hello', serverName: 'Shop.Example' });
    });
  }

  it('gives none where there is none', async () => {
    assert.deepEqual(parseClientHello(await helloOf({ servername: '' })), { kind: 'hello', serverName: '' });
  });

  const bad: readonly (readonly [what: string, bytes: Buffer])[] = [
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another record', Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5])],
    ['another message', Buffer.from([22, 3, 3, 0, 5, 2, 0, 0, 1, 0])],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record that is too long', Buffer.from([22, 3, 1, 255, 255, 1])],
    ['a message that is too long', Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255])],
    ['a message that ends inside itself', Buffer.from([22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3])],
  ];
  for (const [what, bytes] of bad) {
    it(`does not take ${what}`, () => assert.deepEqual(parseClientHello(bytes), { kind: 'bad' }));
  }

  it('never throws on bytes that were changed', async () => {
    const hello = await helloOf({ servername: 'shop.example' });
    for (let at = 5; at < hello.length; at++) {
      for (const value of [0, 1, 127, 255]) {
        const changed = Buffer.from(hello);
        changed[at] = value;
        assert.ok(['more', 'bad', 'hello'].includes(parseClientHello(changed).kind));
      }
    }
  });
});
