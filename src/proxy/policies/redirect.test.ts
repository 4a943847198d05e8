import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { exact, hostWith, routeFor } from '../../../test/support/model-rows.ts';
import type { Redirect, RedirectTarget } from '../../model/policies/redirect.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';
import { compileRedirect } from './redirect.ts';

const deps = {} as RouteCompilerDeps;

function locationFor(to: RedirectTarget, fixture: RequestFixture, statusCode = 301): string {
  const redirect: Redirect = { statusCode, to };
  const hooks = compileRedirect({ ...routeFor(exact('/')), action: { kind: 'redirect', redirect } }, hostWith('shop.example', []), deps);
  const verdict = hooks?.request?.[0]?.onRequest(policyRequest(fixture));
  assert.ok(verdict?.kind === 'respond');
  assert.equal(verdict.status, statusCode);
  return /^Location: (.*)\r\n/m.exec(verdict.lines)?.[1] ?? '';
}

const tls = { isTls: true, localPort: 8443 };
const www: RedirectTarget = { kind: 'host', host: 'www.shop.example' };
const appRoot: RedirectTarget = { kind: 'app-root', path: '/start' };
const path: RedirectTarget = { kind: 'path', path: '/new?x=y' };

const rows: readonly (readonly [to: RedirectTarget, fixture: RequestFixture, location: string])[] = [
  [{ kind: 'url', url: 'https://new.example/a?b=c' }, { target: '/old?x' }, 'https://new.example/a?b=c'],
  [path, { target: '/old?z', host: 'shop.example' }, 'http://shop.example/new?x=y'],
  [path, { origin: tls }, 'https://shop.example/new?x=y'],
  [path, { route: { portInRedirects: true }, origin: { localPort: 8080 } }, 'http://shop.example:8080/new?x=y'],
  [path, { route: { relativeRedirects: true } }, '/new?x=y'],
  [path, { forwarded: { scheme: 'https' } }, 'https://shop.example/new?x=y'],
  [path, { forwarded: { scheme: 'javascript' } }, 'http://shop.example/new?x=y'],
  // Host with its port, and the scheme of the connection whatever a proxy says.
  [appRoot, { target: '/?x', host: 'shop.example:8080', forwarded: { scheme: 'https' } }, 'http://shop.example:8080/start'],
  [appRoot, { origin: tls }, 'https://shop.example/start'],
  [www, { target: '/a/?b=c/', origin: { localPort: 8080 } }, 'http://www.shop.example:8080/a/?b=c'],
  [www, { target: '/', origin: tls }, 'https://www.shop.example:8443'],
  [www, { target: '/x', fields: ['X-Forwarded-Port: 443'] }, 'http://www.shop.example:80/x'],
  [
    www,
    { target: '/x', fields: ['X-Forwarded-Port: 443'], forwarded: { scheme: 'https' }, useForwardedHeaders: true },
    'https://www.shop.example:443/x',
  ],
  [www, { target: '/x', fields: ['X-Forwarded-Port: 4/@x'], useForwardedHeaders: true }, 'http://www.shop.example:80/x'],
  [www, { method: 'OPTIONS', target: '*' }, 'http://www.shop.example:80'],
];

describe('a redirect leads', () => {
  for (const [to, fixture, location] of rows) {
    it(`to ${location}, by ${to.kind} for ${fixture.target ?? '/'}`, () => assert.equal(locationFor(to, fixture), location));
  }
});

test('redirects of the host come before those of the route, and no other route has any', () => {
  const phaseOf = (to: RedirectTarget): string | undefined => {
    const action = { kind: 'redirect', redirect: { statusCode: 302, to } } as const;
    return compileRedirect({ ...routeFor(exact('/')), action }, hostWith('shop.example', []), deps)?.request?.[0]?.phase;
  };
  assert.deepEqual([www, appRoot, path].map(phaseOf), ['host', 'host', 'redirect']);
  assert.equal(compileRedirect(routeFor(exact('/')), hostWith('shop.example', []), deps), undefined);
});
