// The queue of spans and its collector, over real sockets.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { SpanExportSettings } from '../../model/policies/tracing.ts';
import { OtlpCollector } from '../../../test/support/otlp-collector.ts';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import type { FinishedSpan } from './span.ts';
import { SpanExporter } from './span-exporter.ts';

const POLLING = { timeoutMs: PATIENCE_MS, everyMs: 5 };
const NEVER_MS = 3_600_000;

function span(target: string): FinishedSpan {
  return {
    context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: '', isSampled: true, traceState: '' },
    name: 'name',
    startMs: 1_700_000_000_123.25,
    endMs: 1_700_000_001_000,
    isError: false,
    attributes: { 'http.target': target, 'http.status_code': 200 },
  };
}

function spans(count: number, prefix = 's'): readonly FinishedSpan[] {
  return Array.from({ length: count }, (_, index) => span(`/${prefix}${index}`));
}

describe('the exporter of spans', () => {
  let collector: OtlpCollector;
  let port = 0;
  let exporter: SpanExporter;
  let reports: string[];

  const settings = (change: Partial<SpanExportSettings> = {}): SpanExportSettings => ({
    host: '127.0.0.1',
    port,
    serviceName: 'edge',
    maxQueueSize: 100,
    scheduleDelayMs: 5,
    maxBatchSize: 50,
    ...change,
  });
  const exported = async (count: number): Promise<void> => {
    assert.ok(await poll(POLLING, () => (exporter.counts.exported === count ? true : undefined)), `exported: ${exporter.counts.exported}`);
  };
  const failed = async (count: number): Promise<void> => {
    assert.ok(await poll(POLLING, () => (exporter.counts.failed === count ? true : undefined)), `failed: ${exporter.counts.failed}`);
  };

  beforeEach(async () => {
    collector = new OtlpCollector();
    port = await collector.listen();
    reports = [];
    exporter = new SpanExporter({
      resource: { 'k8s.pod.name': 'portico-1' },
      version: '1.2.3',
      onFailure: (where, reason) => reports.push(`${where}: ${reason}`),
      onRecovery: (where) => reports.push(`${where} again`),
    });
  });

  afterEach(async () => {
    await exporter.flush(0);
    await collector.close();
  });

  test('sends no more spans at once than it may', async () => {
    exporter.configure(settings({ maxBatchSize: 2 }));
    exporter.add(spans(5));
    await exported(5);
    assert.deepEqual(collector.batches, [2, 2, 1]);
    assert.deepEqual(collector.spans[0]?.resource, { 'service.name': 'edge', 'k8s.pod.name': 'portico-1' });
    assert.equal(collector.spans[0]?.startNs, 1_700_000_000_123_250_000n);
  });

  test('sends a whole batch at once, and the rest in its time', async () => {
    exporter.configure(settings({ maxBatchSize: 2, scheduleDelayMs: NEVER_MS }));
    exporter.add(spans(1));
    exporter.add(spans(1));
    await exported(2);
    exporter.add(spans(1));
    exporter.configure(settings({ maxBatchSize: 2, scheduleDelayMs: 1 }));
    await exported(3);
  });

  test('drops what there is no room for, and all without a collector', () => {
    exporter.add(spans(2));
    assert.deepEqual(exporter.counts, { exported: 0, failed: 0, dropped: 2 });
    exporter.configure(settings({ maxQueueSize: 3, scheduleDelayMs: NEVER_MS }));
    exporter.add(spans(2));
    exporter.add(spans(2));
    assert.equal(exporter.counts.dropped, 3);
  });

  test('counts what the collector rejects', async () => {
    collector.rejected = 2;
    exporter.configure(settings());
    exporter.add(spans(5));
    await exported(3);
    assert.equal(exporter.counts.failed, 2);
  });

  test('does not send again what was refused', async () => {
    exporter.configure(settings());
    collector.grpcStatus = 16;
    exporter.add(spans(1));
    await failed(1);
    collector.grpcStatus = 0;
    collector.httpStatus = 404;
    exporter.add(spans(1));
    await failed(2);
    assert.equal(reports.length, 1, 'the second failure in a row is told');
    assert.match(reports[0] ?? '', /gRPC status 16/);
    collector.httpStatus = 200;
    exporter.add(spans(1));
    await exported(1);
    assert.deepEqual(reports.slice(1), [`127.0.0.1:${port} again`]);
  });

  test('sends again what was not taken for now', async () => {
    exporter.configure(settings());
    collector.httpStatus = 503;
    exporter.add(spans(1));
    assert.ok(await poll(POLLING, () => (reports.length > 0 ? true : undefined)));
    collector.httpStatus = 200;
    await exported(1);
    assert.equal(exporter.counts.failed, 0);
  });

  test('gives what waits to a new collector', async () => {
    const second = new OtlpCollector();
    const secondPort = await second.listen();
    exporter.configure(settings({ scheduleDelayMs: NEVER_MS }));
    exporter.add(spans(2));
    exporter.configure(settings({ port: secondPort }));
    await exported(2);
    assert.deepEqual([collector.spans.length, second.spans.length], [0, 2]);
    await second.close();
  });

  test('ends in time, whatever the collector does', async () => {
    collector.grpcStatus = undefined;
    exporter.configure(settings({ maxBatchSize: 2 }));
    exporter.add(spans(5));
    await exporter.flush(20);
    assert.equal(exporter.counts.exported, 0);
    await failed(2);
    assert.deepEqual(exporter.counts, { exported: 0, failed: 2, dropped: 3 });
  });
});
