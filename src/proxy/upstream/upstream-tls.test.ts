// TLS towards backends, over real sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { createCertificateIssuer, type IssuedCertificate } from '../../../test/support/certificates.ts';
import type { UpstreamSecret, UpstreamTls } from '../../model/upstream-tls.ts';
import { upstreamSecretKey } from '../../model/upstream-tls.ts';
import { ReadMemory } from '../listener/read-memory.ts';
import { SocketReader } from '../listener/socket-reader.ts';
import { UpstreamTlsDialler } from './upstream-tls.ts';

const issuer = createCertificateIssuer({ poolSize: 2, now: Date.now });
const plain: UpstreamTls = {
  name: 'web.internal',
  sendsServerName: false,
  verifies: false,
  verifyDepth: 1,
  ciphers: 'DEFAULT',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
};
const key = upstreamSecretKey('default', 'ca');
const verifying: UpstreamTls = { ...plain, verifies: true, secret: key };

function secretOf(trustPem: string, client?: IssuedCertificate): UpstreamSecret {
  const origin = { kind: 'Secret', namespace: 'default', name: 'ca' };
  return { key, trustPem, chainPem: client?.certificatePem ?? '', privateKeyPem: client?.privateKeyPem ?? '', origin };
}

/** What the server saw of one connection. */
interface Seen {
  readonly serverName: tls.TLSSocket['servername'];
  readonly clientName: string | undefined;
  readonly version: string | null;
}

interface Server {
  readonly port: number;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** Answers every connection with `body` and closes it. */
async function serve(options: tls.TlsOptions, body = 'hello'): Promise<Server> {
  const seen: Seen[] = [];
  const server = tls.createServer(options, (socket) => {
    const { CN } = socket.getPeerCertificate().subject ?? {};
    seen.push({ serverName: socket.servername, clientName: Array.isArray(CN) ? CN[0] : CN, version: socket.getProtocol() });
    socket.on('error', () => undefined);
    socket.end(body);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    seen,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** The bytes that came, or the message of the error. */
async function dial(row: UpstreamTls, secret: UpstreamSecret | undefined, port: number): Promise<Buffer | string> {
  const parts: Buffer[] = [];
  const reader = new SocketReader(new ReadMemory(), { onBytes: (buffer, length) => parts.push(Buffer.from(buffer.subarray(0, length))) });
  const socket: Socket = new UpstreamTlsDialler(row, secret).connect({ host: '127.0.0.1', port }, reader.onread);
  return new Promise((resolve) => {
    let isSecure = false;
    socket.on('secureConnect', () => {
      isSecure = true;
    });
    socket.on('end', () => socket.end());
    socket.on('error', (error) => resolve(error.message));
    socket.on('close', () => resolve(isSecure ? Buffer.concat(parts) : 'closed'));
  });
}

describe('TLS towards a backend', () => {
  let authority: IssuedCertificate;
  let other: IssuedCertificate;
  let leaf: IssuedCertificate;
  let server: Server;

  before(async () => {
    authority = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
    other = await issuer.issue({ commonName: 'other', hosts: [], isAuthority: true });
    leaf = await issuer.issue({ commonName: 'leaf', hosts: ['web.internal'], issuer: authority });
    server = await serve({ cert: leaf.certificatePem, key: leaf.privateKeyPem });
  });
  after(() => server.close());

  test('verifies nothing and sends no server name unless asked to', async () => {
    assert.equal(String(await dial(plain, undefined, server.port)), 'hello');
    assert.equal(server.seen.at(-1)?.serverName, false);
  });

  test('sends the name as SNI, but never an address', async () => {
    await dial({ ...plain, sendsServerName: true }, undefined, server.port);
    assert.equal(server.seen.at(-1)?.serverName, 'web.internal');
    await dial({ ...plain, sendsServerName: true, name: '10.0.0.1' }, undefined, server.port);
    assert.equal(server.seen.at(-1)?.serverName, false);
  });

  test('trusts the CA of the Secret and nobody else', async () => {
    assert.equal(String(await dial(verifying, secretOf(authority.certificatePem), server.port)), 'hello');
    assert.match(String(await dial(verifying, secretOf(other.certificatePem), server.port)), /unable to (verify|get)|self-signed/);
    assert.match(String(await dial(verifying, secretOf(''), server.port)), /unable to (verify|get)|self-signed/);
  });

  test('asks the certificate for the name', async () => {
    assert.match(String(await dial({ ...verifying, name: 'x.internal' }, secretOf(authority.certificatePem), server.port)), /altnames/);
  });

  test('does not take a common name for a name', async () => {
    const named = await issuer.issue({ commonName: 'web.internal', hosts: [], issuer: authority });
    const own = await serve({ cert: named.certificatePem, key: named.privateKeyPem });
    assert.match(String(await dial(verifying, secretOf(authority.certificatePem), own.port)), /subjectAltName/);
    await own.close();
  });

  test('counts the intermediate certificates', async () => {
    const first = await issuer.issue({ commonName: 'first', hosts: [], issuer: authority, isAuthority: true });
    const second = await issuer.issue({ commonName: 'second', hosts: [], issuer: first, isAuthority: true });
    const far = await issuer.issue({ commonName: 'far', hosts: ['web.internal'], issuer: second });
    const chain = far.certificatePem + second.certificatePem + first.certificatePem;
    const own = await serve({ cert: chain, key: far.privateKeyPem });
    const secret = secretOf(authority.certificatePem);
    assert.match(String(await dial(verifying, secret, own.port)), /verify-depth/);
    assert.equal(String(await dial({ ...verifying, verifyDepth: 2 }, secret, own.port)), 'hello');
    await own.close();
  });

  test('shows the client certificate of the Secret', async () => {
    const client = await issuer.issue({ commonName: 'portico', hosts: [], issuer: authority });
    const own = await serve({ cert: leaf.certificatePem, key: leaf.privateKeyPem, ca: authority.certificatePem, requestCert: true });
    await dial({ ...plain, secret: key }, secretOf('', client), own.port);
    assert.equal(own.seen.at(-1)?.clientName, 'portico');
    await own.close();
  });

  test('speaks the versions that it is told to', async () => {
    await dial({ ...plain, maxVersion: 'TLSv1.2' }, undefined, server.port);
    assert.equal(server.seen.at(-1)?.version, 'TLSv1.2');
    await dial({ ...plain, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, undefined, server.port);
    assert.equal(server.seen.at(-1)?.version, 'TLSv1.3');
  });

  test('fails as a connection fails where it cannot begin', async () => {
    assert.match(String(await dial(verifying, undefined, server.port)), /Secret/);
    assert.match(String(await dial({ ...plain, ciphers: 'NONSENSE' }, undefined, server.port)), /cipher/);
  });

  test('reads long answers into memory that is used again', async () => {
    const body = Buffer.alloc(3_000_000, 'abcdefgh').toString();
    const own = await serve({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, body);
    assert.equal(String(await dial(plain, undefined, own.port)), body);
    await own.close();
  });
});
