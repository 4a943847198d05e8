import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyRequest } from '../policies/policy-request-fixture.ts';

const rows: readonly (readonly [cookies: readonly string[], name: string, value: string | undefined, anyCase?: string])[] = [
  [['a=1; b=2;c=3,d=4'], 'a', '1'],
  [['a=1; b=2;c=3,d=4'], 'b', '2'],
  [['a=1; b=2;c=3,d=4'], 'c', '3'],
  [['a=1; b=2;c=3,d=4'], 'd', '4'],
  [['ab=1; b=2'], 'b', '2'],
  [['x=b=1'], 'b', undefined],
  [['b=1=2 ; c=3'], 'b', '1=2'],
  [['B=1'], 'b', undefined, '1'],
  [['Ab-C=Value'], 'aB-c', undefined, 'Value'],
  [['b; b=2'], 'b', '2'],
  [['a=1', 'b=2'], 'b', '2'],
  [['b='], 'b', ''],
  [['b'], 'b', undefined],
  [[], 'b', undefined],
];

describe('a cookie of a request', () => {
  for (const [cookies, name, value, anyCase] of rows) {
    test(`${name} of ${JSON.stringify(cookies)}`, () => {
      const request = policyRequest({ fields: cookies.map((cookie) => `Cookie: ${cookie}`) });
      assert.equal(request.cookieOf(name), value);
      assert.equal(request.cookieOf(name, 'any-case'), anyCase ?? value);
    });
  }
});
