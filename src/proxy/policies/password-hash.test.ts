import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePasswordHash } from '../../model/policies/password-hash.ts';
import { isSlow, matchesFast, matchesSlow } from './password-hash.ts';

/** Made by `openssl passwd` and `htpasswd`. */
const vectors: readonly (readonly [kind: string, hash: string, password: string])[] = [
  ['plain', '{PLAIN}open', 'open'],
  ['sha1', '{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=', 'bar'],
  ['salted-sha1', '{SSHA}7HzxqPiMh7M5j5SISCc52AV64GNzYWx0OGJ5dA==', 'bar'],
  ['apr1', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/', 'secret'],
  ['md5-crypt', '$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1', 'secret'],
  ['sha-crypt', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
  ['sha-crypt', '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1', 'Hello world!'],
  ['bcrypt', '$2y$06$IwI3wNbsQ9qFcQpvn3SSP.nZQlgTo5U1og9KRN.oYDu5znBwFRKPW', 'bar'],
];

async function matches(hash: string, password: Buffer): Promise<boolean> {
  const form = parsePasswordHash(hash);
  assert.ok(form !== undefined, `${hash} has no form`);
  return isSlow(form) ? matchesSlow(form, password) : matchesFast(form, password);
}

describe('password hashes', () => {
  for (const [kind, hash, password] of vectors) {
    it(`checks ${hash.slice(0, 12)}…`, async () => {
      assert.equal(parsePasswordHash(hash)?.kind, kind);
      assert.equal(await matches(hash, Buffer.from(password)), true);
      assert.equal(await matches(hash, Buffer.from(`${password}x`)), false);
      assert.equal(await matches(hash, Buffer.alloc(0)), false);
    });
  }

  it('takes a password that is no UTF-8 as its bytes, and matches none of the libraries with it', async () => {
    const bytes = Buffer.from([0xff, 0xfe]);
    for (const [, hash] of vectors) assert.equal(await matches(hash, bytes), false);
  });

  const refused: readonly (readonly [why: string, hash: string])[] = [
    ['is empty', ''],
    ['is a password in the clear', 'secret'],
    ['is of the old DES crypt', 'rOq4cbGGnBe0A'],
    ['is an empty password', '{PLAIN}'],
    ['is a digest of another length', '{SHA}YWJj'],
    ['would take minutes', '$2y$31$IwI3wNbsQ9qFcQpvn3SSP.nZQlgTo5U1og9KRN.oYDu5znBwFRKPW'],
    [
      'has too many rounds',
      '$6$rounds=999999999$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ['is cut', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5S'],
    ['is huge', `{PLAIN}${'x'.repeat(1_000_000)}`],
  ];
  for (const [why, hash] of refused) {
    it(`has no form for a hash that ${why}`, () => assert.equal(parsePasswordHash(hash), undefined));
  }
});
