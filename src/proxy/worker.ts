// One worker thread: receives deltas, owns the routing table, the upstreams, the listeners and all connections. A delta is applied within one
// turn of the event loop, so that a request sees the old table or the new one, never half of each.
import { parentPort, workerData } from 'node:worker_threads';
import { LruMap } from '../kit/lru.ts';
import { collectGarbage } from '../kit/collect-garbage.ts';
import { keepCompiledCode } from '../kit/compiled-code.ts';
import { createTimerWheel } from '../kit/timer-wheel.ts';
import type { ModelDelta } from '../model/delta.ts';
import { CATCH_ALL_HOST } from '../model/route.ts';
import type { Settings } from '../model/settings.ts';
import type { UpstreamSecret, UpstreamSecretKey } from '../model/upstream-tls.ts';
import type { UpstreamKey } from '../model/upstream.ts';
import { AccessLog } from '../observe/access-log/access-log.ts';
import { RequestMetrics } from '../observe/request-metrics/request-metrics.ts';
import { SharedConnectionCount } from '../observe/shared-connection-count.ts';
import { SpanBatcher } from '../observe/tracing/span-batcher.ts';
import { WorkerCounters, workerCounter } from '../observe/worker-counters.ts';
import { createPatternCache } from '../routing/pattern-cache.ts';
import { createRoutingTable } from '../routing/table.ts';
import { createClientAddressResolver } from './exchange/client-address.ts';
import { compileVariableMaps } from './policies/variable-maps.ts';
import { compileRetryRules } from './exchange/retry-rules.ts';
import { RequestIds } from './exchange/request-ids.ts';
import { BodyBudget } from './filters/body-budget.ts';
import { Compression } from './filters/compression.ts';
import { HostCache } from './http1/host-cache.ts';
import { MessageHead } from './http1/message-head.ts';
import { compileResponseFields } from './http1/response-writer.ts';
import { ClientCertificateContexts } from './listener/client-certificate-contexts.ts';
import { HostCiphers } from './listener/host-ciphers.ts';
import { Listeners } from './listener/listeners.ts';
import { ReadMemory } from './listener/read-memory.ts';
import { TlsContexts } from './listener/tls-contexts.ts';
import { SharedLimits } from './limits/shared-limits.ts';
import { RowKeeper } from './kept-rows.ts';
import { BufferPool, OutBuffer } from './out-buffer.ts';
import { AuthServices } from './policies/auth-services.ts';
import { compileBlocks } from './policies/blocked-clients.ts';
import type { CompiledHooks } from './policies/compile-hooks.ts';
import type { RouteHooks } from './policies/policy.ts';
import { RouteTracers } from './policies/tracing.ts';
import { compileProxyRoute, type ProxyRoute, type RouteCompilerDeps } from './proxy-route.ts';
import { UpstreamGroup } from './upstream/upstream-group.ts';
import type { WorkerContext } from './worker-context.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

/** Room for a head, a first piece of a body and what is added to both. */
const OUT_BYTES = 96 * 1024;
/** Room for the head of an ordinary request as it is sent on; for that of an upload with what came with it; for all that is held of one. */
const REQUEST_BYTES = [2048, 20 * 1024, 72 * 1024];
/** Rewrites whose hooks are shared by the routes that have them. */
const KEPT_REWRITES = 1000;
/** Parameters of the proxy that are shared by the routes that have them. */
const KEPT_PROXIES = 1000;
/** How often the drain looks whether it is done. */
const DRAIN_CHECK_MS = 50;
/**
 * So long a drain waits for the handshake and the first request of a client that has just connected: it is on its way most likely, and few clients send the first
 * request of a connection again.
 */
const FIRST_REQUEST_MS = 2000;

class Worker {
  readonly #start: WorkerStart;
  readonly #send: (message: FromWorker) => void;
  readonly #counters: WorkerCounters;
  readonly #metrics: RequestMetrics;
  readonly #context: WorkerContext;
  readonly #tlsContexts: TlsContexts;
  readonly #clientCertificates: ClientCertificateContexts;
  readonly #hostCiphers: HostCiphers;
  readonly #listeners: Listeners;
  readonly #upstreams = new Map<UpstreamKey, UpstreamGroup>();
  readonly #upstreamSecrets = new Map<UpstreamSecretKey, UpstreamSecret>();
  readonly #auth: AuthServices;
  readonly #limits: SharedLimits;
  readonly #spans: SpanBatcher;
  readonly #ticker: NodeJS.Timeout;
  readonly #patterns = createPatternCache();
  readonly #joinedHooks = new WeakMap<RouteHooks, CompiledHooks>();
  readonly #rewrites = new LruMap<string, RouteHooks>(KEPT_REWRITES);
  #compilerDeps: RouteCompilerDeps;
  #isListening = false;
  #peers: readonly WorkerCounters[];

  constructor(start: WorkerStart, send: (message: FromWorker) => void) {
    this.#start = start;
    this.#send = send;
    this.#counters = new WorkerCounters(start.counters);
    this.#peers = [this.#counters];
    this.#metrics = new RequestMetrics(start.settings.metrics, {
      post: send,
      onOverflow: () => this.#counters.add(workerCounter.seriesOverflow, 1),
    });
    this.#auth = new AuthServices(start.auth);
    this.#limits = new SharedLimits(start.limits, start.place);
    const { maxQueueSize } = start.settings.tracing.spanExport;
    this.#spans = new SpanBatcher(maxQueueSize, { counters: this.#counters, post: send });
    this.#context = this.#createContext();
    this.#compilerDeps = this.#createCompilerDeps(start.settings);
    this.#tlsContexts = new TlsContexts(start.fallbackCertificate, start.settings.tls, start.ticketKeys);
    this.#clientCertificates = new ClientCertificateContexts(this.#context.table, this.#tlsContexts);
    this.#hostCiphers = new HostCiphers(this.#context.table);
    this.#listeners = new Listeners({
      context: this.#context,
      tlsContexts: this.#tlsContexts,
      clientCertificates: this.#clientCertificates,
      hostCiphers: this.#hostCiphers,
      connectionCount: SharedConnectionCount.forWorker(start.connectionCount, start.place),
      httpPort: start.listen.httpPort,
      httpsPort: start.listen.httpsPort,
    });
    const { wheel } = this.#context;
    this.#ticker = setInterval(() => {
      this.#context.readClock();
      try {
        wheel.advance(this.#context.nowMs);
      } catch (error) {
        this.#context.reportFault(error);
        this.#counters.reject('PRT-INT-1');
        this.#context.out.length = 0;
      }
    }, wheel.tickMs);
  }

  onMessage(message: ToWorker): void {
    switch (message.kind) {
      case 'delta':
        this.#apply(message.delta);
        this.#counters.set(workerCounter.tableVersion, message.version);
        this.#send({ kind: 'applied', version: message.version });
        return;
      case 'listen':
        // Only now: later it would hold up requests, for hundreds of milliseconds where there are many routes.
        if (!this.#isListening) collectGarbage();
        this.#listen();
        return;
      case 'peers':
        this.#peers = message.counters.map((buffer) => new WorkerCounters(buffer));
        return;
      case 'free-series':
        this.#metrics.free(message.slots);
        return;
      case 'drain':
        this.#drain();
    }
  }

  #createContext(): WorkerContext {
    const { settings, hostname } = this.#start;
    const counters = this.#counters;
    let nextSecondMs = 0;
    const table = createRoutingTable<ProxyRoute>((route, host) => compileProxyRoute(route, host, this.#compilerDeps), {
      patterns: this.#patterns,
    });
    return {
      settings,
      clientAddresses: createClientAddressResolver(settings.forwarded),
      responseFields: compileResponseFields(settings),
      mappedVariables: compileVariableMaps(settings.snippets?.maps),
      compression: Compression.compile(settings.compression),
      table,
      hosts: new HostCache(table),
      wheel: createTimerWheel({ nowMs: performance.now() }),
      counters,
      accessLog: new AccessLog(settings.log, {
        ports: settings.ports,
        hostname,
        pid: process.pid,
        counters,
        post: (batch) => this.#send(batch),
      }),
      requestIds: new RequestIds(),
      readMemory: new ReadMemory(),
      requestHead: new MessageHead(),
      responseHead: new MessageHead(),
      trailerHead: new MessageHead(),
      out: new OutBuffer(new BufferPool(OUT_BYTES)),
      requestMemory: new BufferPool(...REQUEST_BYTES),
      bodies: new BodyBudget(settings.bufferBounds, counters),
      connections: new Set(),
      isDraining: false,
      reportFault: (error) => {
        this.#send({ kind: 'fault', error: error instanceof Error ? error : new Error(String(error)) });
      },
      nowMs: performance.now(),
      dateLine: formatDateLine(Date.now()),
      readClock() {
        const nowMs = performance.now();
        this.nowMs = nowMs;
        if (nowMs < nextSecondMs) return;
        const epochMs = Date.now();
        nextSecondMs = nowMs + 1000 - (epochMs % 1000);
        this.dateLine = formatDateLine(epochMs);
      },
    };
  }

  #createCompilerDeps(settings: Settings): RouteCompilerDeps {
    return {
      settings,
      defaultRetry: compileRetryRules(settings.proxy),
      auth: this.#auth,
      blocks: compileBlocks(settings.blocked),
      limits: this.#limits,
      patterns: this.#patterns,
      rewrites: this.#rewrites,
      proxies: new LruMap(KEPT_PROXIES),
      joinedHooks: this.#joinedHooks,
      hostSteps: new WeakMap(),
      snippetHooks: new WeakMap(),
      tracers: new RouteTracers(settings.tracing, this.#spans),
      findUpstream: (key) => this.#findUpstream(key),
      sumCounter: (counter) => this.#peers.reduce((sum, peer) => sum + peer.get(counter), 0),
      createSeries: (row) => (this.#start.settings.metrics.isEnabled ? this.#metrics.createRouteSeries(row.labels) : undefined),
    };
  }

  /** Upstreams first and last, so that no route ever refers to one that is not there. */
  #apply(delta: ModelDelta): void {
    const context = this.#context;
    this.#applySecrets(delta);
    for (const upstream of delta.upstreams) this.#findUpstream(upstream.key).update(upstream, this.#upstreamSecrets);
    if (delta.settings !== undefined) this.#applySettings(delta.settings);
    for (const certificate of delta.certificates) this.#tlsContexts.setCertificate(certificate);
    const rows = new RowKeeper((key) => this.#findUpstream(key).key);
    for (const given of delta.hosts) {
      const host = rows.keep(given);
      context.table.upsertHost(host);
      this.#tlsContexts.setHost(host.name, host.tls);
      this.#clientCertificates.setHost(host);
      this.#hostCiphers.setHost(host);
    }
    for (const name of delta.removedHosts) {
      context.table.removeHost(name);
      this.#tlsContexts.removeHost(name);
      this.#clientCertificates.removeHost(name);
      this.#hostCiphers.removeHost(name);
    }
    for (const key of delta.removedCertificates) this.#tlsContexts.removeCertificate(key);
    for (const key of delta.removedUpstreams) {
      this.#upstreams.get(key)?.close();
      this.#upstreams.delete(key);
    }
    const isDefaultChanged = delta.certificates.length > 0 || delta.hosts.some((host) => host.name === CATCH_ALL_HOST);
    if (delta.settings !== undefined || isDefaultChanged) this.#listeners.refreshTls();
  }

  #applySecrets({ upstreamSecrets, removedUpstreamSecrets }: ModelDelta): void {
    if (upstreamSecrets.length === 0 && removedUpstreamSecrets.length === 0) return;
    for (const secret of upstreamSecrets) this.#upstreamSecrets.set(secret.key, secret);
    for (const key of removedUpstreamSecrets) this.#upstreamSecrets.delete(key);
    for (const group of this.#upstreams.values()) group.refreshTls(this.#upstreamSecrets);
  }

  #applySettings(settings: Settings): void {
    const context = this.#context;
    context.settings = settings;
    this.#compilerDeps = this.#createCompilerDeps(settings);
    context.clientAddresses = createClientAddressResolver(settings.forwarded);
    context.bodies.bounds = settings.bufferBounds;
    context.responseFields = compileResponseFields(settings);
    context.mappedVariables = compileVariableMaps(settings.snippets?.maps);
    context.compression = Compression.compile(settings.compression);
    context.accessLog.configure(settings.log, { ports: settings.ports, hostname: this.#start.hostname, pid: process.pid });
    this.#spans.configure(settings.tracing.spanExport.maxQueueSize);
    this.#tlsContexts.setSettings(settings.tls);
    this.#clientCertificates.forget();
    context.table.rebuild();
    if (this.#isListening) this.#listen();
  }

  #findUpstream(key: UpstreamKey): UpstreamGroup {
    let group = this.#upstreams.get(key);
    if (group === undefined) {
      group = new UpstreamGroup(key, Math.random());
      this.#upstreams.set(key, group);
    }
    return group;
  }

  #listen(): void {
    const { host } = this.#start.listen;
    this.#isListening = true;
    this.#listeners.listenOn(host === '' ? this.#context.settings.listenOn : [{ address: host, isOptional: false }]).then(
      (problems) => this.#send({ kind: 'listening', problems }),
      (error: NodeJS.ErrnoException) => this.#send({ kind: 'listen-failed', code: error.code ?? '', message: error.message }),
    );
  }

  #drain(): void {
    const context = this.#context;
    context.isDraining = true;
    this.#listeners.close();
    const startMs = performance.now();
    const closeIdle = (): void => {
      const keepsNew = performance.now() - startMs < FIRST_REQUEST_MS;
      if (!keepsNew) this.#listeners.endPending();
      for (const connection of context.connections) connection.closeIdle(keepsNew);
    };
    closeIdle();
    const endMs = startMs + context.settings.client.drainMs;
    const check = setInterval(() => {
      // Some have taken the rest of an answer only now.
      closeIdle();
      if ((context.connections.size > 0 || this.#listeners.hasPending) && performance.now() < endMs) return;
      clearInterval(check);
      this.#listeners.endPending();
      for (const connection of context.connections) connection.close();
      clearInterval(this.#ticker);
      context.accessLog.flush();
      this.#metrics.flush();
      this.#spans.flush();
      this.#send({ kind: 'drained' });
    }, DRAIN_CHECK_MS);
  }
}

/** RFC 9110 6.6.1. */
function formatDateLine(epochMs: number): Buffer {
  return Buffer.from(`Date: ${new Date(epochMs).toUTCString()}\r\n`, 'latin1');
}

if (parentPort !== null) {
  const port = parentPort;
  const start: WorkerStart = workerData;
  const worker = new Worker(start, (message) => port.postMessage(message));
  port.on('message', (message: ToWorker) => worker.onMessage(message));
  keepCompiledCode();
}
