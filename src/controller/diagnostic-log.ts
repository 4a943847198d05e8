// Tells the log about diagnostics that are new, and about those that are gone. Looking at all of them takes time proportional to all
// routes, so it waits until changes pause, and never runs for more than a small share of the time.
import type { Logger } from 'pino';
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import { formatOrigin } from '../model/origin.ts';

const PAUSE_MS = 200;
/** After a look that took t, the next one waits at least this many times t. */
const REST_FACTOR = 20;
/** Lines per look; what is more is counted. */
const MAX_LINES = 200;

export interface DiagnosticLogDeps {
  readonly log: Logger;
  readonly getDiagnostics: () => readonly Diagnostic[];
  /** What a look has found that was not there before. */
  readonly onFound: (diagnostics: readonly Diagnostic[]) => void;
  /** Called after each look. */
  readonly onLook: () => void;
}

export class DiagnosticLog {
  readonly #deps: DiagnosticLogDeps;
  #known: ReadonlySet<string> = new Set();
  #current: readonly Diagnostic[] = [];
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;

  constructor(deps: DiagnosticLogDeps) {
    this.#deps = deps;
  }

  /** As of the last look. */
  get current(): readonly Diagnostic[] {
    return this.#current;
  }

  /** Something may have changed: look soon. */
  schedule(): void {
    const waitMs = Math.max(PAUSE_MS, this.#notBeforeMs - performance.now());
    this.#timer ??= setTimeout(() => this.#look(), waitMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const startMs = performance.now();
    this.#current = this.#deps.getDiagnostics();
    const keys = new Set<string>();
    const found: Diagnostic[] = [];
    for (const diagnostic of this.#current) {
      const key = `${diagnostic.code} ${formatOrigin(diagnostic.origin)} ${diagnostic.message}`;
      keys.add(key);
      if (this.#known.has(key)) continue;
      found.push(diagnostic);
    }
    for (const diagnostic of found.slice(0, MAX_LINES)) this.#print(diagnostic);
    const unseen = found.length - MAX_LINES;
    if (unseen > 0) this.#deps.log.warn(`${unseen} more diagnostics: portico check shows all of them`);
    this.#deps.onFound(found);
    this.#known = keys;
    this.#notBeforeMs = performance.now() + (performance.now() - startMs) * REST_FACTOR;
    this.#deps.onLook();
  }

  #print({ code, severity, message, origin }: Diagnostic): void {
    const { log } = this.#deps;
    const line = `${code} ${diagnosticCodes[code].slug}: ${formatOrigin(origin)}: ${message}`;
    if (severity === 'error') log.error(line);
    else if (severity === 'warning') log.warn(line);
    else log.debug(line);
  }
}
