// Values of the annotations about backends (canary, affinity, balancing, TLS): what each accepts, and what becomes of an Ingress with a
// value that is wrong, huge or hostile.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { affinityAnnotations, affinityOf } from './affinity.ts';
import { backendProtocolAnnotations } from './backend-protocol.ts';
import { canaryAnnotations, canaryRulesOf } from './canary.ts';
import { loadBalancingAnnotations, loadBalancingOf } from './load-balancing.ts';
import { PREFIX, read } from './annotations-fixture.ts';
import type { IngressAnnotations } from './read-annotations.ts';

type Outcome = 'default' | 'drop';
const invalid: readonly (readonly [name: string, outcome: Outcome, values: readonly string[]])[] = [
  ['canary', 'default', ['yes', 'on']],
  ['canary-by-header', 'default', ['a b', 'a:b', 'x_y']],
  ['canary-by-header-value', 'default', ['a\tb', 'ä']],
  ['canary-by-header-pattern', 'default', ['[', '(?<=a)b', '(a)\\1']],
  ['canary-by-cookie', 'default', ['a=b', 'a;b', 'a b']],
  ['canary-weight', 'default', ['x', '-1', '1.5', '0x10']],
  ['canary-weight-total', 'default', ['x', '0']],
  ['affinity-canary-behavior', 'default', ['Sticky', 'none']],
  ['affinity', 'default', ['ip', 'Cookie']],
  ['affinity-mode', 'default', ['random']],
  ['session-cookie-name', 'default', ['a b', 'a=b', 'a;b', 'a,b']],
  ['session-cookie-path', 'default', ['foo', '/a;b', '/a b']],
  ['session-cookie-domain', 'default', ['a;b', 'a b', '-a', '.']],
  ['session-cookie-expires', 'default', ['1h', '1.5', '99999999999999']],
  ['session-cookie-max-age', 'default', ['1h', 'x']],
  ['session-cookie-secure', 'default', ['yes']],
  ['session-cookie-samesite', 'default', ['lax', 'none', 'Any']],
  ['session-cookie-conditional-samesite-none', 'default', ['on']],
  ['session-cookie-change-on-failure', 'default', ['on']],
  ['load-balance', 'drop', ['random', 'EWMA', 'ip_hash']],
  ['service-upstream', 'default', ['yes']],
  ['upstream-hash-by', 'drop', ['$', 'a b', '$host;', '${', '$http-x/']],
  ['upstream-hash-by-subset', 'drop', ['yes']],
  ['upstream-hash-by-subset-size', 'drop', ['-1', 'x', '1000000']],
  ['backend-protocol', 'default', ['HTTP3', 'H2C', 'tcp']],
  ['proxy-ssl-secret', 'drop', ['a$b/c', 'a b;c']],
  ['proxy-ssl-verify', 'default', ['true', 'On']],
  ['proxy-ssl-verify-depth', 'default', ['-1', 'x', '1000']],
  ['proxy-ssl-name', 'default', ['a b', 'a;b', '$host', 'a/b']],
  ['proxy-ssl-server-name', 'default', ['true', '1']],
  ['proxy-ssl-ciphers', 'default', ['NOSUCHCIPHER', 'A;B']],
  ['proxy-ssl-protocols', 'default', ['TLSv9', 'SSLv3', 'TLSv1 TLSv1.1', 'TLSv1.2,TLSv1.3']],
];
const hostile = ['a\r\nX-Evil: 1', 'a\nb', '\0', '$(id)', '`id`', 'x'.repeat(1_000_000)];
/** These are printable texts of a length that a header has, so they are values like any other. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  'canary-by-header-value': ['$(id)', '`id`'],
  'canary-by-header-pattern': ['a\nb', '\0', '$(id)', '`id`', 'a\r\nX-Evil: 1'],
  // A backtick may stand in a token.
  'session-cookie-name': ['`id`'],
};

function outcomeOf({ verdict, findings }: IngressAnnotations): string {
  return `${verdict} ${findings.map(({ code }) => code).join(' ')}`;
}

describe('a value that is not valid', () => {
  for (const [name, outcome, values] of invalid) {
    const bad = hostile.filter((value) => harmless[name]?.includes(value) !== true);
    for (const value of [...values, ...bad]) {
      it(`of ${name}: ${JSON.stringify(value).slice(0, 60)}`, () => {
        const reading = read({ [name]: value });
        assert.equal(outcomeOf(reading), outcome === 'drop' ? 'ignore PRT-ANN-5' : 'serve PRT-ANN-3');
        assert.ok((reading.findings[0]?.message.length ?? 0) < 1000);
        assert.equal(reading.findings[0]?.field, `metadata.annotations["${PREFIX}/${name}"]`);
        const { values: draft } = reading;
        if (name !== 'canary-by-header-pattern') assert.deepEqual({ ...draft }, { ...read({}).values });
      });
    }
  }

  it('is tested for every annotation of these families that is supported', () => {
    const families = [...canaryAnnotations, ...affinityAnnotations, ...loadBalancingAnnotations, ...backendProtocolAnnotations];
    const supported = families.filter(({ status }) => status.kind === 'supported');
    assert.deepEqual(supported.map(({ name }) => name).sort(), invalid.map(([name]) => name).sort());
  });
});

describe('backend-protocol', () => {
  for (const [value, protocol] of [
    ['HTTPS', 'https'],
    ['https', 'https'],
    ['Auto_Http', 'auto'],
    ['http', 'http'],
  ] as const) {
    it(value, () => assert.equal(read({ 'backend-protocol': value }).values.backendProtocol, protocol));
  }
  for (const value of ['GRPC', 'grpcs', 'FCGI']) {
    it(`${value} answers 503 for now`, () => assert.equal(outcomeOf(read({ 'backend-protocol': value })), 'refuse PRT-ANN-4'));
  }
});

test('a Secret of proxy-ssl-secret without namespace answers 503', () => {
  for (const value of ['ca', 'a/b/c', '/ca', 'ns/', 'NS/ca'])
    assert.equal(outcomeOf(read({ 'proxy-ssl-secret': value })), 'refuse PRT-ANN-4', value);
  assert.deepEqual(read({ 'proxy-ssl-secret': 'default/ca' }).values.upstreamTls.secret, { namespace: 'default', name: 'ca' });
});

test('versions that are not spoken are left out of proxy-ssl-protocols', () => {
  const versions = (text: string): unknown => read({ 'proxy-ssl-protocols': text }).values.upstreamTls.versions;
  assert.deepEqual(versions('TLSv1 TLSv1.2'), { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  assert.deepEqual(versions('TLSv1.3 TLSv1.2'), { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
  assert.deepEqual(versions('TLSv1.3'), { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' });
});

test('canary rules', () => {
  const rules = (annotations: Readonly<Record<string, string>>): unknown => canaryRulesOf(read({ canary: 'true', ...annotations }).values);
  const plain = { weight: 0, weightTotal: 100, isSticky: true };
  const header = { 'canary-by-header': 'X-Canary' };
  assert.deepEqual(rules({}), plain);
  assert.deepEqual(rules({ 'canary-weight': '5', 'canary-weight-total': '50' }), { ...plain, weight: 5 });
  assert.deepEqual(rules({ 'canary-weight': '5', 'canary-weight-total': '200' }), { ...plain, weight: 5, weightTotal: 200 });
  assert.deepEqual(rules({ 'affinity-canary-behavior': 'legacy' }), { ...plain, isSticky: false });
  assert.deepEqual(rules(header), { ...plain, header: { name: 'x-canary', rule: { kind: 'switch' } } });
  assert.deepEqual(rules({ ...header, 'canary-by-header-pattern': 'a' }), {
    ...plain,
    header: { name: 'x-canary', rule: { kind: 'pattern', pattern: 'a' } },
  });
  assert.deepEqual(rules({ ...header, 'canary-by-header-pattern': '[' }), {
    ...plain,
    header: { name: 'x-canary', rule: { kind: 'broken-pattern' } },
  });
  const value = { name: 'x-canary', rule: { kind: 'value', value: 'v' } };
  assert.deepEqual(rules({ ...header, 'canary-by-header-pattern': '[', 'canary-by-header-value': 'v' }), { ...plain, header: value });
  // Without the header its companions mean nothing.
  assert.deepEqual(rules({ 'canary-by-header-value': 'v', 'canary-by-cookie': 'c' }), { ...plain, cookie: 'c' });
  assert.equal(canaryRulesOf(read({ canary: 'false', 'canary-weight': '5' }).values), undefined);
  assert.equal(canaryRulesOf(read({ 'canary-weight': '5' }).values), undefined);
});

test('affinity', () => {
  const affinity = (annotations: Readonly<Record<string, string>>): unknown => affinityOf(read(annotations).values.affinity);
  const plain = { cookieName: 'INGRESSCOOKIE', mode: 'balanced', secure: false, conditionalSameSiteNone: false, changeOnFailure: false };
  assert.equal(affinity({ 'session-cookie-name': 'x' }), undefined);
  assert.deepEqual(affinity({ affinity: 'cookie' }), plain);
  const annotations = { affinity: 'cookie', 'affinity-mode': 'persistent', 'session-cookie-name': 'x', 'session-cookie-expires': '-1' };
  assert.deepEqual(affinity(annotations), { ...plain, mode: 'persistent', cookieName: 'x', expiresSeconds: -1 });
});

test('load balancing', () => {
  const balancing = (annotations: Readonly<Record<string, string>>, byDefault: 'round_robin' | 'ewma' = 'round_robin'): unknown =>
    loadBalancingOf(read(annotations).values.loadBalancing, byDefault);
  assert.equal(balancing({}), undefined);
  assert.deepEqual(balancing({}, 'ewma'), { kind: 'ewma' });
  assert.equal(balancing({ 'load-balance': 'round_robin' }, 'ewma'), undefined);
  assert.deepEqual(balancing({ 'upstream-hash-by': '$host', 'load-balance': 'ewma' }), { kind: 'hash', key: '$host' });
  assert.deepEqual(balancing({ 'upstream-hash-by': '$host', 'upstream-hash-by-subset': 'true' }), {
    kind: 'hash',
    key: '$host',
    subsetSize: 3,
  });
  assert.equal(balancing({ 'upstream-hash-by-subset-size': '5' }), undefined);
});

test('what does nothing is said', () => {
  assert.equal(outcomeOf(read({ 'load-balance': 'chash' })), 'serve PRT-ANN-2');
  assert.equal(outcomeOf(read({ 'upstream-hash-by': '$nothing$host' })), 'serve PRT-ANN-2');
});

test('a subset of size 0 has the default size', () => {
  const sizeOf = (text: string): unknown => read({ 'upstream-hash-by-subset-size': text }).values.loadBalancing?.subsetSize;
  assert.equal(sizeOf('0'), 3);
  assert.equal(sizeOf('5'), 5);
});

describe('an annotation that means nothing here', () => {
  const values = { 'http2-push-preload': 'yes', 'ssl-passthrough': 'yes', 'fastcgi-index': 'a/b', 'fastcgi-params-configmap': 'a;b' };
  for (const [name, value] of Object.entries(values)) {
    it(`drops the Ingress all the same for an invalid value: ${name}`, () => {
      assert.equal(outcomeOf(read({ [name]: value })), 'ignore PRT-ANN-5');
    });
  }

  it('drops it for blanks where blanks are not valid', () => {
    assert.equal(outcomeOf(read({ 'http2-push-preload': '  ' })), 'ignore PRT-ANN-5');
  });

  it('only says so for a valid value', () => {
    assert.equal(outcomeOf(read({ 'http2-push-preload': 'true' })), 'serve PRT-ANN-6');
    assert.equal(outcomeOf(read({ 'ssl-passthrough': 'true' })), 'serve PRT-ANN-2');
    assert.equal(outcomeOf(read({ 'ssl-passthrough': 'false' })), 'serve ');
    assert.equal(outcomeOf(read({ 'fastcgi-index': 'index.php' })), 'serve PRT-ANN-2');
  });
});
