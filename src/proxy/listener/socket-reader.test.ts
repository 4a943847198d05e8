import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadMemory } from './read-memory.ts';
import { SocketReader } from './socket-reader.ts';

const receiver = { onBytes: () => undefined };

/** A reader in the middle of a long body whose first read has filled the shared memory. */
function longReader(memory: ReadMemory): SocketReader {
  const reader = new SocketReader(memory, receiver);
  reader.wantsLong = true;
  readFully(reader);
  return reader;
}

function readFully({ onread }: SocketReader): void {
  const buffer = onread.buffer();
  onread.callback(buffer.length, buffer);
}

test('no more memory is lent than there may be, and what is not used any more is lent again', () => {
  const memory = new ReadMemory(3);
  const readers = Array.from({ length: 3 }, () => longReader(memory));
  for (const reader of readers) assert.notEqual(reader.onread.buffer(), memory.shared);
  const late = longReader(memory);
  assert.equal(late.onread.buffer(), memory.shared);
  const [first, second, third] = readers;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  // Its message is over, its connection is gone, and its bytes are still being written.
  first.endLong(false, false);
  assert.equal(first.onread.buffer(), memory.shared);
  second.end();
  third.endLong(true, true);
  assert.notEqual(third.onread.buffer(), memory.shared);
  readFully(late);
  assert.notEqual(late.onread.buffer(), memory.shared);
  assert.notEqual(longReader(memory).onread.buffer(), memory.shared);
  assert.equal(longReader(memory).onread.buffer(), memory.shared);
});

test('a connection that is gone is counted once', () => {
  const memory = new ReadMemory(1);
  const reader = longReader(memory);
  reader.endLong(true, false);
  reader.end();
  reader.end();
  assert.notEqual(longReader(memory).onread.buffer(), memory.shared);
  assert.equal(longReader(memory).onread.buffer(), memory.shared);
});
