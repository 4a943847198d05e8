// What a run prints: a line for each failing case, a summary line for each file, the cases out of scope by reason, and the totals.
import { styleText } from 'node:util';
import type { Case, CaseFile } from './case-format.ts';

export type CaseResult = {
  readonly id: string;
  readonly name: string;
  readonly level: Case['level'];
  readonly seconds: number;
} & (
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly problems: readonly string[] }
  | { readonly kind: 'out-of-scope'; readonly reasons: readonly string[] }
);

export interface Totals {
  readonly passed: number;
  /** Of level must or should. */
  readonly failed: number;
  readonly skipped: number;
  readonly differingQuirks: readonly string[];
}

export function countResults(results: readonly CaseResult[]): Totals {
  const failed = results.filter((result) => result.kind === 'failed');
  return {
    passed: results.filter((result) => result.kind === 'passed').length,
    failed: failed.filter((result) => result.level !== 'quirk').length,
    skipped: results.filter((result) => result.kind === 'out-of-scope').length,
    differingQuirks: failed.filter((result) => result.level === 'quirk').map((result) => result.id),
  };
}

/** Lines about one file, once all of its cases are done. */
export function fileLines(file: CaseFile, results: readonly CaseResult[], isVerbose: boolean): string[] {
  const lines: string[] = [];
  for (const result of results) {
    if (result.kind === 'failed') lines.push(...failureLines(result));
    else if (isVerbose) lines.push(verboseLine(result));
  }
  const totals = countResults(results);
  const parts = [`${totals.passed} passed`];
  if (totals.failed > 0) parts.push(`${totals.failed} failed`);
  if (totals.differingQuirks.length > 0) parts.push(`${totals.differingQuirks.length} quirks differ`);
  if (totals.skipped > 0) parts.push(`${totals.skipped} out of scope`);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const summary = `${file.topic}: ${parts.join(', ')} (${seconds.toFixed(1)} s)`;
  return [...lines, totals.failed > 0 ? styleText('red', summary) : summary];
}

function failureLines(result: CaseResult & { kind: 'failed' }): string[] {
  const head = `${result.level === 'quirk' ? 'quirk differs' : 'FAIL'} ${result.id} [${result.level}] ${result.name}`;
  return [styleText(result.level === 'quirk' ? 'yellow' : 'red', head), ...result.problems.map((problem) => `     ${problem}`)];
}

function verboseLine(result: CaseResult & { kind: 'passed' | 'out-of-scope' }): string {
  if (result.kind === 'out-of-scope') return styleText('dim', `skip ${result.id}: out of scope: ${result.reasons.join('; ')}`);
  return styleText('green', `ok   ${result.id} (${Math.round(result.seconds * 1000)} ms)`);
}

/** The end of a report: what is out of scope and why, differing quirks, totals. */
export function summaryLines(results: readonly CaseResult[]): string[] {
  const totals = countResults(results);
  const byReason = new Map<string, string[]>();
  for (const result of results) {
    if (result.kind !== 'out-of-scope') continue;
    // A case that lacks several things is listed with the first; the verbose lines have them all.
    const reason = result.reasons[0] ?? '';
    byReason.set(reason, [...(byReason.get(reason) ?? []), result.id]);
  }
  const lines = [...byReason].map(([reason, ids]) => `out of scope: ${reason} (${ids.length}): ${ids.join(' ')}`);
  if (totals.differingQuirks.length > 0)
    lines.push(`quirks that differ (${totals.differingQuirks.length}): ${totals.differingQuirks.join(' ')}`);
  return [...lines, `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`];
}
