// After any sequence of changes the model that the deltas add up to is that of a translator that looks at everything each time, and, where no
// Ingress goes on in its last good version, that of a fresh one; and deltas hold no row that was there before.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ModelDelta } from '../model/delta.ts';
import type { KubernetesObject } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { ResourceStore } from '../resources/store.ts';
import type { ObjectRef } from '../resources/store.ts';
import { createCertificateIssuer } from '../../test/support/certificates.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import { parseLabelSelector } from './label-selector.ts';
import type { TranslatorOptions } from './options.ts';
import { createTranslator } from './translator.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';
const namespaces = ['default', 'team'];
const hosts = ['a.x.example', 'b.x.example', '*.x.example', 'c.y.example', 'www.c.y.example', '*.y.example', ''];
const services = ['s0', 's1', 's2'];
const secrets = ['t0', 't1'];

/** The raw objects that a sequence of changes may write; the same names come back again and again. */
function rawObjects(keyPairs: readonly (readonly [string, string])[]): fc.Arbitrary<unknown> {
  const namespace = fc.constantFrom(...namespaces);
  const backend = fc.oneof(
    {
      arbitrary: fc.record({
        service: fc.record({ name: fc.constantFrom(...services), port: fc.constantFrom({ number: 80 }, { name: 'http' }) }),
      }),
      weight: 8,
    },
    { arbitrary: fc.constant({ resource: { kind: 'Bucket', name: 'b' } }), weight: 1 },
  );
  const path = fc.record({
    path: fc.constantFrom('/', '/a', '/a/', '/a(', '/.well-known/acme-challenge/x'),
    pathType: fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific'),
    backend,
  });
  const rule = fc.record({ host: fc.constantFrom(...hosts), http: fc.record({ paths: fc.array(path, { minLength: 1, maxLength: 3 }) }) });
  const tls = fc.record({
    hosts: fc.subarray(hosts.filter((host) => host !== '')),
    secretName: fc.constantFrom(...secrets, 'missing', undefined),
  });
  const annotations = fc.constantFrom(
    {},
    { [`${PREFIX}/ssl-redirect`]: 'false' },
    { [`${PREFIX}/force-ssl-redirect`]: 'true', [`${PREFIX}/proxy-next-upstream`]: 'error' },
    { [`${PREFIX}/default-backend`]: 's1', [`${PREFIX}/service-upstream`]: 'true' },
    { [`${PREFIX}/auth-url`]: 'http://auth' },
    { [`${PREFIX}/backend-protocol`]: 'HTTPS' },
    { [`${PREFIX}/backend-protocol`]: 'AUTO_HTTP', [`${PREFIX}/proxy-ssl-secret`]: 'default/t0' },
    { [`${PREFIX}/backend-protocol`]: 'HTTPS', [`${PREFIX}/proxy-ssl-secret`]: 'team/t1', [`${PREFIX}/proxy-ssl-verify`]: 'on' },
    { [`${PREFIX}/auth-url`]: 'https://$host/check', [`${PREFIX}/auth-proxy-set-headers`]: 'headers' },
    { [`${PREFIX}/auth-type`]: 'basic', [`${PREFIX}/auth-secret`]: 't0', [`${PREFIX}/satisfy`]: 'any' },
    { [`${PREFIX}/auth-type`]: 'digest', [`${PREFIX}/auth-secret`]: 'team/t1', [`${PREFIX}/enable-global-auth`]: 'false' },
    { [`${PREFIX}/auth-tls-secret`]: 'default/ca' },
    { [`${PREFIX}/auth-tls-secret`]: 'default/t0' },
    { [`${PREFIX}/auth-tls-secret`]: 'team/t1', [`${PREFIX}/auth-tls-verify-client`]: 'optional' },
    { [`${PREFIX}/canary`]: 'true' },
    { [`${PREFIX}/canary`]: 'true', [`${PREFIX}/canary-weight`]: '5', [`${PREFIX}/load-balance`]: 'ewma' },
    { [`${PREFIX}/affinity`]: 'cookie', [`${PREFIX}/session-cookie-name`]: 'a' },
    { [`${PREFIX}/affinity`]: 'cookie', [`${PREFIX}/backend-protocol`]: 'HTTPS' },
    { [`${PREFIX}/upstream-hash-by`]: '$host', [`${PREFIX}/service-upstream`]: 'true' },
    { [`${PREFIX}/server-alias`]: 'x, z.x.example, c.y.example' },
    { [`${PREFIX}/server-alias`]: 'x, *.x.example, z.y.example, www.c.y.example, ~^r' },
    { [`${PREFIX}/from-to-www-redirect`]: 'true', [`${PREFIX}/server-alias`]: 'y.x.example' },
    { [`${PREFIX}/rewrite-target`]: '/a', [`${PREFIX}/x-forwarded-prefix`]: '/p' },
    { [`${PREFIX}/use-regex`]: 'true', [`${PREFIX}/app-root`]: '/a' },
    { [`${PREFIX}/permanent-redirect`]: '/b' },
    { [`${PREFIX}/permanent-redirect`]: '$x' },
    { [`${PREFIX}/custom-headers`]: 'default/headers' },
    { [`${PREFIX}/custom-http-errors`]: '404', [`${PREFIX}/default-backend`]: 's2', [`${PREFIX}/limit-rps`]: '5' },
    { [`${PREFIX}/mirror-target`]: 'https://shadow.example$request_uri', [`${PREFIX}/enable-modsecurity`]: 'true' },
    { [`${PREFIX}/server-snippet`]: 'add_header X-A b;', [`${PREFIX}/proxy-buffering`]: 'on' },
    { 'kubernetes.io/ingress.class': 'nginx' },
  );
  const ingress = fc.record({
    apiVersion: fc.constant('networking.k8s.io/v1'),
    kind: fc.constant('Ingress'),
    metadata: fc.record({
      name: fc.constantFrom('i0', 'i1', 'i2', 'i3'),
      namespace,
      creationTimestamp: fc.constantFrom('2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'),
      annotations,
    }),
    spec: fc.record({
      ingressClassName: fc.constantFrom('nginx', 'nginx', 'nginx', 'other', undefined),
      defaultBackend: fc.option(backend, { nil: undefined, freq: 3 }),
      rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
      tls: fc.array(tls, { maxLength: 2 }),
    }),
  });
  const catchAll = fc.record({
    apiVersion: fc.constant('networking.k8s.io/v1'),
    kind: fc.constant('Ingress'),
    metadata: fc.record({ name: fc.constantFrom('i0', 'i4'), namespace }),
    spec: fc.record({ ingressClassName: fc.constant('nginx'), defaultBackend: backend }),
  });
  const service = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Service'),
    metadata: fc.record({ name: fc.constantFrom(...services), namespace }),
    spec: fc.constantFrom(
      { ports: [{ port: 80, name: 'http' }] },
      { ports: [{ port: 81, targetPort: 80, name: 'web' }], clusterIP: '10.96.0.1' },
      { type: 'ExternalName', externalName: 'x.example' },
    ),
  });
  const slice = fc.record({
    apiVersion: fc.constant('discovery.k8s.io/v1'),
    kind: fc.constant('EndpointSlice'),
    metadata: fc.record({
      name: fc.constantFrom('e0', 'e1'),
      namespace,
      labels: fc.record({ 'kubernetes.io/service-name': fc.constantFrom(...services) }),
    }),
    addressType: fc.constant('IPv4'),
    endpoints: fc.array(
      fc.record({ addresses: fc.constantFrom(['10.0.0.1'], ['10.0.0.2']), conditions: fc.record({ ready: fc.boolean() }) }),
      { maxLength: 2 },
    ),
    ports: fc.constant([{ name: 'http', port: 8080 }]),
  });
  const secret = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Secret'),
    metadata: fc.record({ name: fc.constantFrom(...secrets), namespace }),
    stringData: fc
      .tuple(fc.constantFrom(...keyPairs, ['junk', 'junk'] as const), fc.boolean())
      .map(([[crt, key], hasTrust]) => ({ 'tls.crt': crt, 'tls.key': key, ...(hasTrust && { 'ca.crt': crt, auth: 'alice:{PLAIN}open' }) })),
  });
  const configMap = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('ConfigMap'),
    metadata: fc.record({ name: fc.constantFrom('controller', 'controller', 'headers'), namespace: fc.constant('default') }),
    data: fc.constantFrom<Record<string, string>>(
      {},
      { 'ssl-redirect': 'false' },
      { 'proxy-read-timeout': '9' },
      { 'annotations-risk-level': 'Medium' },
      { 'whitelist-source-range': '10.0.0.0/8' },
      { 'whitelist-source-range': 'nonsense', 'X-Header': '$host' },
      { 'global-auth-url': 'http://auth.example/', 'no-auth-locations': '/a' },
      { 'retry-non-idempotent': 'true', 'http-redirect-code': '301' },
      { 'add-headers': 'default/headers', 'proxy-set-headers': 'default/nowhere' },
      { 'proxy-set-headers': 'default/headers', 'global-allowed-response-headers': 'X-Header', 'custom-http-errors': '503' },
      { 'X-Header': 'constant' },
      { 'allow-snippet-annotations': 'true', 'annotations-risk-level': 'Critical', 'modsecurity-snippet': 'SecRuleEngine On' },
      { 'proxy-ssl-location-only': 'true', 'allow-cross-namespace-resources': 'true' },
    ),
  });
  const ingressClass = fc.record({
    apiVersion: fc.constant('networking.k8s.io/v1'),
    kind: fc.constant('IngressClass'),
    metadata: fc.record({
      name: fc.constantFrom('nginx', 'other'),
      annotations: fc.record({ 'ingressclass.kubernetes.io/is-default-class': fc.constantFrom('true', 'false') }),
    }),
    spec: fc.record({
      controller: fc.constantFrom('k8s.io/ingress-nginx', 'k8s.io/ingress-nginx', 'k8s.io/ingress-nginx', 'example.com/other'),
    }),
  });
  const namespaceObject = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Namespace'),
    metadata: fc.record({ name: namespace, labels: fc.record({ watched: fc.constantFrom('yes', 'yes', 'no') }) }),
  });
  return fc.oneof(
    { arbitrary: ingress, weight: 8 },
    catchAll,
    { arbitrary: service, weight: 3 },
    { arbitrary: slice, weight: 3 },
    { arbitrary: secret, weight: 3 },
    configMap,
    ingressClass,
    namespaceObject,
  );
}

/** Each step writes some objects and removes some of those that are there, by number. */
interface Step {
  readonly upserts: readonly unknown[];
  readonly removals: readonly number[];
}

class AppliedModel {
  readonly rows = new Map<string, unknown>();

  apply(delta: ModelDelta): void {
    if (delta.settings !== undefined) this.#put('settings', delta.settings);
    for (const host of delta.hosts) this.#put(`host ${host.name}`, host);
    for (const upstream of delta.upstreams) this.#put(`upstream ${upstream.key}`, upstream);
    for (const certificate of delta.certificates) this.#put(`certificate ${certificate.key}`, certificate);
    for (const secret of delta.upstreamSecrets) this.#put(`upstream secret ${secret.key}`, secret);
    for (const key of delta.removedUpstreamSecrets) this.#remove(`upstream secret ${key}`);
    for (const name of delta.removedHosts) this.#remove(`host ${name}`);
    for (const key of delta.removedUpstreams) this.#remove(`upstream ${key}`);
    for (const key of delta.removedCertificates) this.#remove(`certificate ${key}`);
  }

  #put(key: string, row: unknown): void {
    assert.ok(!isDeepStrictEqual(this.rows.get(key), row), `${key} is in the delta although it did not change`);
    this.rows.set(key, row);
  }

  #remove(key: string): void {
    assert.ok(this.rows.delete(key), `${key} is removed although it is not there`);
  }
}

function parse(raw: unknown): KubernetesObject {
  const parsed = parseObject(JSON.parse(JSON.stringify(raw)), {});
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function sorted(rows: ReadonlyMap<string, unknown>): readonly unknown[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

function runSteps(steps: readonly Step[], options: TranslatorOptions): void {
  const store = new ResourceStore();
  const translator = createTranslator(options);
  const model = new AppliedModel();
  model.apply(translator.translate(store, []).delta);
  const thorough = createTranslator(options);
  const thoroughModel = new AppliedModel();
  thoroughModel.apply(thorough.translate(store, 'all').delta);
  const present: ObjectRef[] = [];
  let told = new Set(translator.takeNewDiagnostics().map(keyOf));
  for (const step of steps) {
    const removals = step.removals.flatMap((number) => present.splice(number % Math.max(present.length, 1), 1));
    const upserts = [...new Map(step.upserts.map(parse).map((object) => [refOf(object).key, object])).values()];
    for (const object of upserts) {
      const ref = refOf(object);
      if (!present.some((other) => isDeepStrictEqual(other, ref.ref))) present.push(ref.ref);
    }
    const result = translator.translate(store, store.apply({ upserts, removals }));
    model.apply(result.delta);
    const expected = thorough.translate(store, 'all');
    thoroughModel.apply(expected.delta);
    assert.deepEqual(sorted(model.rows), sorted(thoroughModel.rows));
    assert.deepEqual(result.diagnostics, expected.diagnostics);
    assert.deepEqual(
      translator.takeNewDiagnostics(),
      expected.diagnostics.filter((diagnostic) => !told.has(keyOf(diagnostic))),
    );
    told = new Set(expected.diagnostics.map(keyOf));
    assert.deepEqual(new Set(translator.standingDiagnostics().map(keyOf)), told);
    if (result.diagnostics.every(({ code }) => code !== 'PRT-ANN-9')) assertFresh(model, result.diagnostics, store, options);
  }
  model.apply(translator.translate(store, 'all').delta);
}

function refOf({ kind, metadata }: KubernetesObject): { readonly ref: ObjectRef; readonly key: string } {
  const ref = { kind, namespace: metadata.namespace, name: metadata.name };
  return { ref, key: JSON.stringify(ref) };
}

/** Without the line, which moves. */
function keyOf({ code, message, origin: { kind, namespace, name, field } }: Diagnostic): string {
  return JSON.stringify([kind, namespace, name, field, code, message]);
}

function assertFresh(model: AppliedModel, diagnostics: readonly Diagnostic[], store: ResourceStore, options: TranslatorOptions): void {
  const fresh = createTranslator(options).translate(store, 'all');
  const freshModel = new AppliedModel();
  freshModel.apply(fresh.delta);
  assert.deepEqual(sorted(model.rows), sorted(freshModel.rows));
  assert.deepEqual(diagnostics, fresh.diagnostics);
}

/** Without it hardly any Ingress would be served. */
const ours: Step = {
  upserts: [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
  ],
  removals: [],
};

describe('incremental translation', () => {
  const keyPairs: (readonly [string, string])[] = [];

  before(async () => {
    const issuer = createCertificateIssuer({ poolSize: 1, now: () => Date.UTC(2026, 0, 1) });
    for (const names of [['a.x.example'], ['*.x.example', 'c.y.example'], ['*.y.example']]) {
      const { certificatePem, privateKeyPem } = await issuer.issue({ commonName: names[0] ?? '', hosts: names });
      keyPairs.push([certificatePem, privateKeyPem]);
    }
  });

  const selector = parseLabelSelector('watched!=no');
  const variants: readonly (readonly [string, Partial<TranslatorOptions>])[] = [
    ['with default flags', {}],
    [
      'with a default backend, a default certificate and selected namespaces',
      {
        defaultBackendService: { namespace: 'default', name: 's2' },
        defaultSslCertificate: { namespace: 'default', name: 't0' },
        watchNamespaceSelector: selector.ok ? selector.value : [],
      },
    ],
  ];
  for (const [name, changed] of variants) {
    it(`ends where a fresh translation ends, ${name}`, () => {
      const options = testOptions({ configmap: { namespace: 'default', name: 'controller' }, ...changed });
      const step = fc.record({
        upserts: fc.array(rawObjects(keyPairs), { maxLength: 4 }),
        removals: fc.array(fc.nat(20), { maxLength: 2 }),
      });
      const start = fc.record({ upserts: fc.array(rawObjects(keyPairs), { minLength: 10, maxLength: 25 }), removals: fc.constant([]) });
      fc.assert(
        fc.property(start, fc.array(step, { minLength: 1, maxLength: 8 }), (first, steps) => runSteps([ours, first, ...steps], options)),
        { numRuns: 150 },
      );
    });
  }
});
