import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldInput } from './held-input.ts';

const limits = { requestLineBytes: 16_384, headBytes: 65_536, fieldBytes: 32_768, fields: 128 };

/** Adds a head in pieces, and counts the bytes that a parser that begins anew each time would look at. */
function workFor(head: Buffer, pieceBytes = 1, held = new HeldInput()): number {
  let work = 0;
  for (let i = 0; i < head.length; i += pieceBytes) {
    const isWorth = held.isWorthParsing(head.subarray(i), pieceBytes, limits);
    held.append(head, i, i + pieceBytes);
    if (!isWorth) continue;
    work += held.end;
    const { bytes, end } = held;
    held.take();
    held.append(bytes, 0, end);
  }
  return work;
}

test('a large head that comes byte by byte is parsed in time proportional to its bytes', () => {
  const small = workFor(Buffer.alloc(15_000, 'a'));
  const large = workFor(Buffer.alloc(60_000, 'a'));
  assert.ok(large < 2_049 ** 2 + 20 * 60_000, `${large} bytes were looked at for a head of 60,000`);
  assert.ok(large - small < 20 * 45_000);
});

test('the end of a line, and what is beyond a limit, are looked at once they are there', () => {
  const held = new HeldInput();
  held.append(Buffer.alloc(10_000, 'a'), 0, 10_000);
  assert.equal(held.isWorthParsing(Buffer.from('a'), 1, limits), false);
  assert.equal(held.isWorthParsing(Buffer.from('a\n'), 1, limits), false);
  assert.equal(held.isWorthParsing(Buffer.from('a\n'), 2, limits), true);
  const line = new HeldInput();
  line.append(Buffer.alloc(16_384, 'a'), 0, 16_384);
  assert.equal(line.isWorthParsing(Buffer.from('a'), 1, limits), true);
  const full = new HeldInput();
  full.append(Buffer.alloc(65_536, 'a'), 0, 65_536);
  assert.equal(full.isWorthParsing(Buffer.from('a'), 1, limits), true);
});

test('so is one that comes line by line', () => {
  const work = workFor(Buffer.from(`${'v'.repeat(498)}\r\n`.repeat(120)), 500);
  assert.ok(work < 20 * 60_000, `${work} bytes were looked at`);
});

test('the empty line at the end of a head that took much work is looked at, whatever its line ends', () => {
  for (const ending of ['\r\n\r\n', '\n\n', '\r\n\n', '\n\r\n']) {
    for (let cut = 0; cut < ending.length; cut++) {
      const held = new HeldInput();
      workFor(Buffer.from(`${'v'.repeat(498)}\r\n`.repeat(120)), 500, held);
      held.append(Buffer.from(`x${ending}`), 0, cut + 1);
      assert.equal(held.isWorthParsing(Buffer.from(ending.slice(cut)), ending.length - cut, limits), true, JSON.stringify(ending));
    }
    const held = new HeldInput();
    workFor(Buffer.from(`${'v'.repeat(498)}\r\n`.repeat(120)), 500, held);
    assert.equal(held.isWorthParsing(Buffer.from('x\r\n'), 3, limits), false);
  }
});
