// Worker side of the access log: decides whether an exchange is logged, prints its line, and hands batches to the main thread.
import type { AccessLogSettings } from '../../model/settings.ts';
import type { ExchangeRecord } from '../exchange-record.ts';
import type { WorkerCounters } from '../worker-counters.ts';
import { workerCounter } from '../worker-counters.ts';
import type { AccessLogBatch } from './access-log-batcher.ts';
import { AccessLogBatcher } from './access-log-batcher.ts';
import { createJsonFormat } from './json-line.ts';
import type { LogFormatProblem } from './log-format.ts';
import type { LogVariablesDeps } from './log-variables.ts';
import { createLogVariables } from './log-variables.ts';
import type { CompiledLogFormat } from './text-line.ts';
import { compileTextFormat } from './text-line.ts';

export interface AccessLogDeps extends LogVariablesDeps {
  readonly counters: WorkerCounters;
  /** Sends to the main thread, which passes the batch to `AccessLogWriter` and calls `takeBatch`. */
  readonly post: (batch: AccessLogBatch) => void;
}

/** Compiles the format of the settings: a function that prints a record as one line, and what is wrong with the format. */
export function compileAccessLogFormat(settings: AccessLogSettings, deps: LogVariablesDeps): CompiledLogFormat {
  if (settings.format === 'json') return { format: createJsonFormat(), problems: [] };
  return compileTextFormat(settings.textFormat, settings.escape, createLogVariables(deps));
}

/** What the controller reports about a text format; the same findings as `compileAccessLogFormat`. */
export function checkLogFormat(textFormat: string): readonly LogFormatProblem[] {
  const findVariable = createLogVariables({ ports: { http: 80, https: 443 }, hostname: '', pid: 0 });
  return compileTextFormat(textFormat, 'default', findVariable).problems;
}

export class AccessLog {
  readonly #batcher: AccessLogBatcher;
  #isEnabled = false;
  #logsDefaultBackend = false;
  #skipUrls: ReadonlySet<string> = new Set();
  #format: (record: ExchangeRecord) => string = () => '';

  constructor(settings: AccessLogSettings, deps: AccessLogDeps) {
    const { counters } = deps;
    this.#batcher = new AccessLogBatcher({
      post: (batch) => {
        counters.add(workerCounter.logSent, batch.text.length);
        deps.post(batch);
      },
      getBacklog: () => counters.get(workerCounter.logSent) - counters.get(workerCounter.logTaken),
      onDrop: (lines) => counters.add(workerCounter.logLinesDropped, lines),
    });
    this.configure(settings, deps);
  }

  /** Takes new settings; lines printed before stay as they are. */
  configure(settings: AccessLogSettings, deps: LogVariablesDeps): void {
    this.#isEnabled = settings.enabled;
    this.#logsDefaultBackend = settings.defaultBackend;
    this.#skipUrls = new Set(settings.skipUrls);
    this.#format = compileAccessLogFormat(settings, deps).format;
  }

  /** False: `observe` would do nothing for any record. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** Logs one exchange, unless settings or its route say otherwise. */
  observe(record: ExchangeRecord): void {
    if (!this.#isEnabled || !record.isLogged) return;
    if (record.isDefaultBackend && !this.#logsDefaultBackend) return;
    if (this.#skipUrls.size > 0 && this.#skipUrls.has(record.target)) return;
    this.#batcher.add(this.#format(record));
  }

  /** To be called before the worker ends. */
  flush(): void {
    this.#batcher.flush();
  }
}

/** Main side: tells the worker that its batch has arrived. */
export function takeBatch(counters: WorkerCounters, batch: AccessLogBatch): void {
  counters.add(workerCounter.logTaken, batch.text.length);
}
