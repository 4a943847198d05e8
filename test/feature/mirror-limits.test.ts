// Copies of requests whose server does not answer: they cost the client nothing, and leave room for those of other routes.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { RawServer, waitUntil } from './engine-rig.ts';
import { endpointManifests, type Portico, startPortico } from './portico.ts';

/** Of one route, in one worker. */
const routeCopies = 250;
let portico: Portico;
const backend = new RawServer();
const stuck = new RawServer();
const other = new RawServer();

before(async () => {
  backend.onConnection = (socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  const [port, stuckPort, otherPort] = await Promise.all([backend.listen(), stuck.listen(), other.listen()]);
  const ingress = (host: string, target: number): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: host.replace('.', '-'),
      namespace: 'default',
      annotations: { 'nginx.ingress.kubernetes.io/mirror-target': `http://127.0.0.1:${target}/copy` },
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'backend', port: { number: 80 } } } }] } },
      ],
    },
  });
  const objects = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'backend', namespace: 'default' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
    },
    ingress('stuck.test', stuckPort),
    ingress('other.test', otherPort),
  ];
  portico = await startPortico({
    manifests: { 'all.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n'), ...endpointManifests([port]) },
  });
});
after(async () => {
  await portico.stop();
  for (const server of [backend, stuck, other]) await server.close();
});

async function ask(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port: portico.httpPort, host: '127.0.0.1', headers: { host } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.on('error', reject).end();
  });
}

test('a route with as many copies under way as it may have makes no more, and others do', async () => {
  for (let i = 0; i < routeCopies + 20; i++) assert.equal(await ask('stuck.test'), 200);
  await waitUntil('the copies', () => stuck.sockets.size === routeCopies);
  let copied = 0;
  other.onConnection = (socket) => socket.on('data', () => copied++);
  assert.equal(await ask('other.test'), 200);
  await waitUntil('a copy for the other route', () => copied === 1);
  assert.equal(stuck.sockets.size, routeCopies);
});

test('copies that have ended make room again', async () => {
  stuck.dropConnections();
  await waitUntil('the end of the copies', () => stuck.sockets.size === 0);
  let copied = 0;
  stuck.onConnection = (socket) => socket.on('data', () => copied++);
  // Portico hears of the end of each copy a little later.
  await waitUntil('another copy', async () => {
    assert.equal(await ask('stuck.test'), 200);
    return copied > 0;
  });
});
