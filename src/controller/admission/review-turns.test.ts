import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { ReviewTurns } from './review-turns.ts';

describe('the turns of reviews', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  let nowMs = 0;
  const done: string[] = [];
  const review = (name: string, tookMs: number) => (): void => {
    nowMs += tookMs;
    done.push(name);
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    mock.timers.tick(ms);
  };
  beforeEach(() => done.splice(0));

  it('leave the thread to others for as long as a long review took', () => {
    const turns = new ReviewTurns(() => nowMs);
    turns.add(review('first', 40));
    turns.add(review('second', 50));
    turns.add(review('third', 1));
    pass(39);
    assert.deepEqual(done, ['first']);
    pass(1);
    assert.deepEqual(done, ['first', 'second']);
    pass(49);
    assert.deepEqual(done, ['first', 'second']);
    pass(1);
    assert.deepEqual(done, ['first', 'second', 'third']);
  });

  it('are not waited for where they are short, until they took long together', () => {
    const turns = new ReviewTurns(() => nowMs);
    for (let count = 0; count < 30; count++) turns.add(review('short', 1));
    assert.equal(done.length, 20);
    pass(20);
    assert.equal(done.length, 30);
    // What others had meanwhile counts as rest.
    pass(100);
    for (let count = 0; count < 19; count++) turns.add(review('short', 1));
    assert.equal(done.length, 49);
  });
});
