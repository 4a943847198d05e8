import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exact, hostWith, prefix, regex, routeFor } from '../../test/support/model-rows.ts';
import { decideNaively } from '../../test/support/naive-matcher.ts';
import { hostName } from '../model/route.ts';
import type { Action, RoutePolicies, VirtualHost } from '../model/route.ts';
import { upstreamKey } from '../model/upstream.ts';
import { explain, explainHosts } from './explain.ts';
import type { Explanation } from './explain.ts';
import { formatExplanation } from './explanation-text.ts';
import { createRoutingTable } from './table.ts';

function explainPath(host: VirtualHost, path: string, scheme: 'http' | 'https' = 'http'): Explanation {
  return explainHosts([host], { scheme, host: host.name, path });
}

function reasons(explanation: Explanation): Readonly<Record<string, string>> {
  return Object.fromEntries(explanation.candidates.map(({ route, reason }) => [route, `${reason.kind} ${reason.because}`]));
}

test('says why each rule won, lost or does not match', () => {
  const host = hostWith('a.example', [
    prefix('/'),
    prefix('/foo'),
    prefix('/foo/bar'),
    exact('/foo'),
    prefix('/fo'),
    exact('/FOO'),
    prefix('/x'),
  ]);
  assert.deepEqual(reasons(explainPath(host, '/foo')), {
    'exact /foo': 'won exact-path',
    'prefix /': 'lost exact-path',
    'prefix /foo': 'lost exact-path',
    'prefix /foo/bar': 'no-match other-path',
    'prefix /fo': 'no-match part-of-an-element',
    'exact /FOO': 'no-match case',
    'prefix /x': 'no-match other-path',
  });
  const below = reasons(explainPath(host, '/foo/bar/1'));
  assert.deepEqual(
    [below['prefix /foo/bar'], below['prefix /foo'], below['exact /foo']],
    ['won longest-prefix', 'lost longer-prefix', 'no-match other-path'],
  );
});

test('says that a slash redirect goes before shorter prefixes', () => {
  const explanation = explainPath(hostWith('a.example', [prefix('/'), prefix('/foo/')]), '/foo?x=1');
  assert.deepEqual(reasons(explanation), { 'prefix /foo/': 'won path-lacks-slash', 'prefix /': 'lost slash-redirect' });
  assert.deepEqual(explanation.outcome, { kind: 'slash-redirect', route: 'prefix /foo/', location: '/foo/' });
});

test('says which pattern is tried first and which does not compile', () => {
  const host = hostWith('a.example', [prefix('/foo'), regex('/foo/(.*)'), regex('/x(?<=a)'), regex('/bar')], 'regex');
  const explanation = explainPath(host, '/foo/1');
  assert.deepEqual(reasons(explanation), {
    'regex /foo/(.*)': 'won first-pattern',
    'prefix /foo': 'lost earlier-pattern',
    'regex /x(?<=a)': 'no-match bad-pattern',
    'regex /bar': 'no-match pattern',
  });
});

test('says how the host was chosen', () => {
  const hosts = ['_', '*.example', 'a.example'].map((name) => hostWith(name, [prefix('/')]));
  const kindFor = (from: readonly VirtualHost[], host: string): string => explainHosts(from, { scheme: 'http', host, path: '/' }).host.kind;
  assert.equal(kindFor(hosts, 'A.Example.:8080'), 'exact');
  assert.equal(kindFor(hosts, 'b.example'), 'wildcard');
  assert.equal(kindFor(hosts, ''), 'catch-all');
  assert.equal(kindFor([], 'a.example'), 'built-in-catch-all');
});

test('tells of the TLS redirect on plain requests only', () => {
  const tlsRedirect = { statusCode: 308, preserveTrailingSlash: false, port: null } as const;
  const host: VirtualHost = { ...hostWith('a.example', []), routes: [routeFor(prefix('/'), { tlsRedirect })] };
  const [plain, secure] = [explainPath(host, '/'), explainPath(host, '/', 'https')];
  assert.deepEqual([plain.outcome.kind, plain.outcome.kind === 'tls-redirect' && plain.outcome.statusCode], ['tls-redirect', 308]);
  assert.equal(secure.outcome.kind, 'action');
});

test('tells why a path is refused', () => {
  const explanation = explainPath(hostWith('a.example', [prefix('/')]), '/a/..%2fb');
  assert.deepEqual(explanation.outcome, { kind: 'bad-path', reason: 'hidden-dot-segment' });
});

test('explains by a table in use and is plain data', () => {
  const table = createRoutingTable(() => () => undefined);
  const host = hostWith('a.example', [prefix('/'), exact('/x')]);
  table.upsertHost(host);
  const request = { scheme: 'http', host: 'a.example', path: '/x' } as const;
  const explanation = explain(table, request);
  assert.deepEqual(explanation, explainHosts([host], request));
  assert.deepEqual(structuredClone(explanation), explanation);
});

test('writes an explanation as text', () => {
  const host = hostWith('a.example', [prefix('/'), prefix('/foo/'), exact('/bar')]);
  assert.equal(
    formatExplanation(explainPath(host, '/x/../foo')),
    [
      'http://a.example/x/../foo',
      '  host   a.example, by its exact name',
      '         Ingress default/test, spec.rules[0].host',
      '  path   matched as /foo',
      '  won    prefix /foo/: takes the path with a slash at the end',
      '         Ingress default/test, spec.rules[0].http.paths[prefix /foo/]',
      '  lost   prefix /: matches, but another rule redirects to the path with a slash (prefix /foo/)',
      '         Ingress default/test, spec.rules[0].http.paths[prefix /]',
      '  -      exact /bar: is another path',
      '         Ingress default/test, spec.rules[0].http.paths[exact /bar]',
      '  answer 301 to /foo/',
    ].join('\n'),
  );
  assert.match(formatExplanation(explainPath(host, '/y')), /answer forwarded to Service default\/prefix \/, port 80$/);
  assert.match(formatExplanation(explainPath(host, '/%0d%0a')), /matched as \/\\x0d\\x0a\n/);
  assert.match(formatExplanation(explainPath(host, '/..')), /answer 400 PRT-REQ-5, the path leads above the root$/);
  assert.match(
    formatExplanation(explainHosts([], { scheme: 'http', host: 'b.example', path: '/' })),
    /none; .* takes b\.example\n[^]*404 PRT-ROUTE-1/,
  );
});

test('writes what is done with the request', () => {
  const answerFor = (action: Action, policies: RoutePolicies = {}): string | undefined => {
    const host: VirtualHost = { ...hostWith('*.example', []), routes: [{ ...routeFor(prefix('/'), policies), action }] };
    return formatExplanation(explainHosts([host], { scheme: 'http', host: 'a.example', path: '/' })).split('  answer ')[1];
  };
  const [shop, spare] = [upstreamKey('default', 'shop', '80'), upstreamKey('default', 'spare', 'http')];
  const fallback = 'forwarded to Service default/shop, port 80, or Service default/spare, port http while it has no endpoint';
  assert.equal(answerFor({ kind: 'forward', upstream: shop, fallback: spare }), fallback);
  assert.equal(answerFor({ kind: 'default-backend', upstream: spare }), 'the default backend Service default/spare, port http');
  assert.equal(answerFor({ kind: 'default-backend', upstream: null }), 'the built-in default backend, 404');
  assert.equal(answerFor({ kind: 'refuse', code: 'PRT-ROUTE-3' }), '503 PRT-ROUTE-3, route-refused');
  const tlsRedirect = { statusCode: 308, preserveTrailingSlash: true, port: null } as const;
  const redirected = '308 to the same URL over TLS, and there: forwarded to Service default/shop, port 80';
  assert.equal(answerFor({ kind: 'forward', upstream: shop }, { tlsRedirect }), redirected);
});

const path = fc.tuple(fc.array(fc.constantFrom('a', 'b', 'ab', 'A'), { maxLength: 3 }), fc.boolean()).map(([elements, slash]) => {
  return elements.length === 0 ? '/' : `/${elements.join('/')}${slash ? '/' : ''}`;
});
const rule = fc.oneof(path.map(exact), path.map(prefix));
const pattern = fc.constantFrom('/a', '/a/?', '/(a|b)', '/.*', '/a(', '/b$').map(regex);

function rulesOf<R>(arbitrary: fc.Arbitrary<R>): fc.Arbitrary<R[]> {
  return fc.uniqueArray(arbitrary, { selector: (match) => JSON.stringify(match), maxLength: 12 });
}

const hostArbitrary = fc.oneof(
  rulesOf(rule).map((rules) => hostWith('a.example', rules)),
  rulesOf(fc.oneof(rule, pattern)).map((rules) => hostWith('a.example', rules, 'regex')),
);

test('reasons agree with the verdict, and with the naive matcher rule by rule', () => {
  fc.assert(
    fc.property(hostArbitrary, path, (host, asked) => {
      const decision = decideNaively([host], 'a.example', asked);
      const { candidates, outcome } = explainPath(host, asked);
      assert.equal(candidates.length, host.routes.length);
      const winners = candidates.filter(({ reason }) => reason.kind === 'won');
      assert.deepEqual(
        winners.map(({ route }) => route),
        decision.kind === 'none' ? [] : [decision.route],
      );
      assert.equal(outcome.kind, decision.kind === 'none' ? 'no-route' : decision.kind === 'route' ? 'action' : 'slash-redirect');
      for (const { route, reason } of candidates) {
        const alone = { ...host, routes: host.routes.filter(({ id }) => id === route) };
        const takes = decideNaively([alone], 'a.example', asked).kind !== 'none';
        assert.equal(reason.kind !== 'no-match', takes, route);
        if (reason.kind === 'lost') assert.equal(reason.to, winners[0]?.route);
      }
    }),
    { numRuns: 1000 },
  );
});

test('tells aliases and the app-root of a host', () => {
  const redirect = { statusCode: 302, to: { kind: 'app-root', path: '/start' } } as const;
  const rootRoute = { ...routeFor(exact('/')), id: 'app-root', action: { kind: 'redirect', redirect } as const };
  const hosts = [{ ...hostWith('*.alias.example', [prefix('/')]), aliasOf: hostName('a.example'), rootRoute }];
  const root = explainHosts(hosts, { scheme: 'http', host: 'x.y.alias.example', path: '/' });
  assert.equal(root.host.kind, 'alias');
  assert.deepEqual(
    root.candidates.map(({ route, reason }) => `${route}: ${reason.kind} ${reason.because}`),
    ['app-root: won app-root', 'prefix /: lost app-root'],
  );
  const text = formatExplanation(root);
  assert.match(text, /\*\.alias\.example, an alias of a\.example/);
  assert.match(text, /302 to \/start of the same host/);
  const other = explainHosts(hosts, { scheme: 'http', host: 'x.alias.example', path: '/x' });
  assert.deepEqual(
    other.candidates.map(({ route, reason }) => `${route}: ${reason.kind} ${reason.because}`),
    ['prefix /: won longest-prefix', 'app-root: no-match other-path'],
  );
});

test('tells of a location block of a server-snippet', () => {
  const block = { ...routeFor(prefix('/api/closed')), id: 'snippet-location:0', action: { kind: 'answer' } as const };
  const locations = [{ match: { kind: 'prefix', path: '/api/closed', isFinal: false } as const, route: block }];
  const hosts = [{ ...hostWith('a.example', [prefix('/'), prefix('/api')]), locations }];
  const closed = explainHosts(hosts, { scheme: 'http', host: 'a.example', path: '/api/closed/x' });
  assert.deepEqual(
    closed.candidates.map(({ route, reason }) => `${route}: ${reason.kind} ${reason.because}`),
    ['snippet-location:0: won snippet-location', 'prefix /: lost snippet-location', 'prefix /api: lost snippet-location'],
  );
  assert.match(formatExplanation(closed), /answered by a location block of a server-snippet/);
  const open = explainHosts(hosts, { scheme: 'http', host: 'a.example', path: '/api/open' });
  assert.equal(open.candidates[0]?.route, 'prefix /api');
});
