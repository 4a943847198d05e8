import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  derBitString,
  derBoolean,
  derExplicit,
  derImplicit,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derTime,
} from './der.ts';

const hex = (element: Buffer): string => element.toString('hex');

describe('the DER writer', () => {
  it('writes integers in the fewest bytes and never negative', () => {
    assert.equal(hex(derInteger(Buffer.of(0))), '020100');
    assert.equal(hex(derInteger(Buffer.of())), '020100');
    assert.equal(hex(derInteger(Buffer.of(0x7f))), '02017f');
    assert.equal(hex(derInteger(Buffer.of(0x80))), '02020080');
    assert.equal(hex(derInteger(Buffer.of(0, 0, 1, 0))), '02020100');
  });

  it('writes object identifiers in base 128', () => {
    assert.equal(hex(derObjectIdentifier('2.5.4.3')), '0603550403');
    assert.equal(hex(derObjectIdentifier('1.2.840.113549.1.1.11')), '06092a864886f70d01010b');
    assert.throws(() => derObjectIdentifier('2.x'), RangeError);
  });

  it('writes long lengths with their own length', () => {
    assert.equal(hex(derOctetString(Buffer.alloc(127))).slice(0, 4), '047f');
    assert.equal(hex(derOctetString(Buffer.alloc(128))).slice(0, 6), '048180');
    assert.equal(hex(derOctetString(Buffer.alloc(65_536))).slice(0, 10), '0483010000');
  });

  it('writes times before 2050 as UTCTime and later ones as GeneralizedTime', () => {
    assert.equal(derTime(Date.UTC(2049, 11, 31, 23, 59, 59, 999)).toString('latin1'), '\x17\x0d491231235959Z');
    assert.equal(derTime(Date.UTC(2050, 0, 1)).toString('latin1'), '\x18\x0f20500101000000Z');
  });

  it('writes the small types and the tags around them', () => {
    assert.equal(hex(derSequence(derBoolean(true), derNull())), '30050101ff0500');
    assert.equal(hex(derBitString(Buffer.of(0xa0), 5)), '030205a0');
    assert.equal(hex(derExplicit(0, derNull())), 'a0020500');
    assert.equal(hex(derImplicit(2, Buffer.from('a'))), '820161');
  });
});
