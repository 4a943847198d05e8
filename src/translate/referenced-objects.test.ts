import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubernetesObject } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { ResourceStore } from '../resources/store.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import { configReferences, flagReferences, ingressReferences } from './referenced-objects.ts';

const options = {
  ...testOptions(),
  applyDefaultClass: false,
  configmap: { namespace: 'system', name: 'settings' },
  tcpServicesConfigmap: { namespace: 'system', name: 'tcp' },
  udpServicesConfigmap: { namespace: 'net', name: 'udp' },
  defaultSslCertificate: { namespace: 'system', name: 'wildcard' },
};

function parse(object: Readonly<Record<string, unknown>>): KubernetesObject {
  const parsed = parseObject(object, {});
  return parsed.kind === 'object' ? parsed.object : assert.fail(JSON.stringify(parsed));
}

function storeOf(config: Readonly<Record<string, string>>): ResourceStore {
  const store = new ResourceStore();
  const ingressClass = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  };
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'system' }, data: config };
  store.apply({ upserts: [parse(ingressClass), parse(settings)], removals: [] });
  return store;
}

function referencesOf(
  annotations: Readonly<Record<string, string>>,
  config: Readonly<Record<string, string>> = {},
  className = 'nginx',
): readonly string[] {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
  const ingress = parse({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop', annotations: prefixed },
    spec: {
      ingressClassName: className,
      defaultBackend: { service: { name: 'web', port: { number: 80 } } },
      tls: [{ hosts: ['a.test'], secretName: 'cert' }, { hosts: ['b.test'] }],
    },
  });
  if (ingress.kind !== 'Ingress') return assert.fail();
  return ingressReferences(ingress, storeOf(config), options).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
}

describe('references', () => {
  it('of an Ingress are its certificates and what its annotations name', () => {
    assert.deepEqual(referencesOf({}), ['Secret shop/cert']);
    const annotations = {
      'auth-secret': 'users',
      'auth-tls-secret': 'shop/ca',
      'proxy-ssl-secret': 'shop/client',
      'custom-headers': 'shop/headers',
    };
    assert.deepEqual(referencesOf(annotations), [
      'Secret shop/cert',
      'Secret shop/users',
      'Secret shop/ca',
      'Secret shop/client',
      'ConfigMap shop/headers',
    ]);
  });

  it('to other namespaces count only where the ConfigMap allows them', () => {
    assert.deepEqual(referencesOf({ 'auth-secret': 'other/users' }), ['Secret shop/cert']);
    const isAllowed = { 'allow-cross-namespace-resources': 'true' };
    assert.deepEqual(referencesOf({ 'auth-secret': 'other/users' }, isAllowed), ['Secret shop/cert', 'Secret other/users']);
  });

  it('that are no names are none', () => {
    for (const value of ['', ' ', '/', 'shop/', '/users', 'a/b/c'])
      assert.deepEqual(referencesOf({ 'auth-secret': value }), ['Secret shop/cert'], value);
  });

  it('of an Ingress that is not ours are none: its Secrets are nobody’s business here', () => {
    assert.deepEqual(referencesOf({ 'auth-secret': 'users' }, {}, 'other'), []);
  });

  it('of flags and of the ConfigMap are known without any Ingress', () => {
    assert.deepEqual(flagReferences(options), [
      { kind: 'ConfigMap', namespace: 'system', name: 'settings' },
      { kind: 'ConfigMap', namespace: 'system', name: 'tcp' },
      { kind: 'ConfigMap', namespace: 'net', name: 'udp' },
      { kind: 'Secret', namespace: 'system', name: 'wildcard' },
    ]);
    const store = storeOf({ 'add-headers': 'system/headers', 'ssl-dh-param': 'system/dh', 'proxy-set-headers': 'no-namespace' });
    assert.deepEqual(configReferences(store, options), [
      { kind: 'ConfigMap', namespace: 'system', name: 'headers' },
      { kind: 'Secret', namespace: 'system', name: 'dh' },
    ]);
  });
});
