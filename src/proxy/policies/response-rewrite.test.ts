import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewriteCookie } from './response-rewrite.ts';

const domain = { from: '.Internal.example', to: 'shop.example' };
const path = { from: '/app/', to: '/' };

const rows: readonly (readonly [name: string, line: string, expected: string])[] = [
  ['domain in any case, with or without a dot', 'a=b; Domain=internal.EXAMPLE', 'a=b; Domain=shop.example'],
  ['domain of somebody else', 'a=b; domain=x.internal.example', 'a=b; domain=x.internal.example'],
  ['prefix of the path', 'a=b; Path=/app/x; Secure', 'a=b; Path=/x; Secure'],
  ['path that does not begin so', 'a=b; Path=/ap', 'a=b; Path=/ap'],
  ['a value that looks like an attribute', 'path=/app/x', 'path=/app/x'],
  ['white space stays', 'a=b ;  path = /app/ ;HttpOnly', 'a=b ;  path = / ;HttpOnly'],
  ['no attributes', 'a', 'a'],
];

for (const [name, line, expected] of rows) {
  test(`rewrites a cookie: ${name}`, () => {
    assert.equal(rewriteCookie(line, { domain, path }), expected);
  });
}

test('without rules a cookie stays as it is', () => {
  assert.equal(rewriteCookie('a=b; Domain=internal.example; Path=/app/', {}), 'a=b; Domain=internal.example; Path=/app/');
});
