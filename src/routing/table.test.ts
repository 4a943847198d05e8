import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exact, hostWith, prefix, regex } from '../../test/support/model-rows.ts';
import { CATCH_ALL_HOST, hostName } from '../model/route.ts';
import type { VirtualHost } from '../model/route.ts';
import { createPatternCache } from './pattern-cache.ts';
import { literalPrefix } from './regex-host.ts';
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
    assert.equal(patterns.matches('/b(?=c)', '/bc'), false);
    assert.equal(patterns.matches('/c$', '/cd'), false);
  }
});

test('a pattern above the length limit matches nothing', () => {
  const patterns = createPatternCache();
  assert.equal(patterns.matches(`/${'a?'.repeat(511)}`, '/'), true);
  assert.equal(patterns.matches(`/${'a?'.repeat(512)}`, '/'), false);
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
