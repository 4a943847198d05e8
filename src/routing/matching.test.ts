// One behaviour suite for the compiled tables and for the naive matcher, then the property that they agree.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { exact, hostWith, prefix, regex } from '../../test/support/model-rows.ts';
import { decideNaively } from '../../test/support/naive-matcher.ts';
import type { Decision } from '../../test/support/naive-matcher.ts';
import type { PathMatch, VirtualHost } from '../model/route.ts';
import { createRoutingTable } from './table.ts';

type Decide = (hosts: readonly VirtualHost[], hostName: string, path: string) => Decision;

function decideCompiled(hosts: readonly VirtualHost[], hostName: string, path: string): Decision {
  const table = createRoutingTable((route) => route.id);
  for (const host of hosts) table.upsertHost(host);
  const host = table.findHost(hostName);
  const verdict = host.matchPath(path);
  if (host.only !== undefined) assert.equal(verdict, host.only);
  if (verdict === undefined) return { kind: 'none', host: host.host.name };
  assert.equal(verdict.target, verdict.route.id);
  return { kind: verdict.kind, host: host.host.name, route: verdict.route.id };
}

/** Rules that take part in no question, enough of them for the host to be compiled for many routes. */
const bystanders = Array.from({ length: 20 }, (_, index) => prefix(`/zz/${index}`));

interface Expectations {
  readonly rules: readonly PathMatch[];
  readonly pathMode?: VirtualHost['pathMode'];
  /** Path, then id of the route; `301 ` before it for a redirect; `-` for none. */
  readonly decisions: Readonly<Record<string, string>>;
}

const pathBehaviour: Readonly<Record<string, Expectations>> = {
  'an exact path takes only itself': {
    rules: [exact('/foo')],
    decisions: { '/foo': 'exact /foo', '/foo/': '-', '/foobar': '-', '/FOO': '-', '/fo': '-', '/': '-' },
  },
  'a prefix takes whole elements only': {
    rules: [prefix('/foo')],
    decisions: { '/foo': 'prefix /foo', '/foo/': 'prefix /foo', '/foo/x': 'prefix /foo', '/foobar': '-', '/Foo/x': '-', '/x/foo': '-' },
  },
  'the root prefix takes everything': {
    rules: [prefix('/')],
    decisions: { '/': 'prefix /', '/x': 'prefix /', '/x/y/': 'prefix /' },
  },
  'an exact root takes the root only': {
    rules: [exact('/'), prefix('/')],
    decisions: { '/': 'exact /', '/x': 'prefix /' },
  },
  'exact wins over a prefix of the same path': {
    rules: [prefix('/foo'), exact('/foo')],
    decisions: { '/foo': 'exact /foo', '/foo/': 'prefix /foo', '/foo/x': 'prefix /foo' },
  },
  'exact wins over a longer prefix of the same path with a slash': {
    rules: [prefix('/foo/'), exact('/foo/')],
    decisions: { '/foo/': 'exact /foo/', '/foo': '301 exact /foo/', '/foo/x': 'prefix /foo/' },
  },
  'the longest prefix wins whatever the order': {
    rules: [prefix('/aaa'), prefix('/'), prefix('/aaa/bbb')],
    decisions: { '/aaa/bbb': 'prefix /aaa/bbb', '/aaa/bbb/c': 'prefix /aaa/bbb', '/aaa/bbbb': 'prefix /aaa', '/aaaa': 'prefix /' },
  },
  'a prefix with a slash at the end redirects the path without it': {
    rules: [prefix('/foo/')],
    decisions: { '/foo': '301 prefix /foo/', '/foo/': 'prefix /foo/', '/foo/x': 'prefix /foo/', '/foobar': '-' },
  },
  'an exact path with a slash at the end redirects the path without it': {
    rules: [exact('/foo/')],
    decisions: { '/foo': '301 exact /foo/', '/foo/': 'exact /foo/', '/foo/x': '-' },
  },
  'the slash redirect wins over shorter prefixes': {
    rules: [prefix('/'), prefix('/a'), prefix('/a/b/')],
    decisions: { '/a/b': '301 prefix /a/b/', '/a/b/c': 'prefix /a/b/', '/a/x': 'prefix /a' },
  },
  'a rule for the path itself wins over the slash redirect': {
    rules: [prefix('/foo'), prefix('/foo/'), exact('/bar'), exact('/bar/')],
    decisions: { '/foo': 'prefix /foo', '/foo/': 'prefix /foo/', '/foo/x': 'prefix /foo/', '/bar': 'exact /bar', '/bar/': 'exact /bar/' },
  },
  'paths are Unicode': {
    rules: [prefix('/café'), exact('/你')],
    decisions: { '/café/x': 'prefix /café', '/你': 'exact /你', '/cafÃ©': '-' },
  },
  'pattern characters mean themselves on a literal host': {
    rules: [prefix('/a.b'), prefix('/x+y')],
    decisions: { '/a.b': 'prefix /a.b', '/axb': '-', '/x+y': 'prefix /x+y', '/xxy': '-' },
  },
  'a pattern is anchored at the start only and ignores case': {
    pathMode: 'regex',
    rules: [regex('/Id/[0-9]+')],
    decisions: { '/id/1': 'regex /Id/[0-9]+', '/ID/12a': 'regex /Id/[0-9]+', '/id/a': '-', '/x/id/1': '-' },
  },
  'case is ignored outside ASCII too': {
    pathMode: 'regex',
    rules: [regex('/sock'), prefix('/é')],
    decisions: { '/\u017fock': 'regex /sock', '/SOC\u212a': 'regex /sock', '/É': 'prefix /é' },
  },
  '$ anchors the end of a pattern': {
    pathMode: 'regex',
    rules: [regex('/id/[0-9]{3}$')],
    decisions: { '/id/123': 'regex /id/[0-9]{3}$', '/id/1234': '-', '/id/12': '-' },
  },
  'plain paths of a regex host are patterns too': {
    pathMode: 'regex',
    rules: [prefix('/foo'), exact('/b.r'), regex('/id/[0-9]+'), prefix('/')],
    decisions: { '/foobar': 'prefix /foo', '/FOO/x': 'prefix /foo', '/bar/baz': 'exact /b.r', '/x/foo': 'prefix /', '/': 'prefix /' },
  },
  'longer patterns are tried first, then lexically greater ones': {
    pathMode: 'regex',
    rules: [prefix('/foo/bar/bar'), regex('/foo/bar/[a-z]{3}'), regex('/x/[ab]'), regex('/x/[bc]')],
    decisions: { '/foo/bar/bar': 'regex /foo/bar/[a-z]{3}', '/x/b': 'regex /x/[bc]', '/x/a': 'regex /x/[ab]' },
  },
  'a prefix on a regex host is tried with and without its slash': {
    pathMode: 'regex',
    rules: [prefix('/foo/bar'), prefix('/foo/bar/'), regex('/foo/bar/(.+)')],
    decisions: {
      '/foo/bar/1': 'regex /foo/bar/(.+)',
      '/foo/bar/': 'prefix /foo/bar/',
      '/foo/bar': 'prefix /foo/bar',
      '/foo/barx': 'prefix /foo/bar',
    },
  },
  'an exact path takes the place of the pattern without a slash': {
    pathMode: 'regex',
    rules: [prefix('/foo'), exact('/foo')],
    decisions: { '/foo': 'exact /foo', '/foo/x': 'prefix /foo', '/foox': 'exact /foo' },
  },
  'a regex host redirects nothing': {
    pathMode: 'regex',
    rules: [prefix('/foo/'), exact('/bar/')],
    decisions: { '/foo': '-', '/bar': '-', '/foo/x': 'prefix /foo/' },
  },
  'a prefix keeps the place of its rule path, though one of its patterns is longer': {
    pathMode: 'regex',
    rules: [prefix('/foo'), regex('/fo.*')],
    decisions: { '/foo/x': 'regex /fo.*', '/foo': 'regex /fo.*' },
  },
  'a pattern that does not compile takes what begins like it, in its place': {
    pathMode: 'regex',
    rules: [regex('/a(b)\\1'), regex('/a[b'), regex('/ab'), regex('/abc/def/ghi')],
    decisions: { '/ab': 'regex /a(b)\\1', '/A': 'regex /a(b)\\1', '/x': '-', '/abc/def/ghi': 'regex /abc/def/ghi' },
  },
  'alternatives inside a group keep the literal beginning': {
    pathMode: 'regex',
    rules: [regex('/something(/|$)(.*)'), regex('/(a|b)$')],
    decisions: {
      '/SomeThing': 'regex /something(/|$)(.*)',
      '/something/x': 'regex /something(/|$)(.*)',
      '/somethingelse': '-',
      '/b': 'regex /(a|b)$',
    },
  },
  'alternatives at the top level are anchored in the first branch only, as in nginx': {
    pathMode: 'regex',
    rules: [regex('/a|/b')],
    decisions: { '/a1': 'regex /a|/b', '/b': 'regex /a|/b', '/x/b': 'regex /a|/b', '/x/a': '-' },
  },
};

function describeDecision(decision: Decision): string {
  if (decision.kind === 'none') return '-';
  return decision.kind === 'route' ? decision.route : `301 ${decision.route}`;
}

const hostBehaviour: Readonly<Record<string, string>> = {
  'shop.example': 'shop.example',
  'a.shop.example': 'a.shop.example',
  'b.shop.example': '*.shop.example',
  'B_-9.shop.example': '*.shop.example',
  'b.b.shop.example': '_',
  '.shop.example': '_',
  'ü.shop.example': '_',
  'other.example': '*.example',
  example: '_',
  '*.shop.example': '_',
  '': '_',
  _: '_',
  '[::1]': '_',
};

for (const [name, decide] of Object.entries({ compiled: decideCompiled, naive: decideNaively } satisfies Record<string, Decide>)) {
  describe(`${name} matcher`, () => {
    for (const [behaviour, { rules, pathMode = 'literal', decisions }] of Object.entries(pathBehaviour)) {
      for (const more of [[], bystanders]) {
        test(more.length === 0 ? behaviour : `${behaviour}, among many rules`, () => {
          const hosts = [hostWith('h.example', [...more, ...rules], pathMode)];
          for (const [path, expected] of Object.entries(decisions)) {
            assert.equal(describeDecision(decide(hosts, 'h.example', path)), expected, path);
          }
        });
      }
    }

    test('the exact host wins over the wildcard, the wildcard over the catch-all', () => {
      const hosts = ['_', '*.example', '*.shop.example', 'shop.example', 'a.shop.example'].map((host) => hostWith(host, [prefix('/')]));
      for (const [asked, expected] of Object.entries(hostBehaviour)) assert.equal(decide(hosts, asked, '/').host, expected, asked);
    });

    test('without a catch-all an unknown host has no route', () => {
      assert.deepEqual(decide([hostWith('a.example', [prefix('/')])], 'b.example', '/'), { kind: 'none', host: '_' });
    });

    test('a path that no rule of the host takes falls through to no other host', () => {
      const hosts = [hostWith('_', [prefix('/')]), hostWith('*.example', [prefix('/')]), hostWith('a.example', [prefix('/app')])];
      assert.deepEqual(decide(hosts, 'a.example', '/x'), { kind: 'none', host: 'a.example' });
    });
  });
}

test('a look-ahead at a fixed distance from the start is understood', () => {
  const hosts = [hostWith('h.example', [regex('/(?!admin)(.*)'), prefix('/')], 'regex')];
  assert.equal(describeDecision(decideCompiled(hosts, 'h.example', '/x')), 'regex /(?!admin)(.*)');
  assert.equal(describeDecision(decideCompiled(hosts, 'h.example', '/ADMIN/x')), 'prefix /');
});

test('paths with the same hash are told apart', () => {
  // '/0p5gs' and '/0uj0a' collide in the hash of hosts with many routes; so does whatever continues them.
  const hosts = [hostWith('h.example', [...bystanders, prefix('/0p5gs'), exact('/0p5gp/x')])];
  assert.equal(describeDecision(decideCompiled(hosts, 'h.example', '/0p5gs/x')), 'prefix /0p5gs');
  assert.equal(describeDecision(decideCompiled(hosts, 'h.example', '/0uj0a/x')), '-');
  assert.equal(describeDecision(decideCompiled(hosts, 'h.example', '/0uj0b/x')), '-');
});

const element = fc.constantFrom('a', 'b', 'ab', 'A', 'é', 'a.b', 'k', '\u212a');
const normalPath = fc.tuple(fc.array(element, { maxLength: 4 }), fc.boolean()).map(([elements, slash]) => {
  return elements.length === 0 ? '/' : `/${elements.join('/')}${slash ? '/' : ''}`;
});
const pattern = fc
  .array(
    fc.constantFrom(
      '/',
      '/a',
      'b',
      '.',
      '.*',
      '[ab]',
      '(/|$)',
      '(.*)',
      'a?',
      '/b+',
      '\\.',
      '$',
      '|/b',
      'é',
      'K',
      '{2}',
      '[(|]',
      '(',
      '\\Q|',
    ),
    { maxLength: 5 },
  )
  .map((parts) => `/${parts.join('')}`);

function hostArbitrary(name: string): fc.Arbitrary<VirtualHost> {
  const literal = fc.oneof(normalPath.map(exact), normalPath.map(prefix));
  const rules = (rule: fc.Arbitrary<PathMatch>): fc.Arbitrary<PathMatch[]> =>
    fc.uniqueArray(rule, { selector: (match) => JSON.stringify(match), maxLength: 40, size: '+1' });
  return fc.oneof(
    rules(literal).map((matches) => hostWith(name, matches)),
    rules(fc.oneof(literal, pattern.map(regex))).map((matches) => hostWith(name, matches, 'regex')),
  );
}

const hostNames = ['_', '*.example', '*.a.example', 'a.example', 'b.a.example', 'b.example'];
const modelArbitrary = fc.subarray(hostNames).chain((names) => fc.tuple(...names.map(hostArbitrary)));
const hostQuestion = fc.constantFrom(
  'a.example',
  'b.example',
  'c.example',
  'b.a.example',
  'c.a.example',
  'd.c.a.example',
  'example',
  '',
  '-._',
);

test('the compiled table decides as the naive matcher does', () => {
  fc.assert(
    fc.property(modelArbitrary, fc.array(fc.tuple(hostQuestion, normalPath), { minLength: 1, maxLength: 10 }), (hosts, questions) => {
      for (const [host, path] of questions) {
        assert.deepEqual(decideCompiled(hosts, host, path), decideNaively(hosts, host, path), `${host} ${path}`);
      }
    }),
    { numRuns: 1500 },
  );
});
