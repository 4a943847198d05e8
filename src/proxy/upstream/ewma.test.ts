import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EwmaBalancer } from './ewma.ts';
import { UpstreamEndpoint } from './upstream-group.ts';

const NOW_MS = 1_000_000;

function endpoints(count: number): UpstreamEndpoint[] {
  return Array.from({ length: count }, (_, index) => new UpstreamEndpoint({ address: `10.0.0.${index + 1}`, port: 80 }));
}

/** Gives these numbers in turn, again and again. */
function sequence(...numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[next++ % numbers.length] ?? 0;
}

/** Any choice of two, and never the chance of the slower one. */
function withoutSecondChance(): number {
  return Math.random() * 0.9;
}

describe('ewma', () => {
  test('takes the faster of two endpoints', () => {
    const [slow, fast] = endpoints(2);
    assert.ok(slow !== undefined && fast !== undefined);
    const balancer = new EwmaBalancer(withoutSecondChance);
    balancer.setEndpoints([slow, fast]);
    balancer.onAnswer(slow, 0.5, NOW_MS);
    balancer.onAnswer(fast, 0.1, NOW_MS);
    for (let i = 0; i < 20; i++) assert.equal(balancer.pick([], NOW_MS), fast);
  });

  test('gives the slower one a second chance now and then', () => {
    const [slow, fast] = endpoints(2);
    assert.ok(slow !== undefined && fast !== undefined);
    const balancer = new EwmaBalancer(() => 0.99);
    balancer.setEndpoints([slow, fast]);
    balancer.onAnswer(slow, 0.5, NOW_MS);
    balancer.onAnswer(fast, 0.1, NOW_MS);
    assert.equal(balancer.pick([], NOW_MS), slow);
  });

  test('tries a slow endpoint again once its average has faded', () => {
    const [slow, fast] = endpoints(2);
    assert.ok(slow !== undefined && fast !== undefined);
    const balancer = new EwmaBalancer(withoutSecondChance);
    balancer.setEndpoints([slow, fast]);
    balancer.onAnswer(slow, 0.5, NOW_MS);
    balancer.onAnswer(fast, 0.1, NOW_MS + 30_000);
    assert.equal(balancer.pick([], NOW_MS + 30_000), slow);
  });

  test('gives new endpoints the average of the others', () => {
    const [slow, fast, added] = endpoints(3);
    assert.ok(slow !== undefined && fast !== undefined && added !== undefined);
    // The first number chooses the first candidate, the second one the other.
    const balancer = new EwmaBalancer(sequence(0.7, 0));
    balancer.setEndpoints([slow, fast]);
    balancer.onAnswer(slow, 0.5, NOW_MS);
    balancer.onAnswer(fast, 0.1, NOW_MS);
    balancer.setEndpoints([slow, fast, added]);
    // added (0.3) against slow (0.5).
    assert.equal(balancer.pick([], NOW_MS), added);
    balancer.setEndpoints([fast, slow, added]);
    // added against fast.
    assert.equal(balancer.pick([], NOW_MS), fast);
  });

  test('does not come back to what was tried, unless everything was', () => {
    const all = endpoints(3);
    const balancer = new EwmaBalancer(withoutSecondChance);
    balancer.setEndpoints(all);
    const tried: UpstreamEndpoint[] = [];
    for (let i = 0; i < all.length; i++) {
      const endpoint = balancer.pick(tried, NOW_MS);
      assert.ok(endpoint !== undefined && !tried.includes(endpoint));
      tried.push(endpoint);
    }
    assert.ok(balancer.pick(tried, NOW_MS) !== undefined);
  });

  test('leaves ejected endpoints alone while another one is at hand', () => {
    const [bad, good] = endpoints(2);
    assert.ok(bad !== undefined && good !== undefined);
    for (let i = 0; i < 5; i++) bad.noteRefusal(NOW_MS);
    const balancer = new EwmaBalancer(withoutSecondChance);
    balancer.setEndpoints([bad, good]);
    balancer.onAnswer(good, 9, NOW_MS);
    assert.equal(balancer.pick([], NOW_MS), good);
  });

  test('has nothing to give without endpoints', () => {
    assert.equal(new EwmaBalancer(withoutSecondChance).pick([], NOW_MS), undefined);
  });
});
