// Prints the results: one line for each that is not as wanted, a table of verdicts, and the count that decides the exit status.
import { writeFileSync } from 'node:fs';
import { type Judgement, type Verdict, verdicts } from './judge.ts';

export interface TortureResult extends Judgement {
  readonly id: string;
  /** `request`, `upstream`, `pipelining` or `mutation`. */
  readonly kind: string;
  readonly expect: string;
  readonly level: string;
  /** `whole`, `every byte` or `random cuts`. */
  readonly sending: string;
  readonly statuses: readonly number[];
  readonly tags: readonly string[];
}

/** One line for one result. */
export function formatResult(result: TortureResult): string {
  const sending = result.sending === 'whole' ? '' : ` (${result.sending})`;
  return `${result.verdict.padEnd(9)} ${result.level.padEnd(6)} ${result.kind}/${result.id}${sending}: ${result.notes.join('; ') || result.statuses.join(',')}`;
}

/** How many results have each verdict, by kind of vector, expectation, level and way of sending. */
export function formatTable(results: readonly TortureResult[]): string {
  const rows = new Map<string, Map<Verdict | 'all', number>>();
  for (const result of results) {
    const name = [result.kind, result.expect, `[${result.level}]`, result.sending === 'whole' ? '' : result.sending]
      .filter((word) => word !== '')
      .join(' ');
    const row = rows.get(name) ?? new Map<Verdict | 'all', number>();
    rows.set(name, row);
    for (const column of ['all', result.verdict] as const) row.set(column, (row.get(column) ?? 0) + 1);
  }
  const columns = ['all', ...verdicts] as const;
  const width = Math.max(...[...rows.keys()].map((name) => name.length), 0);
  const lines = [...rows].map(
    ([name, row]) => name.padEnd(width) + columns.map((column) => String(row.get(column) ?? 0).padStart(11)).join(''),
  );
  return [' '.repeat(width) + columns.map((column) => column.padStart(11)).join(''), ...lines].join('\n');
}

/** Prints the table and the counts, writes the JSON file, and answers whether everything was as wanted. */
export function reportResults(results: readonly TortureResult[], json: string | undefined): boolean {
  const failed = results.filter((result) => result.verdict !== 'ok');
  if (json !== undefined) writeFileSync(json, JSON.stringify(results, null, 1));
  console.log(formatTable(results));
  console.log(`${results.length} runs, ${failed.filter((result) => result.level === 'must').length} failed at level must`);
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}
