import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SharedAuthCache } from './shared-auth-cache.ts';

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

describe('answers in shared memory', () => {
  it('finds what another view of the memory stored, until its time is over', () => {
    const cache = SharedAuthCache.create();
    cache.store(digest('a'), { text: '{"status":200}\xe4', untilMs: 1000 });
    const other = new SharedAuthCache(cache.buffer);
    assert.deepEqual(other.find(digest('a'), 999), { text: '{"status":200}\xe4', untilMs: 1000 });
    assert.equal(other.find(digest('a'), 1000), undefined);
    assert.equal(other.find(digest('b'), 0), undefined);
  });

  it('replaces an answer of the same digest', () => {
    const cache = SharedAuthCache.create();
    cache.store(digest('a'), { text: 'old, and longer', untilMs: 10 });
    cache.store(digest('a'), { text: 'new', untilMs: 20 });
    assert.deepEqual(cache.find(digest('a'), 0), { text: 'new', untilMs: 20 });
  });

  it('leaves out what does not fit into a slot', () => {
    const cache = SharedAuthCache.create();
    cache.store(digest('a'), { text: 'x'.repeat(10_000), untilMs: 10 });
    assert.equal(cache.find(digest('a'), 0), undefined);
  });

  it('stays bounded, and never gives one digest the answer of another', () => {
    const cache = SharedAuthCache.create();
    const count = 20_000;
    for (let i = 0; i < count; i++) cache.store(digest(String(i)), { text: `answer ${i}`, untilMs: i + 1 });
    let found = 0;
    for (let i = 0; i < count; i++) {
      const answer = cache.find(digest(String(i)), 0);
      if (answer === undefined) continue;
      found++;
      assert.equal(answer.text, `answer ${i}`);
    }
    assert.ok(found > 500 && found < count, `${found} found`);
  });

  it('is read whole or not at all while another thread writes', async () => {
    const cache = SharedAuthCache.create();
    const key = digest('a');
    const source = `
      import { workerData, parentPort } from 'node:worker_threads';
      const { SharedAuthCache } = await import(workerData.url);
      const cache = new SharedAuthCache(workerData.buffer);
      for (let i = 0; i < 20000; i++) cache.store(workerData.key, { text: String(i % 10).repeat(500 + (i % 7)), untilMs: 1 });
      parentPort.postMessage('done');`;
    const url = new URL('./shared-auth-cache.ts', import.meta.url).href;
    const workerData = { url, buffer: cache.buffer, key };
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
    const state = { isDone: false };
    worker.on('message', () => (state.isDone = true));
    let reads = 0;
    while (!state.isDone) {
      for (let i = 0; i < 1000; i++) {
        const text = cache.find(key, 0)?.text;
        if (text === undefined) continue;
        reads++;
        assert.match(text, /^(.)\1{499,505}$/);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(reads > 0);
    await worker.terminate();
  });
});
