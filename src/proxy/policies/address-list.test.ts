import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileAddressLists } from './address-list.ts';
import { policyRequest } from './policy-request-fixture.ts';

const rows: readonly (readonly [deny: readonly string[], allow: readonly string[], address: string, kind: string])[] = [
  [[], ['10.0.0.0/8'], '10.1.2.3', 'yes'],
  [[], ['10.0.0.0/8'], '11.1.2.3', 'no'],
  [['10.1.0.0/16'], ['10.0.0.0/8'], '10.1.2.3', 'no'],
  [['10.1.0.0/16'], [], '10.1.2.3', 'no'],
  [['10.1.0.0/16'], [], '10.2.2.3', 'no-opinion'],
  [[], ['2001:db8::/32'], '2001:db8::1', 'yes'],
  [[], ['2001:db8::/32', '10.0.0.1'], '10.0.0.1', 'yes'],
  [[], ['10.0.0.1'], 'unix', 'no'],
  // What translation never lets through opens nothing.
  [[], ['nonsense'], '10.0.0.1', 'no'],
  [['nonsense'], [], '10.0.0.1', 'no'],
];

describe('address lists', () => {
  for (const [deny, allow, clientAddress, kind] of rows) {
    it(`${clientAddress} with deny [${deny.join(' ')}] and allow [${allow.join(' ')}]: ${kind}`, () => {
      assert.equal(compileAddressLists({ deny, allow }).check(policyRequest({ clientAddress })).kind, kind);
    });
  }
});
