import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageHead } from './message-head.ts';
import { passableTrailers } from './trailer-section.ts';

test('a trailer has no name that the head may not have', () => {
  const section = Buffer.from('Digest: abc\r\nX-User: admin\r\nX-Forwarded-For: ::1\r\nAuthorization: x\r\n\r\n', 'latin1');
  assert.equal(passableTrailers(section, new MessageHead()), 'Digest: abc\r\nX-User: admin\r\n');
  assert.equal(passableTrailers(section, new MessageHead(), new Set(['x-user'])), 'Digest: abc\r\n');
});
