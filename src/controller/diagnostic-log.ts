// Tells the log about diagnostics that are new. A look takes time proportional to what changed, and waits until changes pause, so that what one change
// breaks and the next one mends is not told.
import type { Logger } from 'pino';
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import { formatOrigin } from '../model/origin.ts';

const PAUSE_MS = 200;
/** After a look that took t, the next one waits at least this many times t: where everything changes all the time, too, the log takes little of it. */
const REST_FACTOR = 20;
/** Lines per look; what is more is counted. */
const MAX_LINES = 200;

export interface DiagnosticLogDeps {
  readonly log: Logger;
  /** What was not there at the last call. */
  readonly takeNew: () => readonly Diagnostic[];
  /** What a look has found. */
  readonly onFound: (diagnostics: readonly Diagnostic[]) => void;
  /** Called after each look. */
  readonly onLook: () => void;
}

export class DiagnosticLog {
  readonly #deps: DiagnosticLogDeps;
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;

  constructor(deps: DiagnosticLogDeps) {
    this.#deps = deps;
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
    const found = this.#deps.takeNew();
    for (const diagnostic of found.slice(0, MAX_LINES)) this.#print(diagnostic);
    const unseen = found.length - MAX_LINES;
    if (unseen > 0) this.#deps.log.warn(`${unseen} more diagnostics: portico check shows all of them`);
    this.#deps.onFound(found);
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
