// A diagnostic is one thing that a person should know about one of their objects: a mistake, a conflict, a setting without
// effect. Translation returns them as data; `portico check`, the log and (later) events show them.
import type { DiagnosticCode } from './diagnostic-codes.ts';
import type { Origin } from './origin.ts';

/** `error`: something asked for does not work. `warning`: it works, but not as written. `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One sentence without the origin, saying what is wrong and what happens instead. */
  readonly message: string;
  readonly origin: Origin;
}
