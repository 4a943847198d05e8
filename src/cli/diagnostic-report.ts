// How `portico check` shows diagnostics: as lines that editors can jump to, or as JSON.
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import type { Diagnostic, Severity } from '../model/diagnostic.ts';
import type { Origin } from '../model/origin.ts';

export interface CheckReport {
  /** Objects that were read, of the kinds that are read. */
  readonly objects: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Sentences about the whole check. */
  readonly notes: readonly string[];
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

export function countSeverity(diagnostics: readonly Diagnostic[], severity: Severity): number {
  return diagnostics.reduce((count, { severity: other }) => count + (other === severity ? 1 : 0), 0);
}

/** By file and line; without file first, as these concern the command line. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => {
    const byFile = compareText(a.origin.file ?? '', b.origin.file ?? '');
    return byFile !== 0 ? byFile : (a.origin.line ?? 0) - (b.origin.line ?? 0);
  });
}

/** One line for each diagnostic, then the notes and a summary; ends with a line break. */
export function textReport({ objects, diagnostics, notes }: CheckReport): string {
  const counts = SEVERITIES.map((severity) => plural(countSeverity(diagnostics, severity), severity === 'info' ? 'note' : severity));
  const lines = [...diagnostics.map(textLine), ...notes, `${plural(objects, 'object')}: ${counts.join(', ')}`];
  return `${lines.join('\n')}\n`;
}

/** `shop.yaml:12: warning: Ingress default/shop, spec.rules[0].host: message (PRT-RULE-1 conflict)`. */
function textLine({ code, severity, message, origin }: Diagnostic): string {
  const line = origin.line === undefined ? '' : `:${origin.line}`;
  const place = origin.file === undefined ? '' : `${origin.file}${line}: `;
  return `${place}${severity}: ${subject(origin)}${message} (${code} ${diagnosticCodes[code].slug})`;
}

function subject(origin: Origin): string {
  if (origin.kind === 'File') return '';
  if (origin.kind === 'Flag') return `${origin.name}: `;
  const name = origin.namespace === '' ? origin.name : `${origin.namespace}/${origin.name}`;
  return `${origin.kind} ${name}${origin.field === undefined ? '' : `, ${origin.field}`}: `;
}

/** One JSON object; ends with a line break. */
export function jsonReport({ objects, diagnostics, notes }: CheckReport): string {
  const report = {
    objects,
    errors: countSeverity(diagnostics, 'error'),
    warnings: countSeverity(diagnostics, 'warning'),
    infos: countSeverity(diagnostics, 'info'),
    notes,
    diagnostics: diagnostics.map(({ code, severity, message, origin }) => ({
      code,
      slug: diagnosticCodes[code].slug,
      severity,
      message,
      ...origin,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
