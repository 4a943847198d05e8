import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { hostWith, prefix, regex, routeFor } from '../../../test/support/model-rows.ts';
import { LruMap } from '../../kit/lru.ts';
import type { PathMatch } from '../../model/route.ts';
import { normalisePath } from '../../routing/normalise-path.ts';
import { createPatternCache } from '../../routing/pattern-cache.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';
import type { PolicyVerdict } from './policy.ts';
import { compileRewrite } from './rewrite.ts';

interface Rewritten {
  readonly verdict: PolicyVerdict;
  readonly target: string | undefined;
  readonly lines: string;
  readonly drops: readonly string[];
}

const deps = { patterns: createPatternCache(), rewrites: new LruMap(10) } as unknown as RouteCompilerDeps;

function rewrite(match: PathMatch, policy: { target: string; forwardedPrefix?: string }, fixture: RequestFixture): Rewritten {
  const route = routeFor(match, { rewrite: policy });
  const hooks = compileRewrite(route, hostWith('shop.example', []), deps);
  const [policyOfRoute] = hooks?.request ?? [];
  assert.ok(policyOfRoute !== undefined);
  assert.equal(policyOfRoute.phase, 'rewrite');
  const normal = normalisePath((fixture.target ?? '/').split('?', 1)[0] ?? '');
  assert.ok(normal.kind === 'ok');
  const request = policyRequest({ ...fixture, path: normal.path, route: { route } });
  const verdict = policyOfRoute.onRequest(request);
  return { verdict, target: request.target, lines: request.requestLines, drops: [...(request.droppedRequestFields ?? [])] };
}

const api = regex('/api(/|$)(.*)');
const rows: readonly (readonly [match: PathMatch, target: string, asked: string, sent: string | 400])[] = [
  [api, '/$2', '/api', '/'],
  [api, '/$2', '/API/x/y?a=b%2F', '/x/y?a=b%2F'],
  [prefix('/foo'), '/new', '/foo/a/b?x', '/new?x'],
  [prefix('/foo'), '/new', '/foo?', '/new'],
  [api, '/$9$2', '/api/x', '/x'],
  [api, '/$2/$host', '/api/x', '/x/shop.example'],
  [regex('/([a-z]+)/item/([0-9]+)'), '/$2/of/$1', '/shop/item/42', '/42/of/shop'],
  // What was encoded is encoded again, but for what the decoded form no longer tells.
  [api, '/$2', '/api/a%20b%3Fc%23d%25e', '/a%20b%3Fc%23d%25e'],
  [api, '/$2', '/api/%E4%BD%A0/%ff', '/%E4%BD%A0/%FF'],
  [api, '/$2', "/api/!$&'()*+,-.:;=@[]_~", "/!$&'()*+,-.:;=@[]_~"],
  [api, '/$2', '/api/a%2Fb//c', '/a/b/c'],
  [api, '/$2', '/api/%7B%22%3C%5C%5E%60%7C%7D%3E', '/%7B%22%3C%5C%5E%60%7C%7D%3E'],
  // Captures put together what was no dot segment before.
  [regex('/x(.*)'), '/$1', '/x../y', 400],
  [regex('/x(.*)'), '/a/$1/b', '/x..', 400],
  [regex('/x(.*)'), '/$1', '/x.;v', 400],
  [regex('/x(.*)'), '/$1', '/x...', '/...'],
  [regex('/x(.*)'), '$1', '/xy', 400],
  [regex('/x(.*)'), '$1', '/x/y', '/y'],
];

describe('a rewritten path', () => {
  for (const [match, target, asked, sent] of rows) {
    const name = match.kind === 'regex' ? match.pattern : match.path;
    it(`${asked} by ${name} to ${target}: ${sent}`, () => {
      const { verdict, target: result } = rewrite(match, { target }, { target: asked });
      if (sent === 400) assert.deepEqual(verdict, { kind: 'refuse', code: 'PRT-REQ-5' });
      else assert.deepEqual([verdict.kind, result], ['continue', sent]);
    });
  }
});

test('a target with a scheme redirects', () => {
  const { verdict } = rewrite(api, { target: 'https://new.example/$2' }, { target: '/api/a%20%0D%0Ab?x' });
  assert.ok(verdict.kind === 'respond');
  assert.equal(verdict.status, 302);
  assert.match(verdict.lines, /^Location: https:\/\/new\.example\/a%20%0D\?x\r\n/m);
});

describe('X-Forwarded-Prefix', () => {
  const withPrefix = (forwardedPrefix: string, asked: string): Rewritten =>
    rewrite(regex('/([^/]*)/'), { target: '/', forwardedPrefix }, { target: asked, fields: ['X-Forwarded-Prefix: client'] });

  it('replaces that of the client', () => {
    assert.deepEqual(withPrefix('/p/$1', '/a/x'), {
      verdict: { kind: 'continue' },
      target: '/',
      lines: 'X-Forwarded-Prefix: /p/a\r\n',
      drops: ['x-forwarded-prefix'],
    });
  });

  it('is sent as bytes of UTF-8', () => {
    assert.equal(withPrefix('/$1', '/%C3%A9/x').lines, 'X-Forwarded-Prefix: /\u00c3\u00a9\r\n');
  });

  it('is left out where a capture would end the line', () => {
    assert.deepEqual(withPrefix('/$1', '/%0D%0AX-Evil:1/x').lines, '');
  });

  it('is left out where it is empty', () => {
    assert.deepEqual(withPrefix('$1', '//x').lines, '');
  });
});

test('no route without the policy, and none that answers by itself, has a hook', () => {
  const host = hostWith('shop.example', []);
  const policies = { rewrite: { target: '/x' } };
  assert.equal(compileRewrite(routeFor(api), host, deps), undefined);
  assert.equal(compileRewrite({ ...routeFor(api, policies), action: { kind: 'refuse', code: 'PRT-ROUTE-3' } }, host, deps), undefined);
});

test('whatever is asked, what is sent is a checked path that means what it says', () => {
  const piece = fc.constantFrom('a', '.', '..', '/', '%2F', '%2e', '%25', '%0a', ';', '%5C', '%C3', '%A9', '%3f', '~', '=', '%00');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('/$1', '$1', '/b/$1', '/$1/..', '/x$1'), (pieces, target) => {
      const asked = `/x${pieces.join('')}`;
      const normal = normalisePath(asked);
      fc.pre(normal.kind === 'ok' && normal.path.startsWith('/x'));
      const { verdict, target: sent } = rewrite(regex('/x(.*)'), { target }, { target: asked });
      if (verdict.kind === 'refuse') return;
      assert.ok(sent !== undefined && /^\/[\x21-\x7e]*$/.test(sent), sent);
      const again = normalisePath(sent);
      assert.ok(again.kind === 'ok', sent);
      assert.equal(again.forwardPath, sent);
    }),
    { numRuns: 2000 },
  );
});
