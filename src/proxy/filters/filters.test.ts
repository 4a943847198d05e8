import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, createGzip, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import { createTimerWheel } from '../../kit/timer-wheel.ts';
import { acceptedCodings } from './accepted-codings.ts';
import { CompressedOnce } from './compressed-once.ts';
import { CompressedStream } from './compressed-stream.ts';
import { PacedBody } from './paced-body.ts';
import type { BodySink, FilterEvents } from './response-filter.ts';

class Collector implements BodySink {
  isFull = false;
  isEnded = false;
  readonly pieces: Buffer[] = [];
  write(buffer: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(buffer.subarray(start, end)));
  }
  flush(): void {
    // Nothing is held.
  }
  end(): void {
    this.isEnded = true;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

const noEvents: FilterEvents = { onReady: () => undefined, onFailure: () => assert.fail('the filter failed'), guard: (event) => event() };

async function until(holds: () => boolean): Promise<void> {
  assert.ok(await poll({ timeoutMs: PATIENCE_MS, everyMs: 2 }, () => holds() || undefined));
}

const accepted: readonly (readonly [field: string, codings: readonly string[]])[] = [
  ['gzip', ['gzip']],
  ['gzip, deflate, br', ['br', 'gzip']],
  ['gzip;q=1.0, br;q=0.5', ['gzip', 'br']],
  ['br;q=0, *', ['zstd', 'gzip']],
  ['identity', []],
  ['gzip;q=0', []],
  ['gzip;q=nonsense', []],
  ['X-GZIP', ['gzip']],
  ['', []],
  [`gzip${','.repeat(1000)}`, []],
];
for (const [field, codings] of accepted) {
  test(`Accept-Encoding: ${field}`, () => {
    assert.deepEqual(acceptedCodings(field), codings);
  });
}

for (const [coding, decompress] of [
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
] as const) {
  test(`a small body is compressed in one go: ${coding}`, () => {
    const sink = new Collector();
    const body = Buffer.from('text '.repeat(1000));
    const filter = new CompressedOnce(coding, 4, body.length, sink);
    filter.write(body, 0, 1234);
    filter.write(body, 1234, body.length);
    assert.equal(sink.pieces.length, 0);
    filter.end();
    assert.ok(sink.isEnded && sink.bytes.length < 200);
    assert.deepEqual(decompress(sink.bytes), body);
  });
}

test('a stream of compression stops while its sink is full, and loses nothing', async () => {
  const sink = new Collector();
  let isClosed = false;
  let ready = 0;
  const events = { ...noEvents, onReady: () => ready++, onClosed: () => (isClosed = true) };
  const filter = new CompressedStream(createGzip({ level: 1 }), sink, events);
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => String(i * 7919)).join(''));
  sink.isFull = true;
  for (let at = 0; at < body.length; at += 50_000) filter.write(body, at, Math.min(at + 50_000, body.length), false);
  filter.flush();
  assert.ok(filter.isFull);
  await sleep(50);
  const before = sink.bytes.length;
  assert.ok(before < 40_000, String(before));
  sink.isFull = false;
  filter.onReady();
  filter.end();
  await until(() => sink.isEnded && isClosed);
  assert.deepEqual(gunzipSync(sink.bytes), body);
});

test('a stream passes on what came before more comes', async () => {
  const sink = new Collector();
  const filter = new CompressedStream(createGzip(), sink, { ...noEvents, onClosed: () => undefined });
  filter.write(Buffer.from('data: 1\n\n'), 0, 9, false);
  filter.flush();
  await until(() => sink.bytes.length > 12);
  filter.destroy();
});

test('a body is paced: one second at once, the rest by the clock, then its end', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const clock = { wheel, nowMs: 0 };
  const sink = new Collector();
  let ready = 0;
  const filter = new PacedBody(clock, { bytesPerSecond: 1000, afterBytes: 500 }, sink, { ...noEvents, onReady: () => ready++ });
  filter.write(Buffer.alloc(4000, 97), 0, 4000, false);
  assert.equal(sink.bytes.length, 1500);
  assert.ok(filter.isFull);
  filter.end();
  const advance = (nowMs: number): void => {
    clock.nowMs = nowMs;
    wheel.advance(nowMs);
  };
  advance(1000);
  assert.equal(sink.bytes.length, 2500);
  assert.equal(sink.isEnded, false);
  advance(2000);
  advance(2600);
  assert.equal(sink.bytes.length, 4000);
  assert.ok(sink.isEnded);
});
