// The life of `portico serve`: starts the workers, the source and the health port, joins them, and ends them in the right order.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { collectGarbage } from '../kit/collect-garbage.ts';
import { keepCompiledCode } from '../kit/compiled-code.ts';
import { fail } from '../kit/result.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Settings } from '../model/settings.ts';
import { createAccessLogWriter, type AccessLogWriter } from '../observe/access-log/access-log-writer.ts';
import { takeBatch } from '../observe/access-log/access-log.ts';
import { createControllerLog } from '../observe/controller-log.ts';
import { type HealthServer, listenHealthServer } from '../observe/health-server.ts';
import { createMetricsPage } from '../observe/metrics-page.ts';
import { takeSpanBatch } from '../observe/tracing/span-batcher.ts';
import type { SpanExporter } from '../observe/tracing/span-exporter.ts';
import { createDefaultCertificate } from '../proxy/listener/self-signed.ts';
import { ResourceStore } from '../resources/store.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import type { ClusterSource } from '../sources/cluster/cluster-source.ts';
import { createManifestSource } from '../sources/manifests/manifest-source.ts';
import type { Source, SourceBatch } from '../sources/source.ts';
import { readConfigMap } from '../translate/configmap/read-configmap.ts';
import type { TranslatorOptions } from '../translate/options.ts';
import { createTranslator } from '../translate/translator.ts';
import { type AdmissionWebhook, startAdmissionWebhook } from './admission/admission-webhook.ts';
import { connectCluster, openClusterSource } from './cluster-access.ts';
import { type ClusterDuties, createClusterDuties } from './cluster-duties.ts';
import { readControllerState } from './controller-state.ts';
import { DiagnosticLog } from './diagnostic-log.ts';
import { readOwnPod } from './own-pod.ts';
import { findOwnZone } from './own-zone.ts';
import { explainListenError, reservePort, type WantedPort } from './ports.ts';
import { Publisher } from './publisher.ts';
import type { ServeOptions } from './serve-options.ts';
import { createSpanExporter } from './span-export.ts';
import { type Shutdown, watchSignals } from './shutdown.ts';
import { translatorOptions } from './translator-options.ts';
import { ListenError, WorkerPool } from './worker-pool.ts';

/** At the end, the access log may take this long to reach its reader. */
const LOG_FLUSH_MS = 1000;
/** The same for spans and their collector. */
const SPAN_FLUSH_MS = 2000;

/** Serves until a signal ends it; answers the exit code. What stands in the way of a start is one line of the log. */
export async function runServe(options: ServeOptions): Promise<number> {
  const level = options.verbosity >= 5 ? 'debug' : 'info';
  const log = createControllerLog({ level, format: options.logFormat });
  try {
    const resolved = await reservePorts(options);
    const cluster = resolved.manifests.length > 0 ? undefined : await connectCluster(resolved, readVersion());
    if (cluster?.ok === false) throw new Error(cluster.error);
    const zone = await readZone(resolved, cluster?.value, log);
    return await new Server({ options: resolved, log, client: cluster?.value, zone }).run();
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function reservePorts(options: ServeOptions): Promise<ServeOptions> {
  const httpPort = await reservePort({ flag: '--http-port', host: options.bind, port: options.httpPort });
  const httpsPort = await reservePort({ flag: '--https-port', host: options.bind, port: options.httpsPort });
  return { ...options, httpPort, httpsPort };
}

/** Empty: endpoints of all zones are used. */
async function readZone(options: ServeOptions, client: ApiClient | undefined, log: Logger): Promise<string> {
  if (!options.enableTopologyAwareRouting) return '';
  const zone = client === undefined ? fail('manifests know no zone') : await findOwnZone(client, readOwnPod(process.env));
  if (!zone.ok) log.warn(`--enable-topology-aware-routing: ${zone.error}; endpoints of all zones are used`);
  return zone.ok ? zone.value : '';
}

interface ServerParts {
  readonly options: ServeOptions;
  readonly log: Logger;
  /** Undefined: objects come from manifests. */
  readonly client: ApiClient | undefined;
  readonly zone: string;
}

class Server {
  readonly #options: ServeOptions;
  readonly #log: Logger;
  readonly #accessLog: AccessLogWriter;
  readonly #spans: SpanExporter;
  readonly #pool: WorkerPool;
  readonly #publisher: Publisher;
  readonly #diagnosticLog: DiagnosticLog;
  readonly #source: Source;
  readonly #client: ApiClient | undefined;
  readonly #cluster: ClusterSource | undefined;
  readonly #duties: ClusterDuties | undefined;
  readonly #shutdown: Shutdown;
  #health: HealthServer | undefined;
  #admission: AdmissionWebhook | undefined;

  constructor({ options, log, client, zone }: ServerParts) {
    this.#options = options;
    this.#log = log;
    this.#shutdown = watchSignals(log);
    this.#spans = createSpanExporter(readVersion(), log);
    this.#accessLog = createAccessLogWriter({
      destination: 1,
      onError: (error) => log.error({ err: error }, 'the access log cannot be written'),
    });
    const forTranslator = translatorOptions(options, zone);
    // Workers start up while the manifests are read.
    this.#pool = this.#createPool(readConfigMap(undefined, forTranslator).config.settings);
    this.#publisher = this.#createPublisher(forTranslator);
    this.#diagnosticLog = new DiagnosticLog({
      log,
      takeNew: () => this.#publisher.takeNewDiagnostics(),
      onFound: (found) => this.#duties?.onDiagnostics(found),
      onLook: () => this.#publisher.forgetRemoved(),
    });
    const getDiagnostics = (): readonly Diagnostic[] => this.#publisher.standingDiagnostics();
    this.#duties =
      client === undefined ? undefined : createClusterDuties(options, { client, publisher: this.#publisher, getDiagnostics, log });
    const onBatch = (batch: SourceBatch): void => this.#publisher.take(batch);
    this.#client = client;
    this.#cluster =
      client === undefined ? undefined : openClusterSource(options, { client, translatorOptions: forTranslator, onBatch, log });
    this.#source =
      this.#cluster ??
      createManifestSource({
        paths: options.manifests,
        onBatch,
        onWatchError: (path, error) =>
          log.warn({ path, reason: error.message }, 'a directory cannot be watched; it is looked at every few seconds'),
      });
  }

  async run(): Promise<number> {
    try {
      const started = await this.#start();
      if (!started) return 1;
      const signal = await this.#shutdown.whenAsked;
      await this.#end(signal);
      return 0;
    } finally {
      this.#source.close();
      this.#client?.close();
      this.#publisher.close();
      this.#diagnosticLog.close();
      await this.#pool.close();
      await this.#admission?.close();
      await this.#health?.close();
      this.#shutdown.dispose();
    }
  }

  #createPool(settings: Settings): WorkerPool {
    const log = this.#log;
    const options = this.#options;
    return new WorkerPool({
      workers: options.workers,
      listen: { host: options.bind, httpPort: options.httpPort, httpsPort: options.httpsPort },
      settings,
      fallbackCertificate: createDefaultCertificate(Date.now()),
      onAccessLog: (batch, counters) => {
        takeBatch(counters, batch);
        this.#accessLog.write(batch.text, batch.lines);
      },
      onSpans: (batch, counters) => {
        takeSpanBatch(counters, batch);
        this.#spans.add(batch.spans);
      },
      onSettings: ({ tracing }) => this.#spans.configure(tracing.spanExport),
      onApplied: (version) => this.#publisher.onApplied(version),
      onListenProblems: (problems) => {
        for (const { address, code } of problems) log.error(explainListenError(code, wantedPort(options, address)));
      },
      onListenFailure: (code) =>
        log.error(`a worker that was started again serves nothing yet: ${explainListenError(code, wantedPort(options, options.bind))}`),
      onFault: (error) => log.error({ err: error }, 'a fault ended a connection'),
      onWorkerError: (error) => log.error({ err: error }, 'a worker died of a fault; it is started again'),
    });
  }

  #createPublisher(forTranslator: TranslatorOptions): Publisher {
    const { httpPort, httpsPort, healthzPort, validatingWebhook } = this.#options;
    const adminPorts = [healthzPort, validatingWebhook?.port ?? 0].filter((port) => port !== 0);
    return new Publisher({
      store: new ResourceStore(),
      translator: createTranslator(forTranslator),
      pool: this.#pool,
      ownPorts: [httpPort, httpsPort, ...adminPorts],
      adminPorts,
      onChanges: (changes) => this.#duties?.onChanges(changes),
      onReport: () => this.#diagnosticLog.schedule(),
      onResolveError: (host, error) => this.#log.warn({ host, reason: error.message }, 'an ExternalName cannot be resolved'),
    });
  }

  async #start(): Promise<boolean> {
    await this.#listenHealth();
    const started = await Promise.race([this.#source.start(), this.#shutdown.whenAsked]);
    if (typeof started === 'string') return true;
    if (!started.ok) {
      this.#log.error(started.error);
      return false;
    }
    // Before readiness, which brings the questions of the API server.
    this.#admission = await startAdmissionWebhook(this.#options, {
      check: (ingress) => this.#publisher.check(ingress),
      isOurs: (ingress) => this.#publisher.isOurs(ingress),
      log: this.#log,
    });
    try {
      const listening = this.#pool.listen();
      // While the workers do the same.
      collectGarbage();
      await listening;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      const { bind } = this.#options;
      this.#log.error(explainListenError(error.code, wantedPort(this.#options, bind)));
      return false;
    }
    const { httpPort, httpsPort, workers, bind } = this.#options;
    const listenOn = this.#pool.model.settings?.listenOn.map(({ address }) => address).join(', ') ?? '';
    const where = bind || listenOn || 'all addresses';
    this.#log.info(
      `serving HTTP on port ${httpPort} and HTTPS on port ${httpsPort} of ${where} with ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    );
    this.#duties?.start();
    this.#log.info(`health, readiness and metrics on port ${this.#health?.port ?? 0}`);
    keepCompiledCode();
    return true;
  }

  async #listenHealth(): Promise<void> {
    const { healthzHost: host, healthzPort: port, healthCheckPath } = this.#options;
    try {
      this.#health = await listenHealthServer({
        host: host === '' ? undefined : host,
        port,
        healthPath: healthCheckPath,
        getHealthProblem: () => (this.#shutdown.isAsked ? 'shutting down' : this.#pool.isServing ? undefined : 'not initialised'),
        getReadinessProblem: () =>
          this.#shutdown.isAsked ? 'shutting down' : this.#pool.isServing ? undefined : 'not every worker serves a complete table yet',
        metrics: this.#createMetricsPage(),
      });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      throw new Error(explainListenError(code, { flag: '--healthz-port', host, port }), { cause: error });
    }
  }

  #createMetricsPage(): ReturnType<typeof createMetricsPage> {
    const { namespace, name: pod } = readOwnPod(process.env);
    return createMetricsPage({
      isEnabled: this.#options.enableMetrics,
      controller: { namespace, class: this.#options.controllerClass, pod },
      build: { release: readVersion(), build: process.version, repository: 'portico' },
      requests: this.#pool.requests,
      counters: this.#pool.counters,
      propagation: this.#publisher.propagation,
      getState: () =>
        readControllerState({
          pool: this.#pool,
          publisher: this.#publisher,
          diagnostics: this.#publisher.standingDiagnostics(),
          logLinesDropped: this.#accessLog.droppedLines,
          spans: this.#spans.counts,
          cluster: this.#cluster,
          duties: this.#duties,
          admission: this.#admission?.metrics,
          electionId: this.#options.electionId,
        }),
    });
  }

  /** ingress-nginx reference 6.10: health fails at once, then the grace period, the drain, and the time after it. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    const { shutdownGracePeriodMs, postShutdownGracePeriodMs } = this.#options;
    this.#log.info(`${signal}: readiness fails from now on`);
    const dutiesEnd = this.#duties?.end();
    // Whoever presses Ctrl-C waits in front of the screen: no load balancer has to hear of it first.
    const isInteractive = signal === 'SIGINT';
    if (!isInteractive) await this.#shutdown.sleep(shutdownGracePeriodMs);
    this.#log.info('accepting no more connections; requests under way finish');
    await Promise.race([this.#pool.drain(), this.#shutdown.whenAskedAgain]);
    if (!isInteractive) await this.#shutdown.sleep(postShutdownGracePeriodMs);
    await dutiesEnd;
    await Promise.all([this.#accessLog.flush(LOG_FLUSH_MS), this.#spans.flush(SPAN_FLUSH_MS)]);
    this.#log.info('done');
  }
}

function wantedPort({ httpPort }: ServeOptions, host: string): WantedPort {
  return { flag: '--http-port or --https-port', host, port: httpPort };
}

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string';
  return isManifest ? String(parsed.version) : '';
}
