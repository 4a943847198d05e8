// When the metrics of what is gone are removed: not while a worker may still count for it, and not only with the next change.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testOptions } from '../../test/support/translator-options.ts';
import type { KubernetesObject } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { ResourceStore } from '../resources/store.ts';
import type { ObjectRef } from '../resources/store.ts';
import { createTranslator } from '../translate/translator.ts';
import { Publisher } from './publisher.ts';
import type { WorkerPool } from './worker-pool.ts';

const ignore = (): void => undefined;
let version = 0;
let retained = 0;

// Workers are threads; here the test says when they have acknowledged.
const pool = { publish: () => ++version, model: { hosts: new Map() }, requests: { retain: () => retained++ } } as unknown as WorkerPool;
const publisher = new Publisher({
  store: new ResourceStore(),
  translator: createTranslator(testOptions()),
  pool,
  onChanges: ignore,
  onReport: ignore,
  ownPorts: [],
  adminPorts: [],
  onResolveError: ignore,
});
after(() => publisher.close());

function object(kind: string, name: string, spec: object): KubernetesObject {
  const parsed = parseObject({ apiVersion: 'networking.k8s.io/v1', kind, metadata: { name }, spec }, {});
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function take(upserts: readonly KubernetesObject[], removals: readonly ObjectRef[] = []): void {
  publisher.take({ changes: { upserts, removals }, diagnostics: [], noticedAtMs: 0 });
}

test('metrics of a removed Ingress are removed once, when the last worker no longer serves it', () => {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rules = [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  take([
    object('IngressClass', 'nginx', { controller: 'k8s.io/ingress-nginx' }),
    object('Ingress', 'shop', { ingressClassName: 'nginx', rules }),
  ]);
  publisher.onApplied(version);
  take([], [{ kind: 'Ingress', namespace: 'default', name: 'shop' }]);
  publisher.forgetRemoved();
  assert.equal(retained, 0, 'a worker may still serve it');
  publisher.onApplied(version);
  assert.equal(retained, 1);
  publisher.forgetRemoved();
  publisher.onApplied(version);
  assert.equal(retained, 1);
});

test('a change counts from the moment when its source noticed it', () => {
  const before = publisher.propagation.sumSeconds;
  const noticedAtMs = performance.now() - 60_000;
  const rules = [{ host: 'b.example' }];
  const upserts = [
    object('Ingress', 'late', { ingressClassName: 'nginx', rules, defaultBackend: { service: { name: 'web', port: { number: 80 } } } }),
  ];
  publisher.take({ changes: { upserts, removals: [] }, diagnostics: [], noticedAtMs });
  publisher.onApplied(version);
  assert.ok(publisher.propagation.sumSeconds - before >= 60);
});
