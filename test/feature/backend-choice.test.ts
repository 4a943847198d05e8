// How a request finds its backend, with the real program and real sockets: TLS towards it, affinity and its retries, balancing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createCertificateIssuer, type IssuedCertificate } from '../support/certificates.ts';
import { waitUntil } from './engine-rig.ts';
import { ingress, ingressClass, service } from './manifests.ts';
import { type Portico, startPortico } from './portico.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const issuer = createCertificateIssuer({ poolSize: 3, now: Date.now });

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function ask(
  portico: Portico,
  host: string,
  options: { headers?: Record<string, string>; body?: Buffer; path?: string } = {},
): Promise<Answer> {
  const { headers = {}, body, path = '/' } = options;
  const call = httpRequest({
    host: '127.0.0.1',
    port: portico.httpPort,
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: { ...headers, host },
    agent: false,
  });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString('latin1') };
}

function secretManifest(name: string, authority: IssuedCertificate, client: IssuedCertificate): string {
  const stringData = { 'ca.crt': authority.certificatePem, 'tls.crt': client.certificatePem, 'tls.key': client.privateKeyPem };
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, stringData })}\n`;
}

describe('TLS towards the backend', () => {
  let portico: Portico;
  let server: Server;
  let authority: IssuedCertificate;
  let connections = 0;
  const clients: (string | undefined)[] = [];

  before(async () => {
    authority = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
    const leaf = await issuer.issue({ commonName: 'web', hosts: ['web.internal'], issuer: authority });
    const options = {
      cert: leaf.certificatePem,
      key: leaf.privateKeyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
    };
    server = createTlsServer(options, (request, response) => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
      clients.push(Array.isArray(CN) ? CN[0] : CN);
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => response.end(Buffer.concat(parts)));
    });
    server.on('secureConnection', () => connections++);
    const port = await listen(server);
    const client = await issuer.issue({ commonName: 'first', hosts: [], issuer: authority });
    const annotations = {
      'backend-protocol': 'HTTPS',
      'proxy-ssl-secret': 'default/client',
      'proxy-ssl-verify': 'on',
      'proxy-ssl-name': 'web.internal',
      'proxy-body-size': '0',
    };
    portico = await startPortico({
      manifests: {
        'all.yaml':
          ingressClass +
          service('web', [port]) +
          ingress('good', 'web', annotations) +
          ingress('wrong', 'web', { ...annotations, 'proxy-ssl-name': 'x' }),
        'secret.yaml': secretManifest('client', authority, client),
      },
    });
  });

  after(async () => {
    await portico.stop();
    server.closeAllConnections();
    server.close();
  });

  it('carries long bodies both ways', async () => {
    const body = Buffer.alloc(5_000_000, '0123456789abcdef');
    const { status, body: echoed } = await ask(portico, 'good.example', { body });
    assert.equal(status, 200);
    assert.equal(echoed.length, body.length);
    assert.ok(Buffer.from(echoed, 'latin1').equals(body));
  });

  it('uses its connections again', async () => {
    await ask(portico, 'good.example');
    const before = connections;
    for (let i = 0; i < 5; i++) assert.equal((await ask(portico, 'good.example')).status, 200);
    assert.equal(connections, before);
  });

  it('answers 502 where the certificate is for another name', async () => {
    const { status, headers } = await ask(portico, 'wrong.example');
    assert.equal(status, 502);
    assert.equal(headers['x-portico-error'], 'PRT-UP-1');
  });

  it('shows a new client certificate as soon as its Secret is there, on new connections', async () => {
    assert.equal(clients.at(-1), 'first');
    portico.write(
      'secret.yaml',
      secretManifest('client', authority, await issuer.issue({ commonName: 'second', hosts: [], issuer: authority })),
    );
    await waitUntil('the change', async () => {
      await ask(portico, 'good.example');
      return clients.at(-1) === 'second';
    });
  });

  it('answers 503 once the Secret is gone', async () => {
    portico.remove('secret.yaml');
    await waitUntil('the change', async () => (await ask(portico, 'good.example')).status === 503);
  });
});

describe('affinity', () => {
  let portico: Portico;
  const servers: Server[] = [];
  const ports: number[] = [];

  before(async () => {
    for (let i = 0; i < 3; i++) {
      const answer: RequestListener = (_request, response) => response.end(String(i));
      const server = createServer(answer);
      servers.push(server);
      ports.push(await listen(server));
    }
    const sticky = { affinity: 'cookie', 'session-cookie-name': 'route' };
    portico = await startPortico({
      manifests: {
        'all.yaml':
          ingressClass +
          service('stay', ports) +
          service('move', ports) +
          ingress('stay', 'stay', sticky) +
          ingress('guest', 'stay', {}) +
          ingress('move', 'move', { ...sticky, 'session-cookie-change-on-failure': 'true' }),
      },
    });
  });

  after(async () => {
    await portico.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const cookieOf = (answer: Answer): string => answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';

  it('holds on every connection, and a route without the annotation honours the cookie', async () => {
    const first = await ask(portico, 'stay.example');
    const cookie = cookieOf(first);
    assert.match(cookie, /^route=/);
    for (let i = 0; i < 6; i++) {
      const again = await ask(portico, i % 2 === 0 ? 'stay.example' : 'guest.example', { headers: { cookie } });
      assert.equal(again.body, first.body);
      assert.equal(again.headers['set-cookie'], undefined);
    }
    assert.equal((await ask(portico, 'guest.example')).headers['set-cookie'], undefined);
  });

  it('after a failure: 502 from the same endpoint, or another endpoint and a new cookie', async () => {
    const find = async (host: string): Promise<string> => {
      for (;;) {
        const answer = await ask(portico, host);
        if (answer.body === '0') return cookieOf(answer);
      }
    };
    const stay = await find('stay.example');
    const move = await find('move.example');
    const [gone] = servers;
    assert.ok(gone !== undefined);
    gone.closeAllConnections();
    gone.close();
    await once(gone, 'close');
    assert.equal((await ask(portico, 'stay.example', { headers: { cookie: stay } })).status, 502);
    const moved = await ask(portico, 'move.example', { headers: { cookie: move } });
    assert.equal(moved.status, 200);
    assert.notEqual(moved.body, '0');
    assert.match(cookieOf(moved), /^route=/);
    const again = await ask(portico, 'move.example', { headers: { cookie: cookieOf(moved) } });
    assert.equal(again.body, moved.body);
    assert.equal(again.headers['set-cookie'], undefined);
  });
});
