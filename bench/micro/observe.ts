// What a request pays for being counted and logged, in nanoseconds: one observation of the request metrics, one line of the access log, one
// counter; and what a scrape of many series costs the main thread. Prints a table, or JSON with --json.
//
//   node_modules/.bin/node bench/micro/observe.ts [--json]
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { AccessLogSettings } from '../../src/model/settings.ts';
import { AccessLog } from '../../src/observe/access-log/access-log.ts';
import { DurationHistogram } from '../../src/observe/duration-histogram.ts';
import type { ExchangeRecord } from '../../src/observe/exchange-record.ts';
import { createMetricsPage } from '../../src/observe/metrics-page.ts';
import { createMetricsSettings, createRecord } from '../../src/observe/record-fixture.ts';
import { RequestMetrics } from '../../src/observe/request-metrics/request-metrics.ts';
import { RequestMetricsCollector } from '../../src/observe/request-metrics/request-metrics-collector.ts';
import { WorkerCounters, WorkerCountersCollector, workerCounter } from '../../src/observe/worker-counters.ts';
import { median } from '../measure/statistics.ts';

interface Row {
  readonly name: string;
  readonly medianNs: number;
  readonly bestNs: number;
}

const BATCH = 1000;
const ROUNDS = 200;
const WARM_UP_ROUNDS = 50;

const requestHeaders = {
  host: 'shop.test',
  referer: 'https://shop.test/catalogue',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
};

/** Records as a worker sees them: strings made anew for each request, numbers that differ. */
function createRecords(methods: readonly string[], statuses: readonly number[]): readonly ExchangeRecord[] {
  const labels = createRecord().labels;
  return Array.from({ length: BATCH }, (_, i) =>
    createRecord({
      labels,
      host: Buffer.from('shop.test').toString('latin1'),
      method: methods[i % methods.length] ?? 'GET',
      status: statuses[i % statuses.length] ?? 200,
      target: Buffer.from(`/app/item/${i}?page=2`).toString('latin1'),
      durationSeconds: 0.0005 + (i % 40) / 1000,
      requestBytes: 400 + (i % 7),
      sentBytes: 1000 + i * 13,
      startedAtMs: 1_795_546_020_000 + i,
      requestHeaders,
    }),
  );
}

function measure(name: string, records: readonly ExchangeRecord[], run: (record: ExchangeRecord) => void): Row {
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const startedAt = process.hrtime.bigint();
    for (const record of records) run(record);
    if (round >= 0) times.push(Number(process.hrtime.bigint() - startedAt) / records.length);
  }
  return { name, medianNs: Math.round(median(times)), bestNs: Math.round(Math.min(...times)) };
}

function createMetrics(): RequestMetrics {
  return new RequestMetrics(createMetricsSettings(), { post: () => undefined, onOverflow: () => undefined });
}

function measureMetrics(): readonly Row[] {
  const same = createRecords(['GET'], [200]);
  const mixed = createRecords(['GET', 'POST', 'HEAD'], [200, 304, 404, 200, 500]);
  const kept = createMetrics().createRouteSeries(createRecord().labels);
  const keptMixed = createMetrics().createRouteSeries(createRecord().labels);
  const looked = createMetrics();
  return [
    measure('metrics, one series', same, (record) => kept.observe(record)),
    measure('metrics, 15 series of a route in turn', mixed, (record) => keptMixed.observe(record)),
    measure('metrics, route looked up by its labels', same, (record) => looked.observe(record)),
  ];
}

function measureLog(): readonly Row[] {
  const text: AccessLogSettings = {
    enabled: true,
    format: 'text',
    textFormat:
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length ' +
      '$request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length ' +
      '$upstream_response_time $upstream_status $req_id',
    escape: 'default',
    skipUrls: [],
    defaultBackend: false,
  };
  const counters = new WorkerCounters();
  const deps = {
    ports: { http: 80, https: 443 },
    hostname: 'bench',
    pid: 1,
    counters,
    post: (): void => counters.set(workerCounter.logTaken, counters.get(workerCounter.logSent)),
  };
  const textLog = new AccessLog(text, deps);
  const jsonLog = new AccessLog({ ...text, format: 'json' }, deps);
  const records = createRecords(['GET'], [200]);
  return [
    measure('log line, default text format', records, (record) => textLog.observe(record)),
    measure('log line, JSON', records, (record) => jsonLog.observe(record)),
    measure('one counter', records, () => counters.add(workerCounter.requests, 1)),
  ];
}

/** Scrapes this many series of four workers once and tells how long it took and how long anything else had to wait. */
async function measureScrape(series: number): Promise<string> {
  const settings = createMetricsSettings({ maxSeries: series });
  const requests = new RequestMetricsCollector(settings, { postFree: () => undefined });
  for (let worker = 0; worker < 4; worker++) {
    const metrics = new RequestMetrics(settings, { post: (message) => requests.receive(worker, message), onOverflow: () => undefined });
    for (let host = 0; host < series; host++) metrics.observe(createRecord({ host: `host-${host}.test` }));
    metrics.flush();
  }
  const page = createMetricsPage({
    isEnabled: true,
    controller: { namespace: 'ingress-nginx', class: 'k8s.io/ingress-nginx', pod: 'portico-5f7c9' },
    build: { release: '0', build: '0', repository: '' },
    requests,
    counters: new WorkerCountersCollector(),
    propagation: new DurationHistogram(),
    getState: () => ({
      configHash: 0,
      isLastChangeApplied: true,
      lastAppliedAtMs: 0,
      appliedChanges: 0,
      failedChanges: 0,
      tableVersion: 0,
      openConnections: 0,
      logLinesDropped: 0,
      spans: { exported: 0, failed: 0, dropped: 0 },
      diagnostics: [],
      certificates: [],
      orphans: [],
      eventLoops: [],
    }),
  });
  // The timer of the histogram adds its own millisecond.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  let length = 0;
  for await (const chunk of page.print()) length += Buffer.from(chunk).length;
  const tookMs = performance.now() - startedAt;
  delay.disable();
  const waits = `waits p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, longest ${(delay.max / 1e6).toFixed(1)} ms`;
  return `scrape of ${series} series x 4 workers: ${tookMs.toFixed(0)} ms for ${(length / 1e6).toFixed(1)} MB; ${waits}`;
}

const rows = [...measureMetrics(), ...measureLog()];
if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, rows }, null, 2));
else {
  console.table(Object.fromEntries(rows.map(({ name, ...numbers }) => [name, numbers])));
  console.log(await measureScrape(1_000));
  console.log(await measureScrape(20_000));
}
