// What admission says, check by check. Overlaps and translation are of one translator, as in the controller.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { parseObject } from '../resources/parse-object.ts';
import type { Ingress, KubernetesObject } from '../resources/objects.ts';
import { ResourceStore } from '../resources/store.ts';
import { testOptions } from '../../test/support/translator-options.ts';
import type { TranslatorOptions } from './options.ts';
import { createTranslator } from './translator.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

interface IngressParts {
  readonly metadata?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly className?: string;
  readonly paths?: readonly (readonly [host: string, path: string, pathType?: string])[];
  readonly rest?: object;
}

function object(value: object): KubernetesObject {
  const parsed = parseObject(value, {});
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

function ingress(name: string, parts: IngressParts = {}): Ingress {
  const { metadata = {}, annotations = {}, className = 'nginx', paths = [['shop.test', '/']], rest = {} } = parts;
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rules = paths.map(([host, path, pathType = 'Prefix']) => ({ host, http: { paths: [{ path, pathType, backend }] } }));
  const made = object({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, annotations, ...metadata },
    spec: { ingressClassName: className, rules, ...rest },
  });
  assert.ok(made.kind === 'Ingress');
  return made;
}

class World {
  readonly #store = new ResourceStore();
  readonly #translator;

  constructor(options: Partial<TranslatorOptions> = {}, config: Readonly<Record<string, string>> = {}) {
    this.#translator = createTranslator(testOptions({ configmap: { namespace: 'default', name: 'controller' }, ...options }));
    const ours = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    };
    this.put(
      object(ours),
      object({ ...ours, metadata: { name: 'other' }, spec: { controller: 'example.com/other' } }),
      object({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller' }, data: config }),
    );
  }

  put(...upserts: readonly KubernetesObject[]): void {
    this.#translator.translate(this.#store, this.#store.apply({ upserts, removals: [] }));
  }

  /** The reason of a refusal; undefined: allowed. */
  refusal(asked: Ingress): string | undefined {
    const verdict = this.#translator.check(asked, this.#store);
    return verdict.kind === 'refused' ? verdict.reason : undefined;
  }

  warnings(asked: Ingress): readonly string[] {
    const verdict = this.#translator.check(asked, this.#store);
    assert.equal(verdict.kind, 'allowed');
    return verdict.warnings;
  }
}

describe('admission', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('lets a plain Ingress pass without a word, again and again', () => {
    assert.deepEqual(world.warnings(ingress('shop')), []);
    world.put(ingress('shop'));
    assert.deepEqual(world.warnings(ingress('shop')), []);
  });

  it('does not look at objects that are being deleted, of other classes, or of other namespaces', () => {
    const bad = { annotations: { [`${PREFIX}/load-balance`]: 'fastest' } };
    assert.ok(world.refusal(ingress('bad', bad)));
    assert.equal(world.refusal(ingress('bad', { ...bad, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })), undefined);
    assert.equal(world.refusal(ingress('bad', { ...bad, className: 'other' })), undefined);
    assert.equal(world.refusal(ingress('bad', { ...bad, className: 'missing' })), undefined);
    const elsewhere = new World({ watchNamespace: 'mine' });
    assert.equal(elsewhere.refusal(ingress('bad', bad)), undefined);
  });

  it('looks for configuration text first, whatever the class', () => {
    const attack = { paths: [['shop.test', '/etc/nginx']] as const };
    assert.match(world.refusal(ingress('bad', attack)) ?? '', /^spec\.rules\[0\]\.http\.paths\[0\]\.path: /);
    assert.ok(world.refusal(ingress('bad', { ...attack, className: 'other' })));
    assert.equal(new World({ deepInspect: false }).refusal(ingress('bad', attack)), undefined);
  });

  it('refuses spec.defaultBackend where catch-alls are disabled', () => {
    const rest = { defaultBackend: { service: { name: 'web', port: { number: 80 } } } };
    assert.equal(world.refusal(ingress('all', { rest })), undefined);
    assert.match(new World({ disableCatchAll: true }).refusal(ingress('all', { rest })) ?? '', /--disable-catch-all/);
  });

  it('refuses a uid that no API server makes', () => {
    assert.equal(world.refusal(ingress('shop', { metadata: { uid: '0b1c3a52-2a0f-4b47-8f5a-3f0f7a1d9c11' } })), undefined);
    assert.match(world.refusal(ingress('shop', { metadata: { uid: 'x; ssl_engine y' } })) ?? '', /metadata\.uid/);
  });

  it('is strict about paths, or warns where it must not be', () => {
    const odd = ingress('odd', { paths: [['shop.test', '/a[b]', 'Exact']] });
    assert.match(world.refusal(odd) ?? '', /path \/a\[b\] cannot be used with pathType Exact/);
    assert.equal(world.refusal(ingress('odd', { paths: [['shop.test', '/a[b]', 'ImplementationSpecific']] })), undefined);
    const [warning = ''] = new World({}, { 'strict-validate-path-type': 'false' }).warnings(odd);
    assert.match(warning, /cannot be used with pathType Exact/);
  });

  it('refuses annotations by prefix, word, snippet, risk and value', () => {
    const refusal = (annotations: Record<string, string>, target = world): string => target.refusal(ingress('bad', { annotations })) ?? '';
    const words = new World({}, { 'annotation-value-word-blocklist': 'load_module' });
    assert.match(refusal({ [`${PREFIX}/unknown`]: 'a load_module b' }, words), /invalid word load_module/);
    assert.equal(refusal({ 'example.com/note': 'load_module' }, words), '');
    const custom = new World({ annotationsPrefix: 'example.com' });
    assert.match(refusal({ [`${PREFIX}/ssl-redirect`]: 'true' }, custom), /the prefix here is example\.com/);
    const critical = new World({}, { 'annotations-risk-level': 'Critical' });
    assert.match(refusal({ [`${PREFIX}/configuration-snippet`]: 'deny all;' }, critical), /snippets/);
    const low = new World({}, { 'annotations-risk-level': 'Low' });
    assert.match(refusal({ [`${PREFIX}/rewrite-target`]: '/x' }, low), /risk of rewrite-target is Medium/);
    assert.match(refusal({ [`${PREFIX}/load-balance`]: 'fastest' }), new RegExp(`^annotation ${PREFIX}/load-balance: the value`));
  });

  it('refuses every snippet while they are not allowed, and only warns of those that cannot be interpreted', () => {
    const names = ['configuration-snippet', 'server-snippet', 'auth-snippet', 'stream-snippet', 'modsecurity-snippet', 'made-up-snippet'];
    const allowing = new World({}, { 'annotations-risk-level': 'Critical', 'allow-snippet-annotations': 'true' });
    const bare = new World({}, { 'annotations-risk-level': 'Critical' });
    for (const name of names) {
      const asked = ingress('bad', { annotations: { [`${PREFIX}/${name}`]: 'more_set_headers "A: b";' } });
      assert.match(bare.refusal(asked) ?? '', /snippets are not allowed \(allow-snippet-annotations\)/, name);
      assert.equal(allowing.refusal(asked), undefined, name);
    }
    const odd = ingress('odd', { annotations: { [`${PREFIX}/configuration-snippet`]: 'deny all; proxy_pass http://x;' } });
    assert.equal(allowing.refusal(odd), undefined);
    assert.match(allowing.warnings(odd)[0] ?? '', /configuration-snippet: the snippet has proxy_pass in line 1.*answer 503/);
    const words = new World(
      {},
      { 'annotation-value-word-blocklist': 'proxy_pass', 'annotations-risk-level': 'Critical', 'allow-snippet-annotations': 'true' },
    );
    assert.match(words.refusal(odd) ?? '', /invalid word proxy_pass/);
  });

  it('only warns of what is served without the annotation, with it refused, or not known', () => {
    const warnings = world.warnings(
      ingress('soft', {
        annotations: {
          [`${PREFIX}/ssl-redirect`]: 'maybe',
          [`${PREFIX}/sl-redirect`]: 'true',
          [`${PREFIX}/whitelist-source-range`]: 'everywhere',
          [`${PREFIX}/enable-influxdb`]: 'true',
        },
      }),
    );
    const fits = [/enable-influxdb: is deprecated/, /ssl-redirect: .*the default is used/, /did you mean ssl-redirect/, /answer 503/];
    assert.equal(warnings.length, fits.length, warnings.join('\n'));
    for (const [index, fit] of fits.entries()) assert.match(warnings[index] ?? '', fit);
  });

  it('warns of a path that is a regular expression and cannot be used', () => {
    const asked = (annotations: Record<string, string>): Ingress =>
      ingress('odd', { annotations, paths: [['shop.test', '/(a)\\1', 'ImplementationSpecific']] });
    assert.match(world.warnings(asked({ [`${PREFIX}/use-regex`]: 'true' }))[0] ?? '', /^path \/\(a\)\\1: the pattern .*503$/);
    assert.equal(world.warnings(asked({ [`${PREFIX}/rewrite-target`]: '/x' })).length, 1);
    assert.deepEqual(world.warnings(asked({})), []);
  });

  it('refuses a path that belongs to another Ingress, whatever its type', () => {
    world.put(
      ingress('first', {
        paths: [
          ['shop.test', '/a'],
          ['shop.test', '/b'],
        ],
      }),
    );
    const refusal = (parts: IngressParts): string | undefined => world.refusal(ingress('second', parts));
    const message = 'host "shop.test" and path "/b" is already defined in ingress default/first';
    assert.equal(
      refusal({
        paths: [
          ['shop.test', '/c'],
          ['shop.test', '/b', 'Exact'],
        ],
      }),
      message,
    );
    assert.equal(refusal({ paths: [['SHOP.test', '/b']] }), message);
    assert.equal(refusal({ paths: [['other.test', '/b']] }), undefined);
    assert.equal(refusal({ paths: [['shop.test', '/b']], metadata: { namespace: 'elsewhere' } }), message);
    assert.equal(refusal({ paths: [['shop.test', '/b']], annotations: { [`${PREFIX}/canary`]: 'true' } }), undefined);
    assert.equal(refusal({ paths: [['shop.test', '/b']], className: 'other' }), undefined);
  });

  it('lets the owner of a path change, though another Ingress names the path too', () => {
    const time = (hour: number): object => ({ creationTimestamp: `2026-01-01T0${hour}:00:00Z` });
    world.put(ingress('old', { metadata: time(1) }), ingress('young', { metadata: time(2) }));
    assert.equal(world.refusal(ingress('old', { metadata: time(1) })), undefined);
    assert.match(world.refusal(ingress('young', { metadata: time(2) })) ?? '', /ingress default\/old/);
  });

  it('checks against the state of the moment, and leaves it as it is', () => {
    const second = ingress('second');
    assert.equal(world.refusal(second), undefined);
    assert.equal(world.refusal(ingress('third')), undefined, 'what was only asked about is not served');
    world.put(second);
    assert.ok(world.refusal(ingress('third')));
  });

  it('knows the rules without a host', () => {
    world.put(ingress('all', { paths: [['', '/']] }));
    assert.match(world.refusal(ingress('second', { paths: [['', '/']] })) ?? '', /host "_" and path "\/"/);
  });
});
