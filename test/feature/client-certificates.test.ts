// Client certificates, with real handshakes: who is asked for one, whom the policy of another host cannot help in, and what changes while
// connections are open.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectPlain, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { createCertificateIssuer, type IssuedCertificate } from '../support/certificates.ts';
import { waitUntil } from './engine-rig.ts';
import { type Portico, startPortico } from './portico.ts';

const issuer = createCertificateIssuer({ poolSize: 1, now: () => Date.now() });

function secret(name: string, data: Readonly<Record<string, string>>): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data })}\n---\n`;
}

function ingress(host: string, annotations: Readonly<Record<string, string>>, withTls = true): string {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
  const path = { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } };
  const spec = { ingressClassName: 'nginx', rules: [{ host, http: { paths: [path] } }], ...(withTls && { tls: [{ hosts: [host] }] }) };
  const metadata = { name: host.replaceAll('*', 'any'), annotations: prefixed };
  return `${JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec })}\n---\n`;
}

function common(port: number): string {
  return `{"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
---
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
---
{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
 "addressType": "IPv4", "endpoints": [{"addresses": ["127.0.0.1"]}], "ports": [{"name": "http", "port": ${port}}]}
---
`;
}

/** One TLS connection that sends requests by hand. */
class Connection {
  readonly socket: tls.TLSSocket;
  #received = '';
  isClosed = false;

  constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.#received += bytes.toString('latin1')));
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', () => undefined);
  }

  /** The whole response, as far as it has a Content-Length. */
  async ask(host: string): Promise<string> {
    this.#received = '';
    this.socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await waitUntil('a response', () => this.isClosed || this.#isComplete());
    return this.#received;
  }

  #isComplete(): boolean {
    const end = this.#received.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(this.#received)?.[1];
    return end >= 0 && length !== undefined && this.#received.length >= end + 4 + Number(length);
  }
}

describe('client certificates', () => {
  let portico: Portico;
  let backend: Server;
  let authority: IssuedCertificate;
  let otherAuthority: IssuedCertificate;
  let alice: IssuedCertificate;
  let mallory: IssuedCertificate;
  const connections: Connection[] = [];

  before(async () => {
    authority = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
    otherAuthority = await issuer.issue({ commonName: 'other-ca', hosts: [], isAuthority: true });
    alice = await issuer.issue({ commonName: 'alice', hosts: [], issuer: authority });
    mallory = await issuer.issue({ commonName: 'mallory', hosts: [], issuer: otherAuthority });
    backend = createServer((request, response) => {
      const body = JSON.stringify({ verify: request.headers['ssl-client-verify'], subject: request.headers['ssl-client-subject-dn'] });
      response.setHeader('content-length', body.length);
      response.end(body);
    });
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const manifests = {
      'common.yaml': common((backend.address() as AddressInfo).port),
      'ca.yaml': secret('ca', { 'ca.crt': authority.certificatePem }) + secret('other-ca', { 'ca.crt': otherAuthority.certificatePem }),
      'closed.yaml': ingress('closed.example', { 'auth-tls-secret': 'default/ca' }),
      'rest.yaml': [
        ingress('open.example', {}),
        ingress('other.example', { 'auth-tls-secret': 'default/other-ca' }),
        ingress('*.wild.example', { 'auth-tls-secret': 'default/ca' }),
        ingress('plain.example', { 'auth-tls-secret': 'default/ca' }, false),
      ].join(''),
    };
    portico = await startPortico({ manifests });
  });
  after(async () => {
    for (const { socket } of connections) socket.destroy();
    await portico.stop();
    backend.closeAllConnections();
    backend.close();
  });

  interface Handshake {
    readonly name: string;
    readonly certificate?: IssuedCertificate | undefined;
    readonly session?: Buffer | undefined;
    readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  }

  async function connect({ name, certificate, session, maxVersion = 'TLSv1.3' }: Handshake): Promise<Connection> {
    const socket = tls.connect({
      port: portico.httpsPort,
      host: '127.0.0.1',
      servername: name,
      rejectUnauthorized: false,
      maxVersion,
      ...(session !== undefined && { session }),
      ...(certificate !== undefined && { cert: certificate.certificatePem, key: certificate.privateKeyPem }),
    });
    const connection = new Connection(socket);
    connections.push(connection);
    await once(socket, 'secureConnect');
    return connection;
  }

  async function ask(handshake: Handshake, host = handshake.name): Promise<string> {
    return (await connect(handshake)).ask(host);
  }

  /** Whether the server asks for a certificate, as a client can tell: it is asked to choose one. */
  async function isAsked(name: string): Promise<boolean> {
    const wrong = await connect({ name, certificate: alice });
    const answer = await wrong.ask(name);
    return answer.includes('SUCCESS');
  }

  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    it(`judges the certificate of a handshake with ${maxVersion}`, async () => {
      assert.match(
        await ask({ name: 'closed.example', certificate: alice, maxVersion }),
        /^HTTP\/1.1 200[^]*"SUCCESS","subject":"CN=alice"/,
      );
      assert.match(await ask({ name: 'closed.example', certificate: mallory, maxVersion }), /^HTTP\/1.1 400[^]*PRT-CERT-2/);
      assert.match(
        await ask({ name: 'closed.example', maxVersion }),
        /^HTTP\/1.1 400[^]*PRT-CERT-1[^]*No required SSL certificate was sent/,
      );
    });
  }

  it('does not ask clients of hosts without a policy', async () => {
    assert.equal(await isAsked('open.example'), false);
    assert.equal(await isAsked('closed.example'), true);
  });

  it('holds for the hosts of a wildcard, in any case of letters', async () => {
    assert.match(await ask({ name: 'A.Wild.Example' }), /PRT-CERT-1/);
    assert.match(await ask({ name: 'A.Wild.Example', certificate: alice }), /^HTTP\/1.1 200/);
  });

  it('is not got round by another server name', async () => {
    assert.match(await ask({ name: 'open.example', certificate: alice }, 'closed.example'), /^HTTP\/1.1 421[^]*PRT-ROUTE-5/);
    assert.match(await ask({ name: 'other.example', certificate: mallory }, 'closed.example'), /^HTTP\/1.1 421/);
    assert.match(await ask({ name: 'a.wild.example', certificate: alice }, 'closed.example'), /^HTTP\/1.1 421/);
    assert.match(await ask({ name: 'unknown.example', certificate: alice }, 'closed.example'), /^HTTP\/1.1 400/);
    assert.match(await ask({ name: '', certificate: alice }, 'closed.example'), /^HTTP\/1.1 400/);
  });

  it('does not keep a client from hosts without a policy', async () => {
    assert.match(await ask({ name: 'closed.example', certificate: alice }, 'open.example'), /^HTTP\/1.1 200/);
  });

  it('is not got round by a session of another host', async () => {
    const first = await connect({ name: 'open.example', maxVersion: 'TLSv1.2' });
    const session = first.socket.getSession();
    const second = await connect({ name: 'closed.example', session, maxVersion: 'TLSv1.2' });
    assert.match(await second.ask('closed.example'), /PRT-CERT-1/);
  });

  it('is not got round by a session of its own', async () => {
    const first = await connect({ name: 'closed.example', certificate: alice, maxVersion: 'TLSv1.2' });
    const second = await connect({ name: 'closed.example', session: first.socket.getSession(), maxVersion: 'TLSv1.2' });
    assert.equal(second.socket.isSessionReused(), false);
    assert.match(await second.ask('closed.example'), /PRT-CERT-1/);
  });

  it('refuses plain HTTP where nothing redirects it', async () => {
    assert.match(await rawPlain('plain.example'), /^HTTP\/1.1 400[^]*PRT-CERT-1/);
    assert.match(await rawPlain('closed.example'), /^HTTP\/1.1 308/);
  });

  async function rawPlain(host: string): Promise<string> {
    const socket = connectPlain(portico.httpPort, '127.0.0.1');
    socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const bytes of socket) text += String(bytes);
    return text;
  }

  it('follows a change of the CA, on open connections too', async () => {
    const open = await connect({ name: 'closed.example', certificate: alice });
    assert.match(await open.ask('closed.example'), /^HTTP\/1.1 200/);
    portico.write(
      'ca.yaml',
      secret('ca', { 'ca.crt': otherAuthority.certificatePem }) + secret('other-ca', { 'ca.crt': authority.certificatePem }),
    );
    await waitUntil('the new CA', async () => /^HTTP\/1.1 200/.test(await ask({ name: 'closed.example', certificate: mallory })));
    assert.match(await ask({ name: 'closed.example', certificate: alice }), /PRT-CERT-2/);
    assert.match(await open.ask('closed.example'), /^HTTP\/1.1 421[^]*Connection: close/);
  });

  it('closes the host while the CA is missing', async () => {
    portico.remove('ca.yaml');
    let answer = '';
    await waitUntil('no CA', async () => {
      answer = await ask({ name: 'closed.example', certificate: mallory });
      return answer.includes('PRT-CERT-4');
    });
    assert.match(answer, /^HTTP\/1.1 403[^]*PRT-CERT-4/);
    assert.match(await ask({ name: 'open.example' }), /^HTTP\/1.1 200/);
  });
});
