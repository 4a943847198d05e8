import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import { readSnapshot, writeSnapshot } from './snapshot-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'snapshot-file-'));
const path = join(directory, 'state.json');
after(() => rmSync(directory, { recursive: true }));

function parse(object: Readonly<Record<string, unknown>>): KubernetesObject {
  const parsed = parseObject(object, {});
  assert.equal(parsed.kind, 'object', JSON.stringify(parsed));
  return parsed.kind === 'object' ? parsed.object : assert.fail();
}

/** One object of each kind, with every field that the parsers read. */
function everything(): readonly KubernetesObject[] {
  const metadata = {
    namespace: 'shop',
    name: 'web',
    uid: 'u-1',
    creationTimestamp: '2024-06-01T10:00:00Z',
    resourceVersion: '42',
    generation: 3,
    labels: { 'kubernetes.io/service-name': 'web' },
    annotations: { note: 'Grüße\n"quoted"' },
  };
  const clusterWide = { ...metadata, namespace: undefined };
  const backend = { service: { name: 'web', port: { name: 'http' } } };
  const paths = [
    { path: '/a', pathType: 'Exact', backend },
    { path: '/b', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
    { path: '/c', pathType: 'ImplementationSpecific', backend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'b' } } },
  ];
  return [
    parse({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { ...metadata, deletionTimestamp: '2024-06-01T11:00:00Z' },
      spec: {
        ingressClassName: 'nginx',
        defaultBackend: backend,
        rules: [{ host: 'a.test', http: { paths } }, { host: 'b.test' }, { http: { paths } }],
        tls: [{ hosts: ['a.test'], secretName: 'cert' }, { hosts: ['b.test'] }],
      },
    }),
    parse({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'bare' }, spec: { defaultBackend: backend } }),
    parse({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { ...clusterWide, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'k8s.io/ingress-nginx', parameters: { apiGroup: 'example.com', kind: 'Settings', name: 's' } },
    }),
    parse({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.0.0.1',
        externalIPs: ['192.0.2.1'],
        trafficDistribution: 'PreferClose',
        ports: [
          { name: 'http', port: 80, targetPort: 'web', appProtocol: 'kubernetes.io/h2c' },
          { name: 'dns', port: 53, protocol: 'UDP' },
        ],
      },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { hostname: 'lb.test' }] } },
    }),
    parse({ apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'ExternalName', externalName: 'example.com.' } }),
    parse({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv6',
      ports: [{ name: 'http', port: 8080 }, { name: 'any' }],
      endpoints: [
        {
          addresses: ['2001:db8::1'],
          conditions: { ready: false, serving: true, terminating: true },
          nodeName: 'n',
          zone: 'z',
          hints: { forZones: [{ name: 'z' }] },
        },
        { addresses: ['2001:db8::2'] },
      ],
    }),
    parse({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { key: Buffer.from([0, 255, 10]).toString('base64') } }),
    parse({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'a\nb' } }),
    parse({ apiVersion: 'v1', kind: 'Namespace', metadata: clusterWide }),
  ];
}

test('every object comes back as it was, but for when its deletion was asked for', async () => {
  const objects = everything();
  await writeSnapshot(path, objects);
  const read = await readSnapshot(path);
  assert.ok(read.ok && read.value !== undefined);
  assert.deepEqual(read.value.objects, objects);
  assert.equal(read.value.unreadable, 0);
});

test('only the owner can read the file, also where it was open to others before', async () => {
  writeFileSync(path, 'old');
  chmodSync(path, 0o644);
  await writeSnapshot(path, everything());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['state.json'], 'nothing is left beside it');
});

test('a failed write leaves the file as it was', async () => {
  await writeSnapshot(path, []);
  const before = readFileSync(path, 'utf8');
  const broken = { kind: 'Secret' } as unknown as KubernetesObject;
  await assert.rejects(writeSnapshot(path, [broken]));
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.deepEqual(readdirSync(directory), ['state.json']);
});

test('no file is no failure, half a file is one, and an object of another time is left out', async () => {
  assert.deepEqual(await readSnapshot(join(directory, 'none')), { ok: true, value: undefined });
  await writeSnapshot(path, everything());
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.slice(0, -10));
  assert.equal((await readSnapshot(path)).ok, false);
  writeFileSync(path, text.replace('"kind":"Namespace"', '"kind":"Nonsense"'));
  const read = await readSnapshot(path);
  assert.equal(read.ok && read.value?.unreadable, 1);
});

test('objects without any content of the API are written as an empty list', async () => {
  await writeSnapshot(path, []);
  assert.deepEqual(await readSnapshot(path), { ok: true, value: { objects: [], unreadable: 0 } });
});
