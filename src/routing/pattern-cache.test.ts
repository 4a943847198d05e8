import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCached, createPatternCache } from './pattern-cache.ts';

/** How many patterns are compiled while all of them are run in order, again and again, once each was run. */
function compiledAgain(patterns: number, capacity: number, rounds: number): number {
  let compiled = 0;
  const cache = createPatternCache(capacity, (text) => {
    compiled++;
    return compileCached(text);
  });
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < patterns; i++) assert.equal(cache.matches(`/a${i}(x|y)`, `/a${i}y`), true);
    if (round === 0) compiled = 0;
  }
  return compiled;
}

test('what fits is compiled once', () => {
  assert.equal(compiledAgain(100, 100, 3), 0);
});

test('a host with more patterns than fit has most of them at hand', () => {
  const rounds = 10;
  assert.ok(compiledAgain(110, 100, rounds) < 110 * rounds * 0.4);
});

test('keeps no more than it may', () => {
  let compiled = 0;
  const cache = createPatternCache(10, (text) => {
    compiled++;
    return compileCached(text);
  });
  for (let i = 0; i < 1000; i++) cache.capture(`/a${i}(x|y)`, '/');
  compiled = 0;
  for (let i = 0; i < 1000; i++) cache.capture(`/a${i}(x|y)`, '/');
  assert.ok(compiled >= 990);
});
