import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { ReviewTurns } from './review-turns.ts';

describe('the turns of reviews', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('leave the thread to others for as long as a review took', () => {
    let nowMs = 0;
    const done: string[] = [];
    const turns = new ReviewTurns(() => nowMs);
    const review = (name: string, tookMs: number) => (): void => {
      nowMs += tookMs;
      done.push(name);
    };
    turns.add(review('first', 40));
    turns.add(review('second', 5));
    turns.add(review('third', 1));
    mock.timers.tick(39);
    assert.deepEqual(done, ['first']);
    mock.timers.tick(1);
    assert.deepEqual(done, ['first', 'second']);
    mock.timers.tick(5);
    assert.deepEqual(done, ['first', 'second', 'third']);
    mock.timers.tick(1);
    turns.add(review('fourth', 1));
    assert.deepEqual(done.at(-1), 'fourth');
  });
});
