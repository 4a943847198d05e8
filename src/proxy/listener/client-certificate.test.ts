import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distinguishedName } from './client-certificate.ts';

const rows: readonly (readonly [text: string | undefined, expected: string])[] = [
  ['C=DE\nO=Shop\nCN=alice', 'CN=alice,O=Shop,C=DE'],
  ['O=A\\, B\nCN=alice', 'CN=alice,O=A\\, B'],
  ['CN=jürgen', 'CN=j\\C3\\BCrgen'],
  ['CN=a + UID=b', 'CN=a+UID=b'],
  [undefined, ''],
  ['CN=a\r', ''],
];

describe('distinguished names', () => {
  for (const [text, expected] of rows) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () => assert.equal(distinguishedName(text), expected));
  }
});
