import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exact, hostWith, prefix, regex, routeFor } from '../../test/support/model-rows.ts';
import { literalPrefix } from '../kit/literal-prefix.ts';
import { CATCH_ALL_HOST, hostName } from '../model/route.ts';
import type { PathMatch, VirtualHost } from '../model/route.ts';
import { createPatternCache } from './pattern-cache.ts';
import { BUILT_IN_CATCH_ALL, createRoutingTable } from './table.ts';

function deepFreeze<V>(value: V): V {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

test('an empty table answers with a host that has no route', () => {
  const table = createRoutingTable(() => 0);
  assert.equal(table.findHost('any.example').host, BUILT_IN_CATCH_ALL);
  assert.equal(table.findHost('').matchPath('/'), undefined);
  assert.equal(table.size, 0);
  assert.deepEqual([...table.hosts()], []);
});

test('hosts come, are replaced and go', () => {
  const table = createRoutingTable((route) => route.id);
  for (const name of ['_', '*.example', 'a.example']) table.upsertHost(hostWith(name, [prefix('/old')]));
  assert.equal(table.size, 3);
  table.upsertHost(hostWith('a.example', [prefix('/new')]));
  assert.equal(table.size, 3);
  assert.equal(table.findHost('a.example').matchPath('/old'), undefined);
  assert.equal(table.findHost('a.example').matchPath('/new')?.target, 'prefix /new');
  table.removeHost(hostName('a.example'));
  assert.equal(table.findHost('a.example').host.name, '*.example');
  table.removeHost(hostName('*.example'));
  assert.equal(table.findHost('a.example').host.name, '_');
  table.removeHost(CATCH_ALL_HOST);
  assert.equal(table.findHost('a.example').host, BUILT_IN_CATCH_ALL);
  assert.equal(table.size, 0);
});

test('what was found stays as it was when the host is replaced or removed', () => {
  const table = createRoutingTable((route) => route.id);
  table.upsertHost(hostWith('a.example', [prefix('/')]));
  const found = table.findHost('a.example');
  table.upsertHost(hostWith('a.example', []));
  table.removeHost(hostName('a.example'));
  assert.equal(found.matchPath('/x')?.target, 'prefix /');
});

const aliasOf = (name: string, host: string): VirtualHost => ({ ...hostWith(name, [prefix('/')]), aliasOf: hostName(host) });

test('aliases take names in the order of nginx', () => {
  const table = createRoutingTable((route) => route.id);
  for (const name of ['_', '*.shop.example', '*.zoo.example', 'shop.example', 'real.example'])
    table.upsertHost(hostWith(name, [prefix('/')]));
  const aliases: readonly (readonly [name: string, host: string])[] = [
    ['exact.alias', 'shop.example'],
    ['*.any.example', 'shop.example'],
    ['*.deep.any.example', 'real.example'],
    ['mail.*', 'real.example'],
    ['mail.a.*', 'shop.example'],
    ['~^r[0-9]+[.]', '*.zoo.example'],
    ['~^x', 'shop.example'],
    ['~^(x|y)', 'real.example'],
    ['~^bad(?<=x)', 'a.example'],
  ];
  for (const [name, host] of aliases) table.upsertHost(aliasOf(name, host));
  const expected = {
    'exact.alias': 'exact.alias',
    'a.any.example': '*.any.example',
    'a.b.any.example': '*.any.example',
    'any.example': '_',
    'x.deep.any.example': '*.deep.any.example',
    'mail.b.c': 'mail.*',
    'mail.a.c': 'mail.a.*',
    'mail.a.any.example': '*.any.example',
    mail: '_',
    // Regular expressions and wildcard rules in the order of their hosts.
    'r1.shop.example': '*.shop.example',
    'r1.zoo.example': '*.zoo.example',
    'r1.other': '~^r[0-9]+[.]',
    'y.other': '~^(x|y)',
    'x.other': '~^(x|y)',
    badx: '_',
    'x.shop.example': '*.shop.example',
    '': '_',
  };
  for (const [asked, name] of Object.entries(expected)) assert.equal(table.findHost(asked).host.name, name, asked);
  table.rebuild();
  for (const [asked, name] of Object.entries(expected)) assert.equal(table.findHost(asked).host.name, name, `${asked} after rebuild`);
  assert.equal(table.size, 14);
  for (const [name] of aliases) table.removeHost(hostName(name));
  assert.equal(table.size, 5);
  assert.equal(table.findHost('mail.b.c').host.name, '_');
});

test('a name changes between alias and wildcard host', () => {
  const table = createRoutingTable((route) => route.id);
  table.upsertHost(aliasOf('*.a.example', 'shop.example'));
  assert.equal(table.findHost('x.y.a.example').host.name, '*.a.example');
  table.upsertHost(hostWith('*.a.example', [prefix('/')]));
  assert.equal(table.findHost('x.y.a.example').host.name, '_');
  assert.equal(table.findHost('y.a.example').host.aliasOf, undefined);
  table.upsertHost(aliasOf('*.a.example', 'shop.example'));
  assert.equal(table.findHost('y.a.example').host.aliasOf, 'shop.example');
  assert.equal(table.size, 1);
});

for (const pathMode of ['literal', 'regex'] as const) {
  test(`the root route of a ${pathMode} host takes exactly /`, () => {
    const table = createRoutingTable((route) => route.id);
    const rules = [prefix('/'), exact('/'), ...(pathMode === 'regex' ? [regex('/(.*)')] : [])];
    table.upsertHost({ ...hostWith('a.example', rules, pathMode), rootRoute: { ...routeFor(exact('/')), id: 'app-root' } });
    const host = table.findHost('a.example');
    assert.equal(host.matchPath('/')?.target, 'app-root');
    assert.equal(host.matchPath('/x')?.target, pathMode === 'regex' ? 'regex /(.*)' : 'prefix /');
  });
}

test('rebuild compiles every host again', () => {
  let generation = 1;
  const table = createRoutingTable((route, host) => `${generation} ${host.name} ${route.id}`);
  for (const name of ['_', '*.example', 'a.example']) table.upsertHost(hostWith(name, [prefix('/')]));
  const before = table.findHost('a.example').matchPath('/');
  generation = 2;
  table.rebuild();
  assert.equal(before?.target, '1 a.example prefix /');
  for (const [asked, name] of [
    ['a.example', 'a.example'],
    ['b.example', '*.example'],
    ['', '_'],
  ] as const) {
    assert.equal(table.findHost(asked).matchPath('/')?.target, `2 ${name} prefix /`);
  }
});

test('a verdict is the same object each time', () => {
  const table = createRoutingTable(() => ({}));
  const many = Array.from({ length: 30 }, (_, index) => prefix(`/${index}`));
  table.upsertHost(hostWith('few.example', [prefix('/a'), exact('/b/')]));
  table.upsertHost(hostWith('many.example', [...many, exact('/b/')]));
  for (const [host, path] of [
    ['few.example', '/a/x'],
    ['few.example', '/b'],
    ['many.example', '/7/x'],
    ['many.example', '/b'],
  ] as const) {
    const verdict = table.findHost(host).matchPath(path);
    assert.ok(verdict);
    assert.equal(table.findHost(host).matchPath(path), verdict);
  }
});

test('compiling takes frozen rows and changes none', () => {
  const table = createRoutingTable((route) => route);
  const hosts: VirtualHost[] = [hostWith('a.example', [prefix('/'), exact('/x/')]), hostWith('b.example', [regex('/(.*)')], 'regex')];
  for (const host of deepFreeze(hosts)) table.upsertHost(host);
  const route = hosts[0]?.routes[0];
  assert.equal(table.findHost('a.example').matchPath('/y')?.route, route);
});

test('a slash redirect has a location that is safe to write into a head', () => {
  const table = createRoutingTable(() => 0);
  table.upsertHost(hostWith('a.example', [exact('/café au lait?#%\r\n\\/')]));
  const verdict = table.findHost('a.example').matchPath('/café au lait?#%\r\n\\');
  assert.equal(verdict?.kind === 'slash-redirect' && verdict.location, '/caf%C3%A9%20au%20lait%3F%23%25%0D%0A%5C/');
});

test('a verdict on a regex host names the pattern that took the path', () => {
  const table = createRoutingTable(() => 0);
  table.upsertHost(hostWith('a.example', [regex('/x(/|$)(.*)'), prefix('/foo')], 'regex'));
  const patternFor = (path: string): string | undefined => {
    const verdict = table.findHost('a.example').matchPath(path);
    return verdict?.kind === 'route' ? verdict.pattern : undefined;
  };
  assert.equal(patternFor('/x/1'), '/x(/|$)(.*)');
  assert.equal(patternFor('/foo/'), '/foo/');
  assert.equal(patternFor('/foox'), '/foo');
});

test('the pattern cache stays right when it is smaller than the patterns in use', () => {
  const patterns = createPatternCache(1);
  for (let round = 0; round < 3; round++) {
    assert.equal(patterns.matches('/a.', '/AB'), true);
    assert.equal(patterns.matches('/b(?<=b)c', '/cb'), false);
    assert.equal(patterns.matches('/b(?<=b)c', '/B'), true);
    assert.equal(patterns.matches('/c$', '/cd'), false);
  }
});

test('a pattern above the length limit takes what begins like it', () => {
  const patterns = createPatternCache();
  assert.deepEqual(
    ['/', '/x'].map((path) => patterns.matches(`/x?${'a?'.repeat(510)}$`, path)),
    [true, true],
  );
  assert.deepEqual(
    ['/', '/x', '/\u00e9', '/xy'].map((path) => patterns.matches(`/x${'a?'.repeat(512)}`, path)),
    [false, true, false, true],
  );
});

test('captures are those of the pattern; one that does not compile has none', () => {
  const patterns = createPatternCache();
  assert.deepEqual(patterns.capture('/a(/|$)(.*)', '/A/x'), ['/A/x', '/', 'x']);
  assert.equal(patterns.capture('/a(.)', '/b'), undefined);
  assert.equal(patterns.capture('/a(', '/a'), undefined);
});

test('a pattern that takes exponential time elsewhere takes none here', () => {
  assert.equal(createPatternCache().matches('/(a+)+$', `/${'a'.repeat(20_000)}!`), false);
});

test('the literal beginning of a pattern is what all its matches begin with', () => {
  const prefixes = {
    '/Foo/bar': '/foo/bar',
    '/foo/?': '/foo',
    '/fOo*': '/fo',
    '/a{2}': '/',
    '/a.b': '/a',
    '/a\\.b\\/c': '/a.b/c',
    '/a\\d': '/a',
    '/a\\.?': '/a',
    '/A(/|$)(.*)': '/a',
    '/a|/b': '',
    '/a(b)|c': '',
    '/a[|]b': '/a',
    '/a[(]|b': '',
    '/a\\(|b': '',
    '/é': '/',
    '(?i)/a': '',
  };
  for (const [pattern, expected] of Object.entries(prefixes)) assert.equal(literalPrefix(pattern), expected, pattern);
});

test('a pattern that must not be compiled takes what begins like it, and is not compiled', () => {
  const compiled: string[] = [];
  const patterns = { matches: (pattern: string) => compiled.push(pattern) === 0, capture: () => undefined };
  const others = Array.from({ length: 30 }, (_, index) => regex(`/b${index}(.*)x`));
  const host = hostWith('a.example', [regex('/a(.{1,1000}){2}'), ...others], 'regex');
  const marked = host.routes.map((route, index) => (index === 0 ? { ...route, isUnusablePattern: true as const } : route));
  // With few rows each is looked at, with many there is an index.
  for (const routes of [marked, marked.slice(0, 2)]) {
    const table = createRoutingTable((route) => route.id, { patterns });
    table.upsertHost({ ...host, routes });
    assert.equal(table.findHost('a.example').matchPath('/A/x')?.target, routes[0]?.id);
    assert.equal(table.findHost('a.example').matchPath('/c'), undefined);
  }
  assert.deepEqual(compiled, []);
});

test('a host says which route is its only one', () => {
  const onlyOf = (...rules: readonly PathMatch[]): string | undefined => {
    const table = createRoutingTable((route) => route.id);
    table.upsertHost(hostWith('a.example', rules));
    return table.findHost('a.example').only?.target;
  };
  assert.equal(onlyOf(prefix('/')), 'prefix /');
  for (const rules of [[], [prefix('/a')], [exact('/')], [prefix('/'), exact('/')], [prefix('/'), prefix('/a')], [regex('/')]])
    assert.equal(onlyOf(...rules), undefined);
});

test('every change of the table makes another version', () => {
  const table = createRoutingTable((route) => route.id);
  const seen = new Set([table.version]);
  const host = hostWith('a.example', [prefix('/')]);
  for (const change of [() => table.upsertHost(host), () => table.rebuild(), () => table.removeHost(host.name)]) {
    change();
    assert.ok(!seen.has(table.version));
    seen.add(table.version);
  }
});
