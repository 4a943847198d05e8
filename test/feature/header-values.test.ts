// Values that configuration puts into heads: whole characters on the wire, one value where two settings name a field, and nothing beside
// them that a backend could take for them.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { RawServer, waitUntil } from './engine-rig.ts';
import { endpointManifests, type Portico, startPortico } from './portico.ts';

const town = 'Zürich – Ċx 町';
let portico: Portico;
let server: RawServer;
let seen = '';

function object(apiVersion: string, kind: string, name: string, rest: object): object {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: kind === 'IngressClass' ? undefined : 'default', ...annotationsOf(rest) },
    ...rest,
  };
}

function annotationsOf(rest: object): object {
  return 'annotations' in rest ? { annotations: rest.annotations } : {};
}

function ingress(host: string, service: string, annotations: Record<string, string> = {}): object {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }];
  return object('networking.k8s.io/v1', 'Ingress', host.replace('.', '-'), {
    annotations: prefixed,
    spec: { ingressClassName: 'nginx', rules: [{ host, http: { paths } }] },
  });
}

before(async () => {
  server = new RawServer();
  server.onConnection = (socket: Socket) => {
    socket.on('data', (data) => {
      seen = data.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nX-Town: of the backend\r\nContent-Length: 2\r\n\r\nok');
    });
  };
  const port = await server.listen();
  const config = {
    'add-headers': 'default/added',
    'proxy-set-headers': 'default/set',
    'enable-underscores-in-headers': 'true',
    'global-allowed-response-headers': 'X-Town',
  };
  const objects = [
    object('networking.k8s.io/v1', 'IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx' } }),
    object('v1', 'ConfigMap', 'controller', { data: config }),
    object('v1', 'ConfigMap', 'added', { data: { 'X-Town': town, 'X-Added': 'yes' } }),
    object('v1', 'ConfigMap', 'set', { data: { 'X-Town': town, 'X-User': 'nobody', X_Group: 'none' } }),
    object('v1', 'ConfigMap', 'custom', { data: { 'X-Town': 'Bern' } }),
    object('v1', 'Service', 'backend', { spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] } }),
    ingress('plain.test', 'backend'),
    ingress('missing.test', 'none'),
    ingress('custom.test', 'backend', { 'custom-headers': 'default/custom' }),
    ingress('custom-missing.test', 'none', { 'custom-headers': 'default/custom' }),
  ];
  const manifests = { 'all.yaml': objects.map((each) => JSON.stringify(each)).join('\n---\n'), ...endpointManifests([port]) };
  portico = await startPortico({ manifests });
});
after(async () => {
  await portico.stop();
  await server.close();
});

/** The whole answer, each byte a character. */
async function ask(host: string, fields = ''): Promise<string> {
  const client = connect(portico.httpPort, '127.0.0.1');
  let answer = '';
  client.on('data', (data) => (answer += data.toString('latin1')));
  client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`);
  await waitUntil('the end of the answer', () => client.closed);
  return answer;
}

/** All values of a field, read as UTF-8. */
function valuesOf(head: string, name: string): string[] {
  return [...head.matchAll(new RegExp(`\r\n${name}: ([^\r\n]*)`, 'gi'))].map((match) =>
    Buffer.from(match[1] ?? '', 'latin1').toString('utf8'),
  );
}

test('characters of more than a byte arrive whole, in answers of backends and in own ones', async () => {
  for (const host of ['plain.test', 'missing.test']) {
    const answer = await ask(host);
    assert.deepEqual(valuesOf(answer, 'x-town'), [town], host);
    assert.doesNotMatch(answer, /\nx/);
  }
  assert.deepEqual(valuesOf(seen, 'x-town'), [town]);
});

test('custom-headers comes before add-headers, also in own answers', async () => {
  for (const host of ['custom.test', 'custom-missing.test']) {
    const answer = await ask(host);
    assert.deepEqual(valuesOf(answer, 'x-town'), ['Bern'], host);
    assert.deepEqual(valuesOf(answer, 'x-added'), ['yes'], host);
  }
});

test('a client sends no field that only differs from a set one by an underscore', async () => {
  await ask('plain.test', 'X_User: admin\r\nx-group: admins\r\nX_Other: kept\r\n');
  assert.deepEqual(valuesOf(seen, 'x.user'), ['nobody']);
  assert.deepEqual(valuesOf(seen, 'x.group'), ['none']);
  assert.deepEqual(valuesOf(seen, 'x_other'), ['kept']);
});
