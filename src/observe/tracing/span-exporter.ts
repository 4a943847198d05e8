// Main side of tracing: spans of all workers wait in one bounded queue and leave in batches, one at a time. A collector that is away or
// slow costs spans, which are counted, and nothing else: nobody ever waits for it. A batch that it does not take for now is tried again for
// some seconds, so that a restart of the collector loses nothing that the queue has room for.
import type { SpanExportSettings } from '../../model/policies/tracing.ts';
import type { ExportResult, OtlpClient, OtlpClientOptions } from './otlp-client.ts';
import type { FinishedSpan } from './span.ts';

export interface SpanExporterDeps {
  /** Attributes of the resource beside `service.name`. */
  readonly resource: Readonly<Record<string, string>>;
  /** Of Portico. */
  readonly version: string;
  /** The first export that failed after one that did not. */
  readonly onFailure: (collector: string, reason: string) => void;
  /** The first export that worked after one that failed. */
  readonly onRecovery: (collector: string) => void;
}

/** Pauses between two attempts with one batch. */
const RETRY_DELAYS_MS = [1000, 2000, 4000, 5000] as const;

const NO_COLLECTOR: SpanExportSettings = { host: '', port: 0, serviceName: '', maxQueueSize: 0, scheduleDelayMs: 0, maxBatchSize: 0 };

export class SpanExporter {
  /** `failed`: given up, or refused by the collector; `dropped`: there was no room for them. */
  readonly counts = { exported: 0, failed: 0, dropped: 0 };
  readonly #deps: SpanExporterDeps;
  #settings: SpanExportSettings = NO_COLLECTOR;
  #client: Promise<OtlpClient> | undefined;
  #queue: FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #running: Promise<void> = Promise.resolve();
  #isFailing = false;
  #isEnding = false;
  /** Ends the pause before an attempt. */
  #wake: (() => void) | undefined;

  /** Without a collector until `configure`. */
  constructor(deps: SpanExporterDeps) {
    this.#deps = deps;
  }

  /** Spans that wait go to the new collector. */
  configure(settings: SpanExportSettings): void {
    const old = this.#settings;
    this.#settings = settings;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (old.host === settings.host && old.port === settings.port && old.serviceName === settings.serviceName) return this.#schedule();
    this.#closeClient();
    this.#isFailing = false;
    this.#wake?.();
    if (settings.host !== '') return this.#schedule();
    this.counts.dropped += this.#queue.length;
    this.#queue = [];
  }

  /** Returns at once. */
  add(spans: readonly FinishedSpan[]): void {
    const { host, maxQueueSize } = this.#settings;
    const room = host === '' ? 0 : Math.max(0, maxQueueSize - this.#queue.length);
    for (const span of room < spans.length ? spans.slice(0, room) : spans) this.#queue.push(span);
    this.counts.dropped += Math.max(0, spans.length - room);
    this.#schedule();
  }

  /** Sends what waits, once and for no longer than `timeoutMs`; what is left then is dropped. For the end of the program. */
  async flush(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    this.#wake?.();
    if (this.#queue.length > 0 || this.#isSending) {
      const { promise: limit, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      await Promise.race([this.#drain(), limit]);
      clearTimeout(timer);
    }
    this.counts.dropped += this.#queue.length;
    this.#queue = [];
    this.#closeClient();
  }

  #schedule(): void {
    if (this.#isSending || this.#queue.length === 0) return;
    const { maxBatchSize, maxQueueSize, scheduleDelayMs } = this.#settings;
    const isFull = this.#queue.length >= Math.min(maxBatchSize, maxQueueSize);
    if (isFull) void this.#run();
    else this.#timer ??= setTimeout(() => void this.#run(), scheduleDelayMs).unref();
  }

  async #drain(): Promise<void> {
    while (this.#isSending) await this.#running;
    await this.#run();
  }

  #run(): Promise<void> {
    if (this.#isSending) return this.#running;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isSending = true;
    this.#running = this.#sendAll().finally(() => {
      this.#isSending = false;
      this.#schedule();
    });
    return this.#running;
  }

  /** What has come meanwhile waits for its own time, unless it makes a whole batch. */
  async #sendAll(): Promise<void> {
    let rest = this.#queue.length;
    while (rest > 0 || this.#queue.length >= this.#settings.maxBatchSize) {
      const batch = this.#queue.splice(0, this.#settings.maxBatchSize);
      if (batch.length === 0) return;
      rest -= batch.length;
      const isTaken = await this.#sendBatch(batch);
      if (!isTaken && this.#isEnding) return;
    }
  }

  async #sendBatch(batch: readonly FinishedSpan[]): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      const result = await this.#attempt(batch);
      if (result.kind === 'exported') {
        const rejected = Math.min(result.rejected, batch.length);
        this.counts.exported += batch.length - rejected;
        this.counts.failed += rejected;
        this.#reportSuccess();
        return true;
      }
      this.#reportFailure(result.reason);
      const delayMs = RETRY_DELAYS_MS[attempt];
      if (result.kind === 'refused' || delayMs === undefined || this.#isEnding) {
        this.counts.failed += batch.length;
        return false;
      }
      await this.#pause(delayMs);
    }
  }

  async #attempt(batch: readonly FinishedSpan[]): Promise<ExportResult> {
    if (this.#settings.host === '') return { kind: 'refused', reason: 'there is no collector' };
    try {
      const client = await (this.#client ??= this.#createClient());
      return await client.send(batch);
    } catch (error) {
      // A fault of the exporter must not end the program.
      return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #createClient(): Promise<OtlpClient> {
    const { host, port, serviceName } = this.#settings;
    const { resource, version } = this.#deps;
    const options: OtlpClientOptions = { host, port, resource: { 'service.name': serviceName, ...resource }, version };
    const { OtlpClient } = await import('./otlp-client.ts');
    return new OtlpClient(options);
  }

  #closeClient(): void {
    void this.#client?.then((client) => client.close()).catch(() => undefined);
    this.#client = undefined;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  get #collector(): string {
    return `${this.#settings.host}:${this.#settings.port}`;
  }

  #reportFailure(reason: string): void {
    if (this.#isFailing || this.#settings.host === '') return;
    this.#isFailing = true;
    this.#deps.onFailure(this.#collector, reason);
  }

  #reportSuccess(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#deps.onRecovery(this.#collector);
  }
}
