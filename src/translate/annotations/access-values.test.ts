// Values of the annotations that protect: whatever they hold, the routes are served with the protection, refused, or the Ingress is
// dropped; never served without it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Route } from '../../model/route.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import { ResourceStore } from '../../resources/store.ts';
import { testOptions } from '../../../test/support/translator-options.ts';
import { createTranslator } from '../translator.ts';
import { addressListAnnotations } from './address-lists.ts';
import { authAnnotations } from './auth.ts';
import { clientCertificateAnnotations } from './client-certificates.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

function parse(raw: unknown): KubernetesObject {
  const parsed = parseObject(raw, {});
  assert.ok(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.object;
}

const common = [
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'users' }, stringData: { auth: 'alice:{PLAIN}open' } },
].map(parse);

interface Outcome {
  /** Undefined: the Ingress is dropped. */
  readonly route: Route | undefined;
  /** Codes of diagnostics whose field is the annotation. */
  readonly codes: readonly string[];
}

function translate(annotations: Readonly<Record<string, string>>, about: string, config: Readonly<Record<string, string>> = {}): Outcome {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value]));
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }];
  const ingress = parse({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', annotations: prefixed },
    spec: { ingressClassName: 'nginx', rules: [{ host: 'shop.example', http: { paths } }] },
  });
  const controller = parse({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller' }, data: config });
  const store = new ResourceStore();
  store.apply({ upserts: [...common, controller, ingress], removals: [] });
  const options = testOptions({ configmap: { namespace: 'default', name: 'controller' } });
  const { delta, diagnostics } = createTranslator(options).translate(store, 'all');
  const route = delta.hosts.find(({ name }) => name === 'shop.example')?.routes[0];
  const codes = diagnostics.filter(({ origin }) => origin.field?.includes(about) === true).map(({ code }) => code);
  return { route, codes };
}

/** Annotations that only mean something beside these. */
const beside: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'auth-type': { 'auth-secret': 'users' },
  'auth-secret': { 'auth-type': 'basic' },
  'auth-secret-type': { 'auth-type': 'basic', 'auth-secret': 'users' },
  'auth-realm': { 'auth-type': 'basic', 'auth-secret': 'users' },
  satisfy: { 'auth-type': 'basic', 'auth-secret': 'users' },
};
const withUrl = { 'auth-url': 'http://auth.example/' };

/** Where ingress-nginx's default is used instead, and that is no hole. */
const mildNames: ReadonlySet<string> = new Set([
  'satisfy',
  'auth-signin',
  'auth-signin-redirect-param',
  'auth-cache-key',
  'auth-tls-verify-client',
  'auth-tls-verify-depth',
]);

const hostile: readonly (readonly [what: string, value: string])[] = [
  ['a line break', 'basic\ndeny all;'],
  ['a carriage return', 'x\r\nX-Evil: 1'],
  ['a NUL', 'x\0y'],
  ['a command', '$(touch /tmp/x)'],
  ['a closed block', '"; } location / { return 200; }'],
  // The API takes no more than 256 KiB of annotations.
  ['as much as fits', 'a/'.repeat(120_000)],
  ['a template of another kind', '{{ .Values.x }}'],
];

const rows = [...authAnnotations, ...addressListAnnotations, ...clientCertificateAnnotations].filter(
  ({ status, name }) => status.kind === 'supported' && name !== 'enable-global-auth',
);

describe('hostile values of annotations that protect', () => {
  for (const { name } of rows) {
    for (const [what, value] of hostile) {
      it(`${name}: ${what}`, () => {
        const needed = beside[name] ?? (name.startsWith('auth-') && !name.startsWith('auth-tls') && name !== 'auth-url' ? withUrl : {});
        const { route, codes } = translate({ ...needed, [name]: value }, name);
        assert.ok(codes.length > 0, 'there is no diagnostic about the annotation');
        if (mildNames.has(name)) {
          // The rest of the protection stays.
          if (name.startsWith('auth-tls')) assert.equal(route?.action.kind, 'forward');
          else assert.ok(route?.policies.access !== undefined);
          return;
        }
        if (name === 'auth-tls-error-page' || name === 'auth-tls-match-cn' || name === 'auth-tls-pass-certificate-to-upstream') {
          assert.equal(route, undefined);
          return;
        }
        assert.ok(route === undefined || route.action.kind === 'refuse', `the route is served: ${JSON.stringify(route)}`);
      });
    }
  }

  it('global authentication is not switched off by a value that is not valid', () => {
    const { route, codes } = translate({ 'enable-global-auth': 'no' }, 'enable-global-auth', { 'global-auth-url': 'http://auth.example/' });
    assert.deepEqual(codes, ['PRT-ANN-3']);
    assert.equal(route?.policies.access?.external?.host, 'auth.example');
  });

  const keys = [
    'whitelist-source-range',
    'denylist-source-range',
    'block-cidrs',
    'global-auth-url',
    'global-auth-method',
    'global-auth-response-headers',
    'global-auth-cache-duration',
  ];
  for (const key of keys) {
    for (const [what, value] of hostile) {
      it(`ConfigMap ${key}: ${what}`, () => {
        const { route, codes } = translate({}, `data.${key}`, { [key]: value });
        assert.deepEqual([route?.action.kind, codes], ['refuse', ['PRT-CONF-6']]);
      });
    }
  }

  for (const key of ['block-user-agents', 'block-referers']) {
    it(`ConfigMap ${key}: a pattern that is none`, () => {
      const { route, codes } = translate({}, `data.${key}`, { [key]: '~*(' });
      assert.deepEqual([route?.action.kind, codes], ['refuse', ['PRT-CONF-6']]);
    });
  }
});

describe('good values', () => {
  const urls: readonly (readonly [url: string, host: string, target: string, upstream: string])[] = [
    ['http://auth.example', 'auth.example', '/', 'auth.example 80'],
    ['https://Auth.Example:8443/x?y=$request_uri', 'auth.example', '/x?y=$request_uri', 'auth.example 8443'],
    ['http://10.0.0.1:8080/a', '10.0.0.1', '/a', '10.0.0.1 8080'],
    ['http://auth.example?x=1', 'auth.example', '/?x=1', 'auth.example 80'],
    ['https://$host/oauth2/auth', 'shop.example', '/oauth2/auth', 'shop.example 443'],
  ];
  for (const [url, host, target, upstream] of urls) {
    it(`auth-url ${url}`, () => {
      const { route, codes } = translate({ 'auth-url': url }, 'auth-url');
      const external = route?.policies.access?.external;
      assert.deepEqual([codes, external?.host, external?.target], [[], host, target]);
      assert.equal(external?.upstream.split('\0').slice(1, 3).join(' '), upstream);
    });
  }

  it('cache durations', () => {
    const { route } = translate({ ...withUrl, 'auth-cache-key': 'k', 'auth-cache-duration': '200 202 10m, 401 5s,1h' }, 'auth');
    assert.deepEqual(route?.policies.access?.external?.cache?.rules, [
      { statuses: [200, 202], durationMs: 600_000 },
      { statuses: [401], durationMs: 5000 },
      { statuses: [200, 301, 302], durationMs: 3_600_000 },
    ]);
  });

  it('the primary name of the allow list wins over its alias', () => {
    const { route } = translate({ 'whitelist-source-range': '10.0.0.0/8', 'allowlist-source-range': '11.0.0.0/8' }, 'allow');
    assert.deepEqual(route?.policies.access?.addresses?.allow, ['11.0.0.0/8']);
  });
});
