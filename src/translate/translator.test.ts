// What a change touches, and what it does not.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isEmptyDelta } from '../model/delta.ts';
import type { ModelDelta } from '../model/delta.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { KubernetesObject } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import type { Place } from '../resources/place.ts';
import { ResourceStore } from '../resources/store.ts';
import type { ObjectRef } from '../resources/store.ts';
import { createCertificateIssuer } from '../../test/support/certificates.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import type { TranslatorOptions } from './options.ts';
import { createTranslator } from './translator.ts';
import type { TranslationResult } from './translator.ts';

class World {
  readonly #store = new ResourceStore();
  readonly #translator;

  constructor(options: Partial<TranslatorOptions> = {}) {
    this.#translator = createTranslator(testOptions(options));
    this.apply([object('IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx' } })]);
  }

  takeNew(): readonly Diagnostic[] {
    return this.#translator.takeNewDiagnostics();
  }

  apply(upserts: readonly KubernetesObject[], removals: readonly ObjectRef[] = []): TranslationResult {
    return this.#translator.translate(this.#store, this.#store.apply({ upserts, removals }));
  }
}

const apiVersions: Readonly<Record<string, string>> = {
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  EndpointSlice: 'discovery.k8s.io/v1',
};

function object(kind: string, name: string, rest: object, place: Place = {}): KubernetesObject {
  const { metadata, ...fields } = { metadata: {}, ...rest };
  const parsed = parseObject({ apiVersion: apiVersions[kind] ?? 'v1', kind, metadata: { name, ...metadata }, ...fields }, place);
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function ingress(
  name: string,
  host: string,
  rest: { tls?: object[]; service?: string; annotations?: Record<string, string>; uid?: string } = {},
  place: Place = {},
): KubernetesObject {
  const { tls = [], service = 'web', annotations = {}, uid = '' } = rest;
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }];
  const spec = { ingressClassName: 'nginx', tls, rules: [{ host, http: { paths } }] };
  return object('Ingress', name, { metadata: { annotations, uid }, spec }, place);
}

function service(name: string): KubernetesObject {
  return object('Service', name, { spec: { ports: [{ name: 'http', port: 80 }] } });
}

function slice(name: string, serviceName: string, address: string): KubernetesObject {
  const metadata = { labels: { 'kubernetes.io/service-name': serviceName } };
  const rest = { metadata, addressType: 'IPv4', endpoints: [{ addresses: [address] }], ports: [{ name: 'http', port: 8080 }] };
  return object('EndpointSlice', name, rest);
}

/** Names of the rows in a delta. */
function touched(delta: ModelDelta): readonly string[] {
  return [
    ...(delta.settings === undefined ? [] : ['settings']),
    ...delta.hosts.map((host) => host.name),
    ...delta.removedHosts.map((name) => `-${name}`),
    ...delta.upstreams.map((upstream) => upstream.name),
    ...delta.removedUpstreams.map((key) => `-${key.replaceAll('\0', '-')}`),
    ...delta.certificates.map((certificate) => certificate.key.replace('\0', '/')),
    ...delta.removedCertificates.map((key) => `-${key.replace('\0', '/')}`),
  ];
}

describe('a change', () => {
  it('of an Ingress touches its hosts, old and new', () => {
    const world = new World();
    world.apply([service('web'), ingress('a', 'a.example'), ingress('b', 'b.example')]);
    assert.deepEqual(touched(world.apply([ingress('a', 'c.example')]).delta), ['c.example', '-a.example']);
  });

  it('of endpoints touches the upstream and no host', () => {
    const world = new World();
    world.apply([service('web'), slice('s', 'web', '10.0.0.1'), ingress('a', 'a.example')]);
    const { delta } = world.apply([slice('s', 'web', '10.0.0.2')]);
    assert.deepEqual(touched(delta), ['default-web-80']);
    assert.deepEqual(delta.upstreams[0]?.endpoints, [{ address: '10.0.0.2', port: 8080 }]);
  });

  it('of a slice that goes over to another Service touches both', () => {
    const world = new World();
    world.apply([
      service('web'),
      service('api'),
      slice('s', 'web', '10.0.0.1'),
      ingress('a', 'a.example'),
      ingress('b', 'b.example', { service: 'api' }),
    ]);
    assert.deepEqual(touched(world.apply([slice('s', 'api', '10.0.0.1')]).delta), ['default-web-80', 'default-api-80']);
  });

  it('of objects that nobody refers to touches nothing', () => {
    const world = new World();
    world.apply([service('web'), ingress('a', 'a.example')]);
    const secret = object('Secret', 'x', { stringData: { a: 'b' } });
    assert.ok(isEmptyDelta(world.apply([service('other'), slice('o', 'other', '10.0.0.9'), secret, object('ConfigMap', 'c', {})]).delta));
  });

  it('without effect leaves the row out of the delta', () => {
    const world = new World();
    world.apply([service('web'), ingress('a', 'a.example')]);
    assert.ok(isEmptyDelta(world.apply([ingress('a', 'a.example', { annotations: { 'example.com/note': 'x' } })]).delta));
  });

  it('takes an upstream away with the last route that refers to it', () => {
    const world = new World();
    world.apply([service('web'), ingress('a', 'a.example'), ingress('b', 'b.example')]);
    const gone = (name: string): ObjectRef => ({ kind: 'Ingress', namespace: 'default', name });
    assert.deepEqual(touched(world.apply([], [gone('a')]).delta), ['-a.example']);
    assert.deepEqual(touched(world.apply([], [gone('b')]).delta), ['-b.example', '-default-web-80']);
  });

  it('of a ConfigMap key with no meaning for routes touches the settings only', () => {
    const world = new World({ configmap: { namespace: 'default', name: 'controller' } });
    world.apply([service('web'), ingress('a', 'a.example')]);
    assert.deepEqual(touched(world.apply([object('ConfigMap', 'controller', { data: { 'proxy-read-timeout': '5' } })]).delta), [
      'settings',
    ]);
    assert.ok(
      isEmptyDelta(world.apply([object('ConfigMap', 'controller', { data: { 'proxy-read-timeout': '5', 'reuse-port': 'false' } })]).delta),
    );
  });

  it('of a ConfigMap key that routes take their default from touches their hosts', () => {
    const world = new World({ configmap: { namespace: 'default', name: 'controller' } });
    world.apply([service('web'), ingress('a', 'a.example'), ingress('b', 'b.example', { tls: [{ hosts: ['b.example'] }] })]);
    assert.deepEqual(touched(world.apply([object('ConfigMap', 'controller', { data: { 'ssl-redirect': 'false' } })]).delta), ['b.example']);
  });

  it('of the class takes Ingresses in and out', () => {
    const world = new World();
    world.apply([service('web'), ingress('a', 'a.example')]);
    const foreign = object('IngressClass', 'nginx', { spec: { controller: 'example.com/other' } });
    assert.deepEqual(touched(world.apply([foreign]).delta), ['-a.example', '-default-web-80']);
  });
});

describe('an IngressClass', () => {
  it('of ours with parameters gets a diagnostic; one of others does not', () => {
    const spec = { parameters: { kind: 'ConfigMap', name: 'mine', scope: 'Cluster' } };
    const ours = object('IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx', ...spec } });
    const theirs = object('IngressClass', 'theirs', { spec: { controller: 'example.com/other', ...spec } });
    const world = new World();
    const reported = (result: TranslationResult): readonly string[] =>
      result.diagnostics.filter(({ code }) => code === 'PRT-CLASS-4').map(({ origin }) => origin.name);
    assert.deepEqual(reported(world.apply([ours, theirs])), ['nginx']);
    assert.deepEqual(reported(world.apply([object('IngressClass', 'nginx', { spec: { controller: 'k8s.io/ingress-nginx' } })])), []);
  });
});

describe('an Ingress that is dropped', () => {
  const dropped = { 'nginx.ingress.kubernetes.io/permanent-redirect': '$x' };
  const served = (result: TranslationResult): readonly string[] =>
    result.delta.hosts.flatMap((host) =>
      host.routes.map(({ labels }) => `${host.name} ${labels.service}`).filter((text) => !text.endsWith(' ')),
    );

  it('goes on in its last good version until it is corrected or gone', () => {
    const world = new World();
    assert.deepEqual(served(world.apply([ingress('shop', 'a.example', { service: 'one' })])), ['a.example one']);
    const bad = world.apply([ingress('shop', 'b.example', { service: 'two', annotations: dropped })]);
    assert.deepEqual(touched(bad.delta), []);
    assert.deepEqual(
      bad.diagnostics.map(({ code }) => code).filter((code) => code.startsWith('PRT-ANN')),
      ['PRT-ANN-9', 'PRT-ANN-5'],
    );
    const worse = world.apply([ingress('shop', 'c.example', { service: 'three', annotations: dropped })]);
    assert.deepEqual(touched(worse.delta), []);
    assert.deepEqual(served(world.apply([ingress('shop', 'b.example', { service: 'two' })])), ['b.example two']);
    world.apply([ingress('shop', 'b.example', { service: 'two', annotations: dropped })]);
    const gone = world.apply([], [{ kind: 'Ingress', namespace: 'default', name: 'shop' }]);
    assert.ok(touched(gone.delta).includes('-b.example'));
  });

  it('is not there when the good version was of another object of that name', () => {
    const world = new World();
    world.apply([ingress('shop', 'a.example', { uid: 'first' })]);
    const bad = world.apply([ingress('shop', 'a.example', { uid: 'second', annotations: dropped })]);
    assert.ok(touched(bad.delta).includes('-a.example'));
  });

  it('is not there when no good version of it was seen', () => {
    const result = new World().apply([ingress('shop', 'a.example', { annotations: dropped })]);
    assert.deepEqual(served(result), []);
    assert.deepEqual(
      result.diagnostics.map(({ code }) => code),
      ['PRT-ANN-5'],
    );
  });

  it('is not there either when what was good is dropped by a key that has changed since', () => {
    const world = new World({ configmap: { namespace: 'default', name: 'controller' } });
    world.apply([ingress('shop', 'a.example', { annotations: { 'nginx.ingress.kubernetes.io/upstream-vhost': 'x.example' } })]);
    const result = world.apply([object('ConfigMap', 'controller', { data: { 'annotation-value-word-blocklist': 'x.exa' } })]);
    assert.ok(result.delta.removedHosts.some((name) => name === 'a.example'));
  });
});

describe('certificates', () => {
  const pems: { readonly certificatePem: string; readonly privateKeyPem: string }[] = [];

  before(async () => {
    const issuer = createCertificateIssuer({ poolSize: 1, now: () => 0 });
    for (let count = 0; count < 2; count++) pems.push(await issuer.issue({ commonName: 'a.example', hosts: ['a.example'] }));
  });

  function secret(index: number): KubernetesObject {
    const { certificatePem = '', privateKeyPem = '' } = pems[index] ?? {};
    return object('Secret', 'tls', {
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': certificatePem, 'tls.key': privateKeyPem },
    });
  }

  it('are rotated without touching a host, and go when no host shows them', () => {
    const world = new World();
    const tls = [{ hosts: ['a.example'], secretName: 'tls' }];
    world.apply([service('web'), ingress('a', 'a.example', { tls })]);
    assert.deepEqual(touched(world.apply([secret(0)]).delta), ['a.example', 'default/tls']);
    assert.deepEqual(touched(world.apply([secret(1)]).delta), ['default/tls']);
    assert.deepEqual(touched(world.apply([], [{ kind: 'Secret', namespace: 'default', name: 'tls' }]).delta), [
      'a.example',
      '-default/tls',
    ]);
  });

  it('of a wildcard host decide about redirects of the hosts below', () => {
    const world = new World();
    world.apply([service('web'), ingress('child', 'a.example'), ingress('deep', 'x.a.example')]);
    const { delta } = world.apply([ingress('wild', '*.example', { tls: [{ hosts: ['*.example'] }] })]);
    assert.deepEqual(touched(delta), ['*.example', 'a.example']);
    assert.equal(delta.hosts[1]?.routes[0]?.policies.tlsRedirect?.statusCode, 308);
    assert.deepEqual(touched(world.apply([], [{ kind: 'Ingress', namespace: 'default', name: 'wild' }]).delta), [
      'a.example',
      '-*.example',
    ]);
  });

  it('that expire while nothing changes are reported by the next translation', () => {
    let nowMs = 0;
    const world = new World({ nowMs: () => nowMs });
    world.apply([service('web'), secret(0), ingress('a', 'a.example', { tls: [{ hosts: ['a.example'], secretName: 'tls' }] })]);
    nowMs = 400 * 24 * 3600 * 1000;
    assert.ok(world.apply([]).diagnostics.some(({ code }) => code === 'PRT-TLS-4'));
  });
});

describe('new diagnostics', () => {
  const news = (world: World): readonly string[] => world.takeNew().map(({ code, origin }) => `${code} ${origin.name}`);

  it('are told once, and again when they come again', () => {
    const world = new World();
    const isBad = { annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': 'much' } };
    world.apply([service('web'), slice('s', 'web', '10.0.0.1'), ingress('a', 'a.example', isBad), ingress('b', 'b.example', isBad)]);
    const [first, second] = news(world);
    assert.ok(first?.endsWith(' a') && second?.endsWith(' b'));
    assert.deepEqual(news(world), []);
    world.apply([ingress('a', 'a.example')]);
    assert.deepEqual(news(world), []);
    world.apply([ingress('a', 'a.example', isBad)]);
    assert.deepEqual(news(world), [first]);
    world.apply([ingress('a', 'a.example')]);
    world.apply([ingress('a', 'a.example', isBad)]);
    assert.deepEqual(news(world), [], 'nobody asked in between');
    world.apply([], [{ kind: 'EndpointSlice', namespace: 'default', name: 's' }]);
    assert.deepEqual(news(world), ['PRT-RULE-5 a', 'PRT-RULE-5 b']);
  });

  it('are not what somebody saw in a list while they were gone', () => {
    const world = new World();
    world.apply([ingress('a', 'a.example')]);
    assert.deepEqual(news(world), ['PRT-RULE-3 a']);
    assert.deepEqual(world.apply([service('web'), slice('s', 'web', '10.0.0.1')]).diagnostics, []);
    world.apply([], [{ kind: 'Service', namespace: 'default', name: 'web' }]);
    assert.deepEqual(news(world), []);
  });
});

describe('diagnostics', () => {
  it('look a line up only when they are read, in the object as it is now', () => {
    const world = new World();
    const asked: string[] = [];
    const at = (line: number): Place => ({
      file: 'a.yaml',
      line,
      lineOf: (field) => {
        asked.push(field);
        return line + 10;
      },
    });
    const result = world.apply([ingress('a', 'a.example', {}, at(1))]);
    assert.deepEqual(asked, []);
    const lines = (diagnostics: TranslationResult['diagnostics']): readonly (number | undefined)[] =>
      diagnostics.map(({ origin }) => origin.line);
    assert.deepEqual(lines(result.diagnostics), [11]);
    assert.deepEqual(asked, ['spec.rules[0].http.paths[0].backend.service.name']);
    // Moved in its file: the store replaces it and tells no change.
    assert.deepEqual(lines(world.apply([ingress('a', 'a.example', {}, at(5))]).diagnostics), [15]);
  });

  it('go with their cause', () => {
    const world = new World();
    assert.deepEqual(
      world.apply([ingress('a', 'a.example')]).diagnostics.map(({ code }) => code),
      ['PRT-RULE-3'],
    );
    assert.deepEqual(
      world.apply([service('web')]).diagnostics.map(({ code }) => code),
      ['PRT-RULE-5'],
    );
    assert.deepEqual(world.apply([slice('s', 'web', '10.0.0.1')]).diagnostics, []);
  });
});
