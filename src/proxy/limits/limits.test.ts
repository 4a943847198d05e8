import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { BusyCounts } from './busy-counts.ts';
import { compileBucketRate, RateBuckets } from './rate-buckets.ts';
import { hashOf, SEEN, SharedSlots } from './shared-slots.ts';

const seeds = [0x12345678, -77] as const;

describe('leaky buckets', () => {
  test('let 1 + burst requests pass at once, then one for each leak', () => {
    const buckets = new RateBuckets(RateBuckets.allocate(seeds));
    const rate = compileBucketRate('a', 4, 60_000, 20);
    const passed = (count: number, nowMs: number): number =>
      Array.from({ length: count }, () => buckets.tryTake(rate, '10.0.0.1', nowMs)).filter(Boolean).length;
    assert.equal(passed(100, 5000), 21);
    assert.equal(passed(10, 5000 + 14_900), 0);
    assert.equal(passed(10, 5000 + 15_100), 1);
    assert.equal(passed(10, 5000 + 45_200), 2);
    // Long enough to be empty.
    assert.equal(passed(100, 10_000_000), 21);
  });

  test('keep clients and zones apart', () => {
    const buckets = new RateBuckets(RateBuckets.allocate(seeds));
    const first = compileBucketRate('a', 1, 60_000, 0);
    const second = compileBucketRate('b', 1, 60_000, 0);
    assert.equal(buckets.tryTake(first, '10.0.0.1', 0), true);
    assert.equal(buckets.tryTake(first, '10.0.0.1', 0), false);
    assert.equal(buckets.tryTake(first, '10.0.0.2', 0), true);
    assert.equal(buckets.tryTake(second, '10.0.0.1', 0), true);
  });

  test('hold over the wrap-around of their clock', () => {
    const buckets = new RateBuckets(RateBuckets.allocate(seeds));
    const rate = compileBucketRate('fast', 100_000, 1000, 10);
    for (let nowMs = 0; nowMs < 200_000; nowMs += 997) {
      const passed = Array.from({ length: 20 }, () => buckets.tryTake(rate, 'x', nowMs)).filter(Boolean).length;
      assert.equal(passed, 11, `at ${nowMs} ms`);
    }
    // Half a turn, one turn and two turns of 32 bits later.
    for (const turns of [0.5, 1, 2, 2.5]) {
      const nowMs = 300_000 + (turns * 2 ** 32) / rate.unitsPerMs;
      assert.equal(Array.from({ length: 20 }, () => buckets.tryTake(rate, 'x', nowMs)).filter(Boolean).length, 11);
    }
  });

  test('stay full for a worker that has read the clock before the one that filled them', () => {
    for (const [requests, perMs] of [
      [1, 60_000],
      [1, 1000],
      [10_000, 1000],
    ] as const) {
      const buckets = new RateBuckets(RateBuckets.allocate(seeds));
      const rate = compileBucketRate('a', requests, perMs, 5);
      for (let taken = 0; taken < 6; taken++) assert.equal(buckets.tryTake(rate, 'x', 50_000), true);
      for (const nowMs of [50_000, 49_999.5, 49_998, 49_900, 47_000]) {
        assert.equal(buckets.tryTake(rate, 'x', nowMs), false, `${requests} per ${perMs} ms, ${50_000 - nowMs} ms earlier`);
      }
    }
  });

  test('give back what another limit refused', () => {
    const buckets = new RateBuckets(RateBuckets.allocate(seeds));
    const rate = compileBucketRate('a', 1, 60_000, 1);
    assert.equal(buckets.tryTake(rate, 'x', 0), true);
    assert.equal(buckets.tryTake(rate, 'x', 0), true);
    buckets.giveBack(rate, 'x', 0);
    assert.equal(buckets.tryTake(rate, 'x', 0), true);
    assert.equal(buckets.tryTake(rate, 'x', 0), false);
  });

  test('are exact over threads', async () => {
    const buffer = RateBuckets.allocate(seeds);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      import(workerData.module).then(({ RateBuckets, compileBucketRate }) => {
        const buckets = new RateBuckets(workerData.buffer);
        const rate = compileBucketRate('z', 1, 60000, 9999);
        let passed = 0;
        for (let i = 0; i < 8000; i++) if (buckets.tryTake(rate, 'client', 1000)) passed++;
        parentPort.postMessage(passed);
      });`;
    const module = new URL('./rate-buckets.ts', import.meta.url).href;
    const run = (): Promise<number> =>
      new Promise((resolve, reject) => {
        new Worker(code, { eval: true, workerData: { buffer, module } }).once('message', resolve).once('error', reject);
      });
    const passed = await Promise.all([run(), run(), run()]);
    assert.equal(
      passed.reduce((sum, count) => sum + count, 0),
      10_000,
    );
  });
});

describe('counts of requests under way', () => {
  test('refuse above the limit until one ends', () => {
    const busy = new BusyCounts(BusyCounts.allocate(2, seeds), 2);
    const zone = hashOf('z');
    const acquire = (place: number): number => busy.tryAcquire(zone, 'x', 0, { limit: 2, place });
    const first = acquire(0);
    const second = acquire(1);
    assert.ok(first >= 0 && second === first);
    assert.equal(acquire(0), -1);
    busy.release(first, 0);
    assert.equal(acquire(1), first);
    assert.equal(acquire(1), -1);
    busy.forgetWorker(1);
    assert.ok(acquire(0) >= 0 && acquire(0) >= 0);
    assert.equal(acquire(0), -1);
  });

  test('never forget a client with requests under way', () => {
    const busy = new BusyCounts(BusyCounts.allocate(1, seeds), 1);
    const zone = hashOf('z');
    assert.ok(busy.tryAcquire(zone, 'kept', 0, { limit: 1, place: 0 }) >= 0);
    for (let i = 0; i < 300_000; i++) {
      const slot = busy.tryAcquire(zone, `client-${i}`, 5000, { limit: 1, place: 0 });
      if (slot >= 0) busy.release(slot, 0);
    }
    assert.equal(busy.tryAcquire(zone, 'kept', 9000, { limit: 1, place: 0 }), -1);
  });
});

test('a full table gives the slot that was not seen for the longest time to a new key', () => {
  const slots = new SharedSlots(SharedSlots.allocate(8, 3, seeds), 3, () => true);
  const found = new Map<string, number>();
  for (let i = 0; i < 8; i++) {
    const slot = slots.find(0, `k${i}`, i, i);
    found.set(`k${i}`, slot);
    Atomics.store(slots.cells, slot + SEEN, i);
  }
  assert.equal(new Set(found.values()).size, 8);
  assert.equal(slots.find(0, 'k3', 9, 99), found.get('k3'));
  assert.equal(slots.find(0, 'new', 10, 0), found.get('k0'));
});

test('threads that bring the same new key at the same time share one slot', async () => {
  const rounds = 3000;
  const buffer = BusyCounts.allocate(4, seeds);
  const gate = new SharedArrayBuffer(4);
  const code = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ BusyCounts }) => {
      const busy = new BusyCounts(workerData.buffer, 4);
      const gate = new Int32Array(workerData.gate);
      Atomics.add(gate, 0, 1);
      while (Atomics.load(gate, 0) < 3);
      let acquired = 0;
      for (let i = 0; i < workerData.rounds; i++) if (busy.tryAcquire(7, 'k' + i, 0, { limit: 1, place: workerData.place }) >= 0) acquired++;
      parentPort.postMessage(acquired);
    });`;
  const module = new URL('./busy-counts.ts', import.meta.url).href;
  const run = (place: number): Promise<number> =>
    new Promise((resolve, reject) => {
      new Worker(code, { eval: true, workerData: { buffer, gate, module, place, rounds } }).once('message', resolve).once('error', reject);
    });
  const acquired = await Promise.all([run(0), run(1), run(2)]);
  assert.equal(
    acquired.reduce((sum, count) => sum + count, 0),
    rounds,
  );
});
