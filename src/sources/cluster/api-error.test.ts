import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusError } from './api-error.ts';

describe('the time that a server asks for', () => {
  it('comes from the header or from the Status, and fits a timer', () => {
    assert.equal(statusError(429, {}, '7').retryAfterSeconds, 7);
    assert.equal(statusError(429, { details: { retryAfterSeconds: 3 } }).retryAfterSeconds, 3);
    for (const much of ['3600', '4000000000', 'Infinity']) assert.equal(statusError(503, {}, much).retryAfterSeconds, 60, much);
    for (const none of [undefined, '', '0', '-1', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      assert.equal(statusError(503, {}, none).retryAfterSeconds, undefined, none);
    }
  });
});
