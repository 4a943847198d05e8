import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutsOf, failuresOf, parseWrkOutput } from './wrk.ts';

test('reads the line of the script among the text of wrk', () => {
  const text = `Running 1s test\n  12 requests in 1.00s\nRESULT {"requests":12,"micros":1000000,"p50":1500,"p99":9000,"status":1,"connect":2,"read":3,"write":4,"timeout":5}\n`;
  const result = parseWrkOutput(text);
  assert.ok(result !== undefined);
  assert.equal(result.requests, 12);
  assert.equal(result.seconds, 1);
  assert.equal(result.p50Ms, 1.5);
  assert.equal(result.p99Ms, 9);
  assert.equal(failuresOf(result), 12);
  assert.equal(cutsOf(result), 3);
});

test('has no result where the script did not report', () => {
  assert.equal(parseWrkOutput('unable to connect to localhost:1\n'), undefined);
});
