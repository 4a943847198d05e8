// Which changes of objects are seen by the entries of the ConfigMap of TCP services, and that translation as a whole tells of them. What each
// bad entry is told is in test/golden/stream-services.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubernetesObject } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { ResourceStore } from '../resources/store.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import { parseStreamEntry } from './stream-entry.ts';
import { createTranslator } from './translator.ts';

function object(apiVersion: string, kind: string, name: string, rest: object): KubernetesObject {
  const { metadata, ...fields } = { metadata: {}, ...rest };
  const parsed = parseObject({ apiVersion, kind, metadata: { name, ...metadata }, ...fields }, {});
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

const configMap = (data: Readonly<Record<string, string>>): KubernetesObject => object('v1', 'ConfigMap', 'tcp', { data });
const service = (port: number): KubernetesObject => object('v1', 'Service', 'db', { spec: { ports: [{ port }] } });
const slice = (address: string | undefined): KubernetesObject =>
  object('discovery.k8s.io/v1', 'EndpointSlice', 'db-1', {
    metadata: { labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: address === undefined ? [] : [{ addresses: [address] }],
    ports: [{ name: '', port: 5432 }],
  });

describe('entries of the ConfigMap of TCP services', () => {
  it('follow the ConfigMap, its Service and the endpoints of that', () => {
    const store = new ResourceStore();
    const translator = createTranslator(testOptions({ tcpServicesConfigmap: { namespace: 'default', name: 'tcp' } }));
    const codesAfter = (upserts: readonly KubernetesObject[], removed?: KubernetesObject): readonly string[] => {
      const removals = removed === undefined ? [] : [{ kind: removed.kind, namespace: 'default', name: removed.metadata.name }];
      const changes = store.apply({ upserts, removals });
      return translator.translate(store, changes).diagnostics.map(({ code }) => code);
    };
    assert.deepEqual(codesAfter([]), ['PRT-CONF-4']);
    assert.deepEqual(codesAfter([configMap({ 5432: 'default/db:5432' })]), ['PRT-STREAM-3']);
    assert.deepEqual(codesAfter([service(80)]), ['PRT-STREAM-4']);
    assert.deepEqual(codesAfter([service(5432)]), ['PRT-STREAM-5']);
    assert.deepEqual(codesAfter([slice('10.0.0.1')]), ['PRT-STREAM-6']);
    assert.deepEqual(codesAfter([slice(undefined)]), ['PRT-STREAM-5']);
    assert.deepEqual(codesAfter([slice('10.0.0.1')]), ['PRT-STREAM-6']);
    assert.deepEqual(codesAfter([configMap({ 5432: 'default/db' })]), ['PRT-STREAM-1']);
    assert.deepEqual(codesAfter([configMap({})]), []);
    assert.deepEqual(codesAfter([], configMap({})), ['PRT-CONF-4']);
  });

  it('of the size of a ConfigMap of hostile text end as one diagnostic each', () => {
    for (const text of [
      'x'.repeat(1_000_000),
      ':'.repeat(1_000_000),
      'a/b:80\r\n',
      'a/b:80\0',
      '$(id)/b:80',
      'a/b:-',
      'a/b: 80',
      'a/../b:80',
    ]) {
      const entry = parseStreamEntry('TCP', '80', text);
      assert.equal(entry.ok, false, text.slice(0, 20));
      assert.ok(!entry.ok && entry.error.length < 300, text.slice(0, 20));
    }
    for (const key of ['', '-1', '+80', '8e1', '80.0', '99999999999999999999', ' 80'])
      assert.equal(parseStreamEntry('TCP', key, 'a/b:80').ok, false, key);
  });

  it('say where a PROXY header is read, and where one is sent', () => {
    const proxyWords = (text: string): readonly boolean[] => {
      const entry = parseStreamEntry('TCP', '80', `a/b:80${text}`);
      return entry.ok ? [entry.value.service.readsProxyHeader, entry.value.service.sendsProxyHeader] : [];
    };
    assert.deepEqual(proxyWords(''), [false, false]);
    assert.deepEqual(proxyWords(':PROXY'), [true, false]);
    assert.deepEqual(proxyWords('::PROXY'), [false, true]);
    assert.deepEqual(proxyWords(':proxy:Proxy'), [true, true]);
  });
});
