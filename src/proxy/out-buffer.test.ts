// Which memory is used again, and which is not because a socket may read it still.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferPool, OutBuffer } from './out-buffer.ts';

const SMALL = 16;
const LARGE = 64;

function filled(out: OutBuffer, bytes: number): Buffer {
  out.append(Buffer.alloc(bytes, 'x'), 0, bytes);
  return out.bytes;
}

describe('a pool', () => {
  it('gives the smallest size that is large enough, and none beyond the largest', () => {
    const pool = new BufferPool(SMALL, LARGE);
    assert.deepEqual(
      [1, SMALL, SMALL + 1, LARGE, LARGE + 1].map((bytes) => pool.take(bytes)?.length),
      [SMALL, SMALL, LARGE, LARGE, undefined],
    );
  });

  it('keeps what it gets back by size, and nothing of other sizes', () => {
    const pool = new BufferPool(SMALL, LARGE);
    const large = Buffer.alloc(LARGE);
    pool.give(large);
    pool.give(Buffer.alloc(SMALL + 1));
    assert.notEqual(pool.take(SMALL), large);
    assert.equal(pool.take(LARGE), large);
    assert.notEqual(pool.take(LARGE), large);
  });
});

describe('a buffer that grows', () => {
  for (const [what, isOwnAlone] of [
    ['gives the memory back that it alone used', true],
    ['leaves the memory alone that a socket may read', false],
  ] as const) {
    it(what, () => {
      const pool = new BufferPool(SMALL, LARGE);
      const out = new OutBuffer(pool);
      out.isOwnAlone = isOwnAlone;
      const first = filled(out, SMALL);
      const second = filled(out, 1);
      assert.equal(second.length, LARGE);
      assert.equal(second.latin1Slice(0, out.length), 'x'.repeat(SMALL + 1));
      assert.equal(pool.take(SMALL) === first, isOwnAlone);
    });
  }

  it('has what it needs beyond the sizes of its pool', () => {
    const out = new OutBuffer(new BufferPool(SMALL, LARGE));
    assert.equal(filled(out, LARGE * 5).length, LARGE * 5);
    out.release();
    assert.equal(out.length, 0);
  });
});
