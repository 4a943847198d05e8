// For tests: a worker thread that counts exchanges as a proxy worker does. It takes `{ counters, connections, place, limit }` as
// workerData and orders `{ observe: [...], times }`, `{ free: [...] }`, `{ acquire: n }`; it answers each with what it did.
import { parentPort, workerData } from 'node:worker_threads';
import type { RecordOverrides } from './record-fixture.ts';
import { createMetricsSettings, createRecord } from './record-fixture.ts';
import { RequestMetrics } from './request-metrics/request-metrics.ts';
import { SharedConnectionCount } from './shared-connection-count.ts';
import { WorkerCounters, workerCounter } from './worker-counters.ts';

export type Order =
  | { readonly kind: 'observe'; readonly records: readonly RecordOverrides[]; readonly times: number }
  | { readonly kind: 'free'; readonly slots: readonly number[] }
  | { readonly kind: 'acquire'; readonly times: number; readonly limit: number }
  | { readonly kind: 'release'; readonly times: number };

export interface FixtureData {
  readonly counters: SharedArrayBuffer;
  readonly connections: SharedArrayBuffer;
  readonly place: number;
}

const data = workerData as FixtureData;
const port = parentPort;
const counters = new WorkerCounters(data.counters);
const connections = SharedConnectionCount.forWorker(data.connections, data.place);
const metrics = new RequestMetrics(createMetricsSettings(), {
  post: (message) => port?.postMessage(message),
  onOverflow: () => counters.add(workerCounter.seriesOverflow, 1),
});

port?.on('message', (order: Order) => port.postMessage({ kind: 'done', result: obey(order) }));

function obey(order: Order): number {
  switch (order.kind) {
    case 'observe':
      for (const overrides of order.records) {
        const record = createRecord(overrides);
        const series = metrics.createRouteSeries(record.labels);
        for (let i = 0; i < order.times; i++) {
          series.observe(record);
          counters.add(workerCounter.requests, 1);
          if (record.errorCode !== undefined) counters.reject(record.errorCode);
        }
      }
      metrics.flush();
      return metrics.seriesCount;
    case 'free':
      metrics.free(order.slots);
      return metrics.seriesCount;
    case 'acquire': {
      let acquired = 0;
      for (let i = 0; i < order.times; i++) if (connections.tryAcquire(order.limit)) acquired++;
      return acquired;
    }
    case 'release':
      for (let i = 0; i < order.times; i++) connections.release();
      return order.times;
  }
}
