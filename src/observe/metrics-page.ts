// The page at /metrics: everything in metric-names.ts that has a value now, as Prometheus text. Numbers that other parts own are read
// when somebody scrapes; the page keeps none. Printed in chunks, with a turn of the event loop between two, so that a large page
// holds nothing up.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Certificate } from '../model/certificate.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { errorCodeList, errorCodes } from '../model/error-codes.ts';
import type { DurationHistogram } from './duration-histogram.ts';
import type { Labels, Sample } from './exposition.ts';
import { CHUNK_LENGTH, formatBound, formatHeader, formatLabels, formatSample, joinLabels } from './exposition.ts';
import type { MetricId } from './metric-names.ts';
import { metrics } from './metric-names.ts';
import { loadProcessStats } from './process-stats.ts';
import type { RequestMetricsCollector } from './request-metrics/request-metrics-collector.ts';
import { printRequestMetrics } from './request-metrics/request-metrics-text.ts';
import type { WorkerCountersCollector } from './worker-counters.ts';
import { workerCounter, workerCounterRows } from './worker-counters.ts';

/** What the controller knows at the time of a scrape. */
export interface ControllerState {
  /** Any number that changes with the model that is served. */
  readonly configHash: number;
  readonly isLastChangeApplied: boolean;
  /** Milliseconds since the epoch; 0: never. */
  readonly lastAppliedAtMs: number;
  readonly appliedChanges: number;
  readonly failedChanges: number;
  /** Version of the newest table that the controller published. */
  readonly tableVersion: number;
  /** Over all workers. */
  readonly openConnections: number;
  /** Lines of the access log that the writer dropped; those that workers dropped are counted by themselves. */
  readonly logLinesDropped: number;
  /** Those that workers dropped are counted by themselves. */
  readonly spans: { readonly exported: number; readonly failed: number; readonly dropped: number };
  readonly diagnostics: readonly Diagnostic[];
  /** Each host with the certificate that is shown for it. Read twice. */
  readonly certificates: ReadonlyArray<{ readonly host: string; readonly certificate: Certificate }>;
  readonly orphans: ReadonlyArray<{ readonly namespace: string; readonly ingress: string; readonly type: 'no-service' | 'no-endpoint' }>;
  /** Absent where there is no election. */
  readonly leader?: { readonly name: string; readonly isLeader: boolean };
  /** Absent where objects come from manifests. */
  readonly apiServer?: { readonly isConnected: boolean; readonly failureCount: number; readonly foreignIngressCount: number };
  /** What was written to the API server. Absent where objects come from manifests. */
  readonly writes?: {
    readonly status: { readonly written: number; readonly failed: number };
    readonly events: { readonly written: number; readonly failed: number; readonly dropped: number };
  };
  /** Absent where the admission webhook is off. */
  readonly admission?: AdmissionMetrics;
  /** Busy and waiting time of each thread's event loop since its start, as `performance.eventLoopUtilization()` gives them. */
  readonly eventLoops: ReadonlyArray<{ readonly thread: string; readonly activeMs: number; readonly idleMs: number }>;
}

/** What the admission webhook did. */
export interface AdmissionMetrics {
  /** Of the last check. */
  readonly testedIngresses: number;
  readonly testedSeconds: number;
  readonly roundtripSeconds: number;
  readonly checks: ReadonlyArray<{
    readonly namespace: string;
    readonly ingress: string;
    readonly success: number;
    readonly errors: number;
  }>;
}

export interface MetricsPageDeps {
  /** False (`--enable-metrics=false`): only the metrics of the process are shown. */
  readonly isEnabled: boolean;
  readonly controller: { readonly namespace: string; readonly class: string; readonly pod: string };
  readonly build: { readonly release: string; readonly build: string; readonly repository: string };
  readonly requests: RequestMetricsCollector;
  readonly counters: WorkerCountersCollector;
  readonly propagation: DurationHistogram;
  readonly getState: () => ControllerState;
}

export interface MetricsPage {
  /** The page in chunks of some ten kilobytes. Fails only by a bug; an abandoned page leaves nothing behind. */
  print(): AsyncGenerator<string, void, void>;
}

export function createMetricsPage(deps: MetricsPageDeps): MetricsPage {
  const { controller } = deps;
  const controllerLabels = formatLabels({
    controller_namespace: controller.namespace,
    controller_class: controller.class,
    controller_pod: controller.pod,
  });
  return {
    async *print() {
      if (deps.isEnabled) {
        const state = deps.getState();
        yield printController(deps, state, controllerLabels) + printWorkers(deps, controllerLabels);
        yield* inTurns(printLarge('certificateExpiry', '', listCertificates(state, controller.class, false)));
        yield* inTurns(printLarge('certificateInfo', '', listCertificates(state, controller.class, true)));
        yield* inTurns(printLarge('orphanIngress', controllerLabels, listOrphans(state)));
        if (state.admission !== undefined) yield printAdmission(state.admission, controllerLabels);
        yield* inTurns(printRequestMetrics(deps.requests, controllerLabels));
      }
      yield await printProcess(deps.isEnabled, controllerLabels);
    },
  };
}

async function* inTurns(chunks: Iterable<string>): AsyncGenerator<string, void, void> {
  for (const chunk of chunks) {
    yield chunk;
    await nextTurn();
  }
}

/** One metric with its samples in chunks; nothing where there are none. */
function* printLarge(id: MetricId, controllerLabels: string, samples: Iterable<Sample>): Generator<string, void, void> {
  const metric = metrics[id];
  const first = metric.hasControllerLabels ? controllerLabels : '';
  let chunk = '';
  let header = formatHeader(metric);
  for (const { labels, value } of samples) {
    chunk += header + formatSample(metric.name, joinLabels(first, labels === undefined ? '' : formatLabels(labels)), value);
    header = '';
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function printMetric(id: MetricId, controllerLabels: string, samples: Iterable<Sample>): string {
  return [...printLarge(id, controllerLabels, samples)].join('');
}

function printController(deps: MetricsPageDeps, state: ControllerState, controllerLabels: string): string {
  const print = (id: MetricId, samples: Iterable<Sample>): string => printMetric(id, controllerLabels, samples);
  const printOne = (id: MetricId, value: number, labels: Labels = {}): string => print(id, [{ labels, value }]);
  const { leader, apiServer, writes } = state;
  return (
    printOne('buildInfo', 1, deps.build) +
    printOne('configHash', state.configHash) +
    printOne('configSuccessful', state.isLastChangeApplied ? 1 : 0) +
    printOne('configSuccessfulTime', state.lastAppliedAtMs / 1000) +
    printOne('success', state.appliedChanges) +
    printOne('errors', state.failedChanges) +
    (leader === undefined ? '' : printOne('leader', leader.isLeader ? 1 : 0, { name: leader.name })) +
    printPropagation(deps.propagation) +
    (apiServer === undefined
      ? ''
      : printOne('apiServerConnected', apiServer.isConnected ? 1 : 0) +
        printOne('apiServerFailures', apiServer.failureCount) +
        printOne('foreignIngresses', apiServer.foreignIngressCount)) +
    (writes === undefined ? '' : print('statusWrites', byResult(writes.status)) + print('events', byResult(writes.events))) +
    print('tableVersion', listTableVersions(state, deps.counters)) +
    printOne('openConnections', state.openConnections) +
    print('diagnostics', countDiagnostics(state.diagnostics)) +
    printOne('logDropped', state.logLinesDropped + deps.counters.sum(workerCounter.logLinesDropped)) +
    print('spans', byResult({ ...state.spans, dropped: state.spans.dropped + deps.counters.sum(workerCounter.spansDropped) })) +
    printOne('series', deps.requests.seriesCount) +
    print(
      'loopActive',
      state.eventLoops.map(({ thread, activeMs }) => ({ labels: { thread }, value: activeMs / 1000 })),
    ) +
    print(
      'loopIdle',
      state.eventLoops.map(({ thread, idleMs }) => ({ labels: { thread }, value: idleMs / 1000 })),
    )
  );
}

function printAdmission({ checks, ...last }: AdmissionMetrics, controllerLabels: string): string {
  const print = (id: MetricId, samples: Iterable<Sample>): string => printMetric(id, controllerLabels, samples);
  const printOne = (id: MetricId, value: number): string => print(id, [{ labels: {}, value }]);
  const counts = (result: 'success' | 'errors'): readonly Sample[] =>
    checks.map(({ namespace, ingress, [result]: value }) => ({ labels: { namespace, ingress }, value }));
  return (
    print('checkSuccess', counts('success')) +
    print('checkErrors', counts('errors')) +
    printOne('admissionTested', last.testedIngresses) +
    printOne('admissionTestedTime', last.testedSeconds) +
    printOne('admissionRendered', 0) +
    printOne('admissionRenderedTime', 0) +
    printOne('admissionRoundtrip', last.roundtripSeconds) +
    printOne('admissionConfigSize', 0)
  );
}

function printWorkers(deps: MetricsPageDeps, controllerLabels: string): string {
  const samples = new Map<MetricId, Sample[]>();
  for (const { counter, metric, labels } of workerCounterRows) {
    const sample = { labels, value: deps.counters.sum(counter) };
    const known = samples.get(metric);
    if (known === undefined) samples.set(metric, [sample]);
    else known.push(sample);
  }
  const rejected = errorCodeList.map((code) => ({
    labels: { code, slug: errorCodes[code].slug },
    value: deps.counters.sumRejected(code),
  }));
  samples.set('rejected', rejected);
  let text = '';
  for (const [metric, list] of samples) text += printMetric(metric, controllerLabels, list);
  return text;
}

function byResult(counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([result, value]) => ({ labels: { result }, value }));
}

function listTableVersions(state: ControllerState, counters: WorkerCountersCollector): readonly Sample[] {
  const workers = Array.from(counters.workers(), ([worker, cells]) => ({
    labels: { thread: `worker-${worker}` },
    value: cells.get(workerCounter.tableVersion),
  }));
  return [{ labels: { thread: 'controller' }, value: state.tableVersion }, ...workers];
}

function countDiagnostics(diagnostics: readonly Diagnostic[]): readonly Sample[] {
  const counts = new Map<string, { severity: string; count: number }>();
  for (const { code, severity } of diagnostics) {
    const row = counts.get(code);
    if (row === undefined) counts.set(code, { severity, count: 1 });
    else row.count++;
  }
  return Array.from(counts, ([code, { severity, count }]) => ({ labels: { severity, code }, value: count }));
}

/** An Ingress is an orphan once, however many of its backends are missing. */
function* listOrphans(state: ControllerState): Generator<Sample, void, void> {
  const seen = new Set<string>();
  for (const { namespace, ingress, type } of state.orphans) {
    const key = `${namespace}/${ingress}/${type}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield { labels: { namespace, ingress, type }, value: 1 };
  }
}

/** Either the information about each certificate, or the end of its validity. */
function* listCertificates(state: ControllerState, controllerClass: string, isInfo: boolean): Generator<Sample, void, void> {
  for (const { host, certificate } of state.certificates) {
    const { origin } = certificate;
    const serial = decimalSerial(certificate.serialNumber);
    const labels = { namespace: origin.namespace, class: controllerClass, host, secret_name: origin.name, identifier: `-${serial}` };
    if (!isInfo) {
      yield { labels, value: Math.floor(certificate.notAfterMs / 1000) };
      continue;
    }
    const more = {
      issuer_organization: certificate.issuerOrganization,
      issuer_common_name: certificate.issuerCommonName,
      serial_number: serial,
      public_key_algorithm: certificate.publicKeyAlgorithm,
    };
    yield { labels: { ...labels, ...more }, value: 1 };
  }
}

/** `node:crypto` tells serial numbers in hexadecimal, ingress-nginx in decimal. */
function decimalSerial(serial: string): string {
  return /^[0-9A-Fa-f]+$/.test(serial) ? BigInt(`0x${serial}`).toString() : serial;
}

function printPropagation(histogram: DurationHistogram): string {
  const metric = metrics.propagation;
  let text = formatHeader(metric);
  let count = 0;
  for (const [index, bucket] of histogram.buckets.entries()) {
    count += bucket;
    text += formatSample(`${metric.name}_bucket`, `le="${formatBound(histogram.bounds[index] ?? Infinity)}"`, count);
  }
  return text + formatSample(`${metric.name}_sum`, '', histogram.sumSeconds) + formatSample(`${metric.name}_count`, '', count);
}

async function printProcess(isEnabled: boolean, controllerLabels: string): Promise<string> {
  const stats = await loadProcessStats();
  const { memory } = stats;
  const print = (id: MetricId, value: number | undefined, labels: Labels = {}): string =>
    value === undefined ? '' : printMetric(id, controllerLabels, [{ labels, value }]);
  const nginx = !isEnabled
    ? ''
    : print('nginxProcs', 1) +
      print('nginxResidentMemory', memory.rss) +
      print('nginxVirtualMemory', stats.virtualMemoryBytes) +
      print('nginxStartTime', stats.startedAtSeconds) +
      print('nginxCpu', stats.cpuSeconds) +
      print('nginxReadBytes', stats.readBytes) +
      print('nginxWriteBytes', stats.writtenBytes);
  return (
    nginx +
    print('processCpu', stats.cpuSeconds) +
    print('processResidentMemory', memory.rss) +
    print('processVirtualMemory', stats.virtualMemoryBytes) +
    print('processStartTime', stats.startedAtSeconds) +
    print('processOpenFds', stats.openFiles) +
    print('processMaxFds', stats.maxFiles) +
    print('nodeVersion', 1, { version: process.version }) +
    print('nodeHeapTotal', memory.heapTotal) +
    print('nodeHeapUsed', memory.heapUsed) +
    print('nodeExternal', memory.external) +
    print('nodeArrayBuffers', memory.arrayBuffers)
  );
}
