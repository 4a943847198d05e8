import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import { type Upstream, upstreamKey } from '../../model/upstream.ts';
import { UpstreamGroup } from '../upstream/upstream-group.ts';
import { cookiePathOf, formatCookieTime, misreadsSameSiteNone, startAffinity } from './cookie-affinity.ts';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';

const plain: CookieAffinity = {
  cookieName: 'route',
  mode: 'balanced',
  secure: false,
  conditionalSameSiteNone: false,
  changeOnFailure: false,
};
const route = { setsAffinityCookie: true, cookiePath: '/shop' };

function groupOf(count: number): UpstreamGroup {
  const endpoints = Array.from({ length: count }, (_, index) => ({ address: `10.0.0.${index + 1}`, port: 80 }));
  const row: Upstream = {
    key: upstreamKey('default', 'shop', '80'),
    name: 'default-shop-80',
    endpoints,
    origin: { kind: 'Service', namespace: 'default', name: 'shop' },
  };
  const group = new UpstreamGroup(row.key, 0);
  group.update(row, new Map());
  return group;
}

/** The cookie that a first request gets, without `Set-Cookie: ` and CRLF. */
function cookieFor(affinity: CookieAffinity, fixture: RequestFixture = {}): string {
  const request = policyRequest({ route, ...fixture });
  startAffinity(request, groupOf(3), affinity)([], 0);
  return request.affinityCookieLine.replace(/^Set-Cookie: /, '').replace(/\r\n$/, '');
}

describe('a client without a cookie', () => {
  test('gets one that brings it back', () => {
    const group = groupOf(5);
    const first = policyRequest({ route });
    const endpoint = startAffinity(first, group, plain)([], 0);
    const [, cookie = ''] = /^Set-Cookie: ([^;]*);/.exec(first.affinityCookieLine) ?? [];
    assert.match(cookie, /^route=[^|;]+\|[0-9a-f]{32}$/);
    const second = policyRequest({ route, fields: [`Cookie: a=b; ${cookie}`] });
    assert.equal(startAffinity(second, group, plain)([], 0), endpoint);
    assert.equal(second.affinityCookieLine, '');
  });

  test('gets none from a route that gives none', () => {
    assert.equal(cookieFor(plain, { route: { ...route, setsAffinityCookie: false } }), '');
  });

  test('is sent elsewhere when its endpoint fails, with a cookie for that one', () => {
    const group = groupOf(2);
    const request = policyRequest({ route });
    const pick = startAffinity(request, group, plain);
    const first = pick([], 0);
    assert.ok(first !== undefined);
    const firstLine = request.affinityCookieLine;
    assert.notEqual(pick([first], 0), first);
    assert.notEqual(request.affinityCookieLine, firstLine);
  });
});

describe('a client with a cookie', () => {
  for (const changeOnFailure of [false, true]) {
    test(`whose endpoint fails: ${changeOnFailure ? 'another one and a new cookie' : 'the same one again'}`, () => {
      const group = groupOf(4);
      const request = policyRequest({ route, fields: ['Cookie: route=known|x'] });
      const pick = startAffinity(request, group, { ...plain, changeOnFailure });
      const first = pick([], 0);
      assert.ok(first !== undefined);
      assert.equal(pick([first], 0) === first, !changeOnFailure);
      assert.equal(request.affinityCookieLine !== '', changeOnFailure);
    });
  }

  test('that is not known in persistent mode gets a new one', () => {
    const request = policyRequest({ route, fields: ['Cookie: route=gone|x'] });
    assert.ok(startAffinity(request, groupOf(2), { ...plain, mode: 'persistent' })([], 0) !== undefined);
    assert.notEqual(request.affinityCookieLine, '');
  });

  test('keeps it where all endpoints were tried', () => {
    const group = groupOf(1);
    const request = policyRequest({ route, fields: ['Cookie: route=known|x'] });
    const pick = startAffinity(request, group, { ...plain, changeOnFailure: true });
    const first = pick([], 0);
    assert.ok(first !== undefined);
    assert.equal(pick([first], 0), first);
    assert.equal(request.affinityCookieLine, '');
  });
});

describe('attributes', () => {
  test('of a plain cookie: path of the rule, HttpOnly', () => {
    assert.match(cookieFor(plain), /^route=[^;]+; Path=\/shop; HttpOnly$/);
  });

  test('all of them, in order', () => {
    const all: CookieAffinity = {
      ...plain,
      path: '/x',
      domain: 'x.example',
      expiresSeconds: -1,
      maxAgeSeconds: 60,
      secure: true,
      sameSite: 'Strict',
    };
    assert.match(
      cookieFor(all),
      /^route=[^;]+; Expires=\w{3}, \d{2}-\w{3}-\d{2} [\d:]{8} GMT; Max-Age=60; Domain=x\.example; Path=\/x; Secure; HttpOnly; SameSite=Strict$/,
    );
  });

  test('Secure on TLS connections, whatever the annotation says', () => {
    assert.match(cookieFor(plain, { origin: { isTls: true } }), /; Secure; /);
  });

  test('SameSite=None is left out for a user agent that misreads it, if asked', () => {
    const none: CookieAffinity = { ...plain, sameSite: 'None' };
    const fields = ['User-Agent: Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X)'];
    assert.match(cookieFor(none, { fields }), /SameSite=None$/);
    assert.match(cookieFor({ ...none, conditionalSameSiteNone: true }, { fields }), /HttpOnly$/);
    assert.match(cookieFor({ ...none, conditionalSameSiteNone: true }), /SameSite=None$/);
  });
});

const userAgents: readonly (readonly [userAgent: string, misreads: boolean])[] = [
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36', true],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36', false],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/605.1.15', true],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15', true],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0 Safari/537.36', false],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15', false],
  ['', false],
];
for (const [userAgent, misreads] of userAgents) {
  test(`${misreads ? 'misreads' : 'reads'} SameSite=None: ${userAgent}`, () => assert.equal(misreadsSameSiteNone(userAgent), misreads));
}

test("times are written as nginx's cookies have them", () => {
  assert.equal(formatCookieTime(Date.UTC(2006, 0, 2, 15, 4, 5)), 'Mon, 02-Jan-06 15:04:05 GMT');
  assert.equal(formatCookieTime(Date.UTC(2038, 0, 19)), 'Tue, 19-Jan-2038 00:00:00 GMT');
  assert.equal(formatCookieTime(Infinity), 'Sat, 13-Sep-275760 00:00:00 GMT');
});

test('the path of a rule cannot add to the head, nor to the cookie', () => {
  assert.equal(cookiePathOf('/a b/(.*)$'), '/a b/(.*)$');
  // Written as latin1, U+010D and U+010A would be CR and LF.
  assert.equal(cookiePathOf('/\u010d\u010aX: y; Domain=z\r\n'), '/%C4%8D%C4%8AX: y%3B Domain=z%0D%0A');
});
