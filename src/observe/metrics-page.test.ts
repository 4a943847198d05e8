import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { certificateKey } from '../model/certificate.ts';
import { diagnostic } from '../model/diagnostic-codes.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { findSamples, parseExposition } from './exposition-parser.ts';
import { metrics } from './metric-names.ts';
import type { ControllerState, MetricsPageDeps } from './metrics-page.ts';
import { createMetricsPage } from './metrics-page.ts';
import type { FixtureData, Order } from './observe-worker-fixture.ts';
import { createMetricsSettings, createRecord } from './record-fixture.ts';
import { RequestMetrics } from './request-metrics/request-metrics.ts';
import { RequestMetricsCollector } from './request-metrics/request-metrics-collector.ts';
import type { RequestMetricsMessage } from './request-metrics/series-labels.ts';
import { SharedConnectionCount } from './shared-connection-count.ts';
import { WorkerCounters, WorkerCountersCollector, workerCounter } from './worker-counters.ts';

const origin = { kind: 'Ingress', namespace: 'default', name: 'shop' };

function createState(overrides: Partial<ControllerState> = {}): ControllerState {
  return {
    configHash: 42,
    isLastChangeApplied: true,
    lastAppliedAtMs: 1_700_000_000_500,
    appliedChanges: 3,
    failedChanges: 1,
    tableVersion: 7,
    openConnections: 5,
    logLinesDropped: 2,
    spans: { exported: 5, failed: 1, dropped: 2 },
    diagnostics: [],
    certificates: [],
    orphans: [],
    eventLoops: [{ thread: 'worker-1', activeMs: 1500, idleMs: 500 }],
    ...overrides,
  };
}

function createDeps(requests: RequestMetricsCollector, counters: WorkerCountersCollector, state = createState()): MetricsPageDeps {
  return {
    isEnabled: true,
    controller: { namespace: 'ingress', class: 'k8s.io/ingress-nginx', pod: 'portico-0' },
    build: { release: '0.1.0', build: 'abc', repository: 'https://example.test/portico' },
    requests,
    counters,
    propagation: new DurationHistogram(),
    getState: () => state,
  };
}

async function print(deps: MetricsPageDeps): Promise<string> {
  let text = '';
  for await (const chunk of createMetricsPage(deps).print()) text += chunk;
  return text;
}

/** A worker thread with the collectors it reports to; `tell` resolves when the order is done and everything posted before has arrived. */
class FixtureWorker {
  readonly #worker: Worker;
  readonly #id: number;

  constructor(id: number, requests: RequestMetricsCollector, counters: WorkerCountersCollector, connections: SharedConnectionCount) {
    const workerData: FixtureData = { counters: counters.addWorker(id).buffer, connections: connections.buffer, place: id };
    this.#id = id;
    this.#worker = new Worker(new URL('./observe-worker-fixture.ts', import.meta.url), { workerData });
    this.#worker.on('message', (message: RequestMetricsMessage | { kind: 'done' }) => {
      if (message.kind !== 'done') requests.receive(this.#id, message);
    });
  }

  async tell(order: Order): Promise<number> {
    this.#worker.postMessage(order, []);
    for (;;) {
      const [message] = (await once(this.#worker, 'message')) as [{ kind: string; result: number }];
      if (message.kind === 'done') return message.result;
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

test('sums series and counters over worker threads, takes series away and keeps what ended workers counted', async (t) => {
  const freed: { worker: number; slots: readonly number[] }[] = [];
  const requests = new RequestMetricsCollector(createMetricsSettings(), { postFree: (worker, slots) => freed.push({ worker, slots }) });
  const counters = new WorkerCountersCollector();
  const connections = new SharedConnectionCount(2);
  const workers = [0, 1].map((id) => new FixtureWorker(id, requests, counters, connections));
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
  const [first, second] = workers as [FixtureWorker, FixtureWorker];
  const gone = { labels: { namespace: 'default', ingress: 'gone', service: 'web', servicePort: '80', path: '/' }, host: 'gone.test' };

  await first.tell({ kind: 'observe', records: [{}, { method: 'POST' }, gone], times: 100 });
  await second.tell({ kind: 'observe', records: [{}, { status: 502, errorCode: 'PRT-UP-1' }, gone], times: 50 });
  let page = parseExposition(await print(createDeps(requests, counters)));
  const value = (name: string, labels: Record<string, string>): number =>
    findSamples(page, name, labels).reduce((total, sample) => total + sample.value, 0);
  const shop = { host: 'shop.test', ingress: 'shop', method: 'GET', status: '200', controller_pod: 'portico-0' };
  assert.equal(value('nginx_ingress_controller_requests', shop), 150);
  assert.equal(value('nginx_ingress_controller_request_duration_seconds_count', shop), 150);
  assert.equal(value('nginx_ingress_controller_request_duration_seconds_bucket', { ...shop, le: '0.01' }), 0);
  assert.equal(value('nginx_ingress_controller_request_duration_seconds_bucket', { ...shop, le: '0.025' }), 150);
  assert.ok(Math.abs(value('nginx_ingress_controller_request_duration_seconds_sum', shop) - 150 * 0.012) < 1e-9);
  assert.equal(value('nginx_ingress_controller_bytes_sent_bucket', { ...shop, le: '1000' }), 0);
  assert.equal(value('nginx_ingress_controller_bytes_sent_bucket', { ...shop, le: '10000' }), 150);
  assert.equal(value('nginx_ingress_controller_bytes_sent_bucket', { ...shop, le: '1e+07' }), 150);
  assert.equal(value('nginx_ingress_controller_nginx_process_requests_total', {}), 450);
  assert.equal(value('portico_rejected_requests_total', { code: 'PRT-UP-1', slug: 'connect-failed' }), 50);
  assert.equal(value('nginx_ingress_controller_requests', { ingress: 'gone' }), 150);

  requests.retain((labels) => labels.ingress !== 'gone');
  assert.deepEqual(
    freed.map((entry) => entry.worker).toSorted((a, b) => a - b),
    [0, 1],
  );
  assert.equal(await first.tell({ kind: 'free', slots: freed.find((entry) => entry.worker === 0)?.slots ?? [] }), 2);
  // The slot is used again, from zero.
  await first.tell({ kind: 'observe', records: [{ host: 'new.test' }], times: 3 });
  page = parseExposition(await print(createDeps(requests, counters)));
  assert.equal(value('nginx_ingress_controller_requests', { ingress: 'gone' }), 0);
  assert.equal(value('nginx_ingress_controller_requests', { host: 'new.test' }), 3);
  assert.equal(value('nginx_ingress_controller_response_size_count', { host: 'new.test' }), 3);

  await first.terminate();
  requests.removeWorker(0);
  counters.removeWorker(0);
  page = parseExposition(await print(createDeps(requests, counters)));
  assert.equal(value('nginx_ingress_controller_requests', shop), 150);
  assert.equal(value('nginx_ingress_controller_nginx_process_requests_total', {}), 453);
  await second.tell({ kind: 'observe', records: [{}], times: 1 });
  page = parseExposition(await print(createDeps(requests, counters)));
  assert.equal(value('nginx_ingress_controller_requests', shop), 151);
});

test('counts connections exactly over worker threads that race for the limit', async (t) => {
  const requests = new RequestMetricsCollector(createMetricsSettings(), { postFree: () => undefined });
  const counters = new WorkerCountersCollector();
  const connections = new SharedConnectionCount(2);
  const workers = [0, 1].map((id) => new FixtureWorker(id, requests, counters, connections));
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
  const acquired = await Promise.all(workers.map((worker) => worker.tell({ kind: 'acquire', times: 20_000, limit: 30_000 })));
  assert.ok(acquired.reduce((total, count) => total + count, 0) <= 30_000);
  assert.equal(
    connections.total,
    acquired.reduce((total, count) => total + count, 0),
  );
  await workers[0]?.tell({ kind: 'release', times: 10 });
  assert.equal(connections.total, acquired.reduce((total, count) => total + count, 0) - 10);
  connections.forgetWorker(1);
  assert.equal(connections.total, (acquired[0] ?? 0) - 10);
});

test('prints what the controller knows, with hostile text in labels escaped', async () => {
  const requests = new RequestMetricsCollector(createMetricsSettings(), { postFree: () => undefined });
  const worker = new RequestMetrics(createMetricsSettings(), {
    post: (message) => requests.receive(1, message),
    onOverflow: () => assert.fail('no bound is reached'),
  });
  const path = '/a"b\\c\nd{e="f"}';
  worker.observe(createRecord({ labels: { namespace: 'default', ingress: 'odd', service: 'web', servicePort: '80', path } }));
  worker.flush();
  const counters = new WorkerCountersCollector();
  counters.addWorker(1).set(workerCounter.tableVersion, 6);
  const certificate = {
    key: certificateKey('default', 'm-tls'),
    chainPem: '',
    privateKeyPem: '',
    notAfterMs: 1_800_000_000_000,
    serialNumber: 'FF',
    issuerCommonName: 'CA "one"',
    issuerOrganization: '',
    publicKeyAlgorithm: 'RSA',
    origin: { kind: 'Secret', namespace: 'default', name: 'm-tls' },
  };
  const orphan = { namespace: 'default', ingress: 'shop', type: 'no-service' } as const;
  const state = createState({
    diagnostics: [diagnostic('PRT-RULE-1', 'x', origin), diagnostic('PRT-RULE-1', 'y', origin), diagnostic('PRT-TLS-5', 'z', origin)],
    certificates: [{ host: 'm.test', certificate }],
    orphans: [orphan, orphan],
    leader: { name: 'ingress-controller-leader', isLeader: true },
  });
  const deps = createDeps(requests, counters, state);
  deps.propagation.observe(0.003);
  deps.propagation.observe(90);
  const page = parseExposition(await print(deps));

  const one = (name: string, labels: Record<string, string> = {}): number => {
    const samples = findSamples(page, name, labels);
    assert.equal(samples.length, 1, `${name} ${JSON.stringify(labels)}`);
    return samples[0]?.value ?? NaN;
  };
  assert.equal(one('nginx_ingress_controller_requests', { path }), 1);
  assert.equal(one('nginx_ingress_controller_build_info', { release: '0.1.0' }), 1);
  assert.equal(one('nginx_ingress_controller_config_last_reload_successful'), 1);
  assert.equal(one('nginx_ingress_controller_config_last_reload_successful_timestamp_seconds'), 1_700_000_000.5);
  assert.equal(one('nginx_ingress_controller_success'), 3);
  assert.equal(one('nginx_ingress_controller_leader_election_status'), 1);
  const identity = { host: 'm.test', secret_name: 'm-tls', namespace: 'default', identifier: '-255', class: 'k8s.io/ingress-nginx' };
  assert.equal(one('nginx_ingress_controller_ssl_expire_time_seconds', identity), 1_800_000_000);
  assert.equal(one('nginx_ingress_controller_ssl_certificate_info', { ...identity, issuer_common_name: 'CA "one"' }), 1);
  assert.equal(one('nginx_ingress_controller_orphan_ingress', { ingress: 'shop', type: 'no-service' }), 1);
  assert.equal(one('portico_diagnostics', { severity: 'warning', code: 'PRT-RULE-1' }), 2);
  assert.equal(one('portico_table_version', { thread: 'controller' }), 7);
  assert.equal(one('portico_table_version', { thread: 'worker-1' }), 6);
  assert.equal(one('portico_propagation_seconds_bucket', { le: '0.005' }), 1);
  assert.equal(one('portico_propagation_seconds_count'), 2);
  assert.equal(one('portico_event_loop_active_seconds_total', { thread: 'worker-1' }), 1.5);
  assert.equal(one('process_start_time_seconds') > 1_700_000_000, true);
});

test('shows only registered metrics, with exactly the labels of the registry', async () => {
  const requests = new RequestMetricsCollector(createMetricsSettings(), { postFree: () => undefined });
  const counters = new WorkerCountersCollector();
  counters.addWorker(1);
  const page = parseExposition(await print(createDeps(requests, counters)));
  const rows = new Map(Object.values(metrics).map((row) => [row.name, row]));
  for (const family of page.values()) {
    const row = rows.get(family.name);
    assert.equal(family.type, row?.type, family.name);
    const constant = row?.hasControllerLabels === true ? ['controller_namespace', 'controller_class', 'controller_pod'] : [];
    const expected = [...constant, ...(row?.labels ?? [])].sort();
    for (const sample of family.samples) {
      const labels = Object.keys(sample.labels).filter((label) => label !== 'le');
      assert.deepEqual(labels.sort(), expected, sample.name);
    }
  }
});

test('shows nothing but the process where metrics are not enabled', async () => {
  const requests = new RequestMetricsCollector(createMetricsSettings(), { postFree: () => undefined });
  const page = parseExposition(await print({ ...createDeps(requests, new WorkerCountersCollector()), isEnabled: false }));
  assert.ok(page.size > 5);
  for (const name of page.keys()) assert.match(name, /^(process|nodejs)_/);
});

test('makes a large page in small chunks and lets the event loop turn between them', async () => {
  const settings = createMetricsSettings();
  const requests = new RequestMetricsCollector(settings, { postFree: () => undefined });
  const worker = new RequestMetrics(settings, { post: (message) => requests.receive(1, message), onOverflow: () => undefined });
  for (let host = 0; host < 300; host++) worker.observe(createRecord({ host: `h${host}.test` }));
  worker.flush();
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  let chunks = 0;
  for await (const chunk of createMetricsPage(createDeps(requests, new WorkerCountersCollector())).print()) {
    assert.ok(chunk.length < 128 * 1024);
    chunks++;
    // A series that goes away while the page is made is left out of the rest, never mixed up with another.
    if (chunks === 5) requests.retain((labels) => labels.host !== 'h7.test');
  }
  isDone = true;
  assert.ok(chunks > 50, `${chunks} chunks`);
  assert.ok(turns >= chunks - 2, `${turns} turns for ${chunks} chunks`);
});

test('keeps counters of ended workers and drops their gauges', () => {
  const collector = new WorkerCountersCollector();
  const inWorker = new WorkerCounters(collector.addWorker(1).buffer);
  inWorker.add(workerCounter.requests, 4);
  inWorker.add(workerCounter.connectionsNow, 2);
  inWorker.reject('PRT-INT-1');
  assert.equal(collector.sum(workerCounter.connectionsNow), 2);
  collector.removeWorker(1);
  collector.addWorker(2).add(workerCounter.requests, 1);
  assert.equal(collector.sum(workerCounter.requests), 5);
  assert.equal(collector.sum(workerCounter.connectionsNow), 0);
  assert.equal(collector.sumRejected('PRT-INT-1'), 1);
});
