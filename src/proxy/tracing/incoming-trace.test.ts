import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readIncomingTrace } from './incoming-trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const VALID = `00-${TRACE}-${PARENT}-01`;

describe('traceparent', () => {
  const taken: readonly (readonly [value: string, isSampled: boolean])[] = [
    [VALID, true],
    [`00-${TRACE}-${PARENT}-00`, false],
    [`00-${TRACE}-${PARENT}-03`, true],
    [`00-${TRACE}-${PARENT}-fe`, false],
    [`01-${TRACE}-${PARENT}-01`, true],
    [`cc-${TRACE}-${PARENT}-01-what-comes-later`, true],
  ];
  for (const [value, isSampled] of taken) {
    test(`${value} is taken`, () => {
      assert.deepEqual(readIncomingTrace(value, undefined), { traceId: TRACE, parentSpanId: PARENT, isSampled, traceState: '' });
    });
  }

  const refused: readonly (readonly [why: string, value: string | undefined])[] = [
    ['absent', undefined],
    ['empty', ''],
    ['the version that never will be', `ff-${TRACE}-${PARENT}-01`],
    ['version 00 with more behind it', `${VALID}-00`],
    ['a later version with more behind it but no dash', `01-${TRACE}-${PARENT}-01x`],
    ['a later version that is endless', `01-${TRACE}-${PARENT}-01-${'a'.repeat(10_000)}`],
    ['upper case', VALID.toUpperCase()],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a long parent', `00-${TRACE}-${PARENT}0-01`],
    ['one digit of flags', `00-${TRACE}-${PARENT}-1`],
    ['no hexadecimal digits', `00-${TRACE.slice(1)}g-${PARENT}-01`],
    ['two fields, joined', `${VALID}, ${VALID}`],
    ['a line end inside', `00-${TRACE}-${PARENT}-01\r\nx: y`],
    ['a line end behind it', `${VALID}\n`],
    ['a blank before it', ` ${VALID}`],
    ['NUL', `00-${TRACE}-${PARENT}-0\0`],
    ['a megabyte', 'a'.repeat(1_000_000)],
  ];
  for (const [why, value] of refused) {
    test(`is refused: ${why}`, () => {
      assert.equal(readIncomingTrace(value, 'a=1'), undefined);
    });
  }
});

describe('tracestate', () => {
  const members = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}=v`).join(',');
  const cases: readonly (readonly [why: string, value: string, expected: string])[] = [
    ['one member', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
    ['blanks and empty members between', ' a=1 ,\t, b@c=2', 'a=1,b@c=2'],
    ['all that there may be', members(32), members(32)],
    ['one more', members(33), ''],
    ['a member without a value', 'a=1,b', ''],
    ['a name in upper case', 'A=1', ''],
    ['an equals sign in a value', 'a=1=2', ''],
    ['a line end', 'a=1\r\nx: y', ''],
    ['bytes that are no ASCII', 'a=\xff', ''],
    ['a value that is too long', `a=${'b'.repeat(257)}`, ''],
    ['a hundred kilobytes', `a=${'b'.repeat(100_000)}`, ''],
  ];
  for (const [why, value, expected] of cases) {
    test(`${why}: ${expected === '' ? 'left out' : 'passed on'}`, () => {
      assert.equal(readIncomingTrace(VALID, value)?.traceState, expected);
    });
  }
});
