import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from 'js-yaml';
import type { KubernetesObject } from './objects.ts';
import { parseObject } from './parse-object.ts';
import { ResourceStore } from './store.ts';

function object(yaml: string, line = 1): KubernetesObject {
  const parsed = parseObject(load(yaml), { file: 'a.yaml', line });
  assert(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function slice(name: string, service: string, address = '10.0.0.1'): KubernetesObject {
  return object(
    `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: ${name}, labels: {kubernetes.io/service-name: ${service}}}, addressType: IPv4, endpoints: [{addresses: [${address}]}]}`,
  );
}

function configMap(value: string, line = 1, metadata = ''): KubernetesObject {
  return object(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, ${metadata}}, data: {k: ${value}}}`, line);
}

test('finds and lists objects by kind, namespace and name', () => {
  const store = new ResourceStore();
  store.apply({ upserts: [configMap('a'), object('{apiVersion: v1, kind: Namespace, metadata: {name: c}}')], removals: [] });
  assert.equal(store.get('ConfigMap', 'default', 'c')?.data.get('k'), 'a');
  assert.equal(store.get('ConfigMap', 'other', 'c'), undefined);
  assert.equal(store.get('Namespace', '', 'c')?.kind, 'Namespace');
  assert.deepEqual(
    [...store.list('ConfigMap')].map((found) => found.metadata.name),
    ['c'],
  );
  assert.deepEqual([...store.list('Ingress')], []);
});

test('tells additions, replacements and removals with both states', () => {
  const store = new ResourceStore();
  const [first, second] = [configMap('a'), configMap('b')];
  const id = { kind: 'ConfigMap', namespace: 'default', name: 'c' } as const;
  assert.deepEqual(store.apply({ upserts: [first], removals: [] }), [{ ...id, before: undefined, after: first }]);
  assert.deepEqual(store.apply({ upserts: [second], removals: [] }), [{ ...id, before: first, after: second }]);
  assert.deepEqual(store.apply({ upserts: [], removals: [id] }), [{ ...id, before: second, after: undefined }]);
  assert.deepEqual(store.apply({ upserts: [], removals: [id] }), []);
});

test('takes a new origin over without telling a change', () => {
  const store = new ResourceStore();
  store.apply({ upserts: [configMap('a', 1, 'resourceVersion: "1"')], removals: [] });
  assert.deepEqual(store.apply({ upserts: [configMap('a', 7, 'resourceVersion: "2"')], removals: [] }), []);
  assert.equal(store.get('ConfigMap', 'default', 'c')?.origin.line, 7);
});

test('sees every difference in content', () => {
  const spec = 'spec: {rules: [{}]}';
  const texts = [
    '{apiVersion: v1, kind: Secret, metadata: {name: s}}',
    '{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: b}}',
    '{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: c}}',
    '{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: c}, type: x}',
    '{apiVersion: v1, kind: Namespace, metadata: {name: s, labels: {a: c}}}',
    '{apiVersion: v1, kind: Namespace, metadata: {name: s, labels: {a: d}}}',
    `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: s, annotations: {a: c}}, ${spec}}`,
    `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: s, annotations: {a: d}}, ${spec}}`,
  ];
  const store = new ResourceStore();
  for (const text of texts) {
    assert.equal(store.apply({ upserts: [object(text)], removals: [] }).length, 1, text);
    assert.equal(store.apply({ upserts: [object(text)], removals: [] }).length, 0, text);
  }
});

test('keeps the content of an Ingress once, whoever has it already', () => {
  const ingress = (rest: string, metadata = ''): KubernetesObject =>
    object(
      `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, ${metadata} annotations: {a: b}}, spec: {rules: [{host: a.test}]}, ${rest}}`,
    );
  const store = new ResourceStore();
  const first = ingress('', 'resourceVersion: "1",');
  store.apply({ upserts: [first], removals: [] });
  store.apply({ upserts: [ingress('status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}', 'resourceVersion: "2",')], removals: [] });
  const now = store.get('Ingress', 'default', 'i');
  assert(now !== undefined && first.kind === 'Ingress');
  assert.equal(now.spec, first.spec);
  assert.equal(now.metadata.annotations, first.metadata.annotations);
  assert.equal(now.metadata.resourceVersion, '2');
  assert.deepEqual(now.statusAddresses, [{ ip: '192.0.2.1', hostname: '' }]);
  const moved = object(
    '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, annotations: {a: b}}, spec: {rules: [{host: b.test}]}}',
  );
  assert.equal(store.apply({ upserts: [moved], removals: [] }).length, 1);
  const then = store.get('Ingress', 'default', 'i');
  assert.equal(then?.metadata.annotations, first.metadata.annotations);
  assert.deepEqual(
    then?.spec.rules.map((rule) => rule.host),
    ['b.test'],
  );
});

test('keeps the slices of each Service in order of name', () => {
  const store = new ResourceStore();
  const names = (service: string): readonly string[] => store.endpointSlicesOf('default', service).map((found) => found.metadata.name);
  store.apply({ upserts: [slice('web-b', 'web'), slice('web-a', 'web'), slice('db-a', 'db'), slice('none', '""')], removals: [] });
  assert.deepEqual(names('web'), ['web-a', 'web-b']);
  const held = store.endpointSlicesOf('default', 'web');
  store.apply({ upserts: [slice('web-b', 'db'), slice('web-a', 'web', '10.0.0.9')], removals: [] });
  assert.deepEqual([names('web'), names('db')], [['web-a'], ['db-a', 'web-b']]);
  assert.deepEqual(store.endpointSlicesOf('default', 'web')[0]?.endpoints[0]?.addresses, ['10.0.0.9']);
  assert.equal(held.length, 2, 'a list that a reader holds does not change');
  store.apply({ upserts: [], removals: [{ kind: 'EndpointSlice', namespace: 'default', name: 'web-a' }] });
  assert.deepEqual(names('web'), []);
});
