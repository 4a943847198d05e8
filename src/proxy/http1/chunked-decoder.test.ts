import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CHUNK_BAD, CHUNK_DATA, CHUNK_END, ChunkedDecoder } from './chunked-decoder.ts';

interface Outcome {
  readonly body: string;
  readonly state: 'more' | 'end' | 'bad';
  readonly trailers: string;
  readonly rest: string;
}

/** Feeds `text` in pieces of the given sizes, then the remainder. */
function decode(text: string, sizes: readonly number[] = []): Outcome {
  const decoder = new ChunkedDecoder();
  const bytes = Buffer.from(text, 'latin1');
  let body = '';
  let start = 0;
  for (const size of [...sizes, bytes.length]) {
    const end = Math.min(bytes.length, start + size);
    let at = start;
    while (at < end) {
      const answer = decoder.read(bytes, at, end);
      if (answer === CHUNK_BAD) return { body, state: 'bad', trailers: '', rest: '' };
      at = decoder.next;
      if (answer === CHUNK_DATA) body += bytes.latin1Slice(decoder.dataStart, decoder.dataEnd);
      if (answer === CHUNK_END) {
        return { body, state: 'end', trailers: decoder.trailers?.toString('latin1') ?? '', rest: text.slice(at) };
      }
    }
    start = end;
  }
  return { body, state: 'more', trailers: '', rest: '' };
}

const good = '5\r\nhello\r\n6;a=b;c="d e;\\"f"\r\n world\r\n00a \t;x\r\n0123456789\r\n0\r\nX-T: v\r\n\r\nrest';

describe('a chunked body', () => {
  test('is decoded, its extensions skipped, its trailers kept', () => {
    assert.deepEqual(decode(good), { body: 'hello world0123456789', state: 'end', trailers: 'X-T: v\r\n\r\n', rest: 'rest' });
  });

  test('comes out the same however it is cut', () => {
    const whole = decode(good);
    for (let first = 1; first < good.length; first++) {
      assert.deepEqual(decode(good, [first]), whole, `cut at ${first}`);
      assert.deepEqual(decode(good, [first, 1]), whole, `cut at ${first} and behind`);
    }
    assert.deepEqual(
      decode(
        good,
        Array.from({ length: good.length }, () => 1),
      ),
      whole,
    );
  });

  test('is refused where it is malformed', () => {
    const bad = [
      '\r\nhello',
      '5 \r\nhello\r\n',
      ' 5\r\nhello\r\n',
      '0x5\r\nhello\r\n',
      '+5\r\nhello\r\n',
      '5\nhello\r\n',
      '5\r\nhello\n0\r\n\r\n',
      '5\r\nhelloXX',
      '5;a\0\r\nhello',
      '5;bad[\r\nhello',
      '5;a="b\r\nhello',
      '5\r\nhello\r\n0\r\n\n',
      '5\r\nhello\r\n0\r\nX-T: v\n\r\n',
      'ffffffffffffff\r\n',
    ];
    for (const text of bad) assert.equal(decode(text).state, 'bad', JSON.stringify(text));
  });

  test('has bounds on zeros, extensions and trailers', () => {
    assert.equal(decode(`${'0'.repeat(200)}5\r\nhello\r\n`).state, 'more');
    assert.equal(decode(`${'0'.repeat(300)}5\r\nhello\r\n`).state, 'bad');
    assert.equal(decode(`5;${'a'.repeat(300)}\r\n`).state, 'bad');
    assert.equal(decode(`0\r\nX-T: ${'v'.repeat(20_000)}`).state, 'bad');
    assert.equal(decode(`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(100)).state, 'bad');
  });
});
