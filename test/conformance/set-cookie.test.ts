import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieJar, setCookieMismatch } from './set-cookie.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const LINE = 'a=b; Path=/x; Max-Age=60; Expires=Thu, 01 Jan 2026 00:01:00 GMT; Secure; HttpOnly; SameSite=Lax';

test('every attribute that is named must be as expected', () => {
  const expected = {
    name: 'a',
    value: 'b',
    path: '/x',
    domain: null,
    maxAge: 60,
    expiresIn: 60,
    secure: true,
    httpOnly: true,
    sameSite: 'Lax',
  };
  assert.equal(setCookieMismatch(expected, [LINE], NOW), undefined);
  for (const wrong of [
    { name: 'b' },
    { value: 'c' },
    { path: '/' },
    { path: null },
    { domain: 'x' },
    { maxAge: 61 },
    { secure: false },
    { httpOnly: false },
    { sameSite: 'None' },
    { expiresIn: 200 },
    { expiresIn: null },
  ]) {
    assert.notEqual(setCookieMismatch({ ...expected, ...wrong }, [LINE], NOW), undefined, JSON.stringify(wrong));
  }
});

test('one line out of several is enough, and a name may be left out', () => {
  assert.equal(setCookieMismatch({ path: '/x' }, ['c=d', LINE], NOW), undefined);
  assert.notEqual(setCookieMismatch({ path: '/x' }, ['c=d'], NOW), undefined);
});

test('no cookie at all is a mismatch', () => {
  assert.notEqual(setCookieMismatch({ name: 'a' }, [], NOW), undefined);
});

test('a jar keeps the last value of each name', () => {
  const jar = new CookieJar();
  jar.store(['a=1; Path=/only', 'b=2; Max-Age=0']);
  jar.store(['a=3']);
  assert.deepEqual(jar.entries(), [
    ['a', '3'],
    ['b', '2'],
  ]);
});
