import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PieceQueue } from './piece-queue.ts';

const whole = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));

/** Everything that is in the queue, and in how many pieces. */
function drain(queue: PieceQueue): { readonly bytes: Buffer; readonly pieces: number } {
  const pieces: Buffer[] = [];
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), pieces: pieces.length };
}

for (const size of [1, 7, 1023, 4095, 4096, 20_000]) {
  test(`keeps pieces of ${size} bytes in order, and small ones together`, () => {
    const queue = new PieceQueue();
    const memory = Buffer.alloc(size);
    for (let at = 0; at < whole.length; at += size) {
      const count = whole.copy(memory, 0, at);
      queue.push(memory, 0, Math.min(count, size), false);
    }
    assert.equal(queue.bytes, whole.length);
    const { bytes, pieces } = drain(queue);
    assert.ok(bytes.equals(whole));
    assert.ok(pieces <= 35, `${pieces} pieces`);
    assert.deepEqual([queue.bytes, queue.isEmpty], [0, true]);
  });
}

test('adds nothing to memory that was taken, and begins with what was put back', () => {
  const queue = new PieceQueue();
  queue.push(whole, 0, 10, false);
  const first = queue.takeAll();
  queue.push(whole, 10, 20, false);
  queue.putBack(first);
  queue.push(whole, 20, 30, false);
  assert.equal(queue.bytes, 30);
  assert.ok(drain(queue).bytes.equals(whole.subarray(0, 30)));
  queue.push(whole, 0, 5, false);
  const shifted = queue.shift();
  queue.push(whole, 5, 10, false);
  assert.ok(shifted?.equals(whole.subarray(0, 5)));
  assert.ok(drain(queue).bytes.equals(whole.subarray(5, 10)));
});
