// Which of the `location` blocks of a snippet and of the routes takes a path. Beside real nginx: test/feature/snippets-nginx.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostName } from '../model/route.ts';
import type { HostLocation, PathMatch, Route, VirtualHost } from '../model/route.ts';
import type { SnippetLocationMatch } from '../model/policies/snippet.ts';
import { createPatternCache } from './pattern-cache.ts';
import { compileHost } from './table.ts';

const labels = { namespace: '', ingress: '', service: '', servicePort: '', path: '' };
const origin = { kind: 'Ingress', namespace: 'default', name: 'shop' };

function routeOf(id: string, match: PathMatch): Route {
  return { id, match, action: { kind: 'default-backend', upstream: null }, policies: {}, labels, origin };
}

function blockOf(id: string, match: SnippetLocationMatch): HostLocation {
  return { match, route: { ...routeOf(id, { kind: 'exact', path: '/' }), action: { kind: 'answer' } } };
}

const locations: readonly HostLocation[] = [
  blockOf('exact', { kind: 'exact', path: '/exact' }),
  blockOf('regex', { kind: 'regex', pattern: '\\.php$', ignoresCase: true }),
  blockOf('short', { kind: 'prefix', path: '/ap', isFinal: false }),
  blockOf('long', { kind: 'prefix', path: '/api/deep', isFinal: false }),
  blockOf('final', { kind: 'prefix', path: '/final', isFinal: true }),
];

function matcher(pathMode: VirtualHost['pathMode'], routes: readonly Route[]): (path: string) => string {
  const host: VirtualHost = { name: hostName('shop.test'), pathMode, routes, locations, tls: { kind: 'none' }, origin };
  const compiled = compileHost(host, ({ id }) => id, createPatternCache());
  return (path) => {
    const verdict = compiled.matchPath(path);
    return verdict === undefined ? 'none' : verdict.kind === 'slash-redirect' ? `${verdict.target} redirect` : verdict.target;
  };
}

describe('location blocks beside routes', () => {
  it('by length, unless one is exact or a regular expression matches', () => {
    const match = matcher('literal', [
      routeOf('root', { kind: 'prefix', path: '/' }),
      routeOf('api', { kind: 'prefix', path: '/api' }),
      routeOf('one', { kind: 'exact', path: '/one.php' }),
      routeOf('dir', { kind: 'prefix', path: '/dir/' }),
    ]);
    const expected = {
      '/': 'root',
      '/exact': 'exact',
      '/exact/x': 'root',
      '/apx': 'short',
      '/api': 'api',
      '/api/x': 'api',
      '/apis': 'short',
      '/api/deeper': 'long',
      '/api/x.PHP': 'regex',
      '/one.php': 'one',
      '/final/x.php': 'final',
      '/dir': 'dir redirect',
    };
    for (const [path, id] of Object.entries(expected)) assert.equal(match(path), id, path);
  });

  it('on a host with regular expressions behind those, unless they are final', () => {
    const match = matcher('regex', [routeOf('root', { kind: 'prefix', path: '/' }), routeOf('api', { kind: 'regex', pattern: '/api' })]);
    const expected = { '/apx': 'root', '/api/deeper': 'api', '/api/x.php': 'regex', '/final/x.php': 'final', '/exact': 'exact' };
    for (const [path, id] of Object.entries(expected)) assert.equal(match(path), id, path);
  });
});
