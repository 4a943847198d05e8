import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter } from './line-splitter.ts';

test('lines come out whole however the bytes are cut', () => {
  const text = 'Grüße\n\n🚪 zu\r\nlast without newline';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new LineSplitter(1_000);
    const lines: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      assert.ok(splitter.push(Buffer.from(bytes.subarray(start, start + size)), (line) => lines.push(line.toString('utf8'))));
    }
    assert.deepEqual([...lines, splitter.rest().toString('utf8')], text.split('\n'), `chunks of ${size} bytes`);
  }
});

test('a line that never ends is refused before it fills the memory', () => {
  const splitter = new LineSplitter(100);
  const push = (): boolean => splitter.push(Buffer.alloc(40, 'x'), () => assert.fail('no line is complete'));
  assert.deepEqual([push(), push(), push()], [true, true, false]);
});
