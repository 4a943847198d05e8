// The results as text: tables for the terminal, a table for the README, and JSON with every round.
import { judgeBars } from './bars.ts';
import type { BarResult } from './bars.ts';
import type { MachineFacts } from './machine.ts';
import { formatMetric, joinRounds, metrics } from './measure/metric.ts';
import type { Metric } from './measure/metric.ts';
import type { ScenarioResult, SubjectResult } from './scenarios/scenario.ts';

export interface Report {
  readonly machine: MachineFacts;
  readonly rounds: number;
  readonly seconds: number;
  readonly manyHosts: number;
  readonly skipped: readonly string[];
  readonly scenarios: readonly ScenarioResult[];
}

/** One scenario as a table. Ratios say how many times faster than nginx, in the same variant, a target is: above 1 is faster. */
export function scenarioTable(result: ScenarioResult): string {
  const hasSpeed = result.columns.includes('cpuMicros');
  const headings = [
    '',
    ...result.columns.map((metric) => metrics[metric].heading),
    ...(hasSpeed ? ['CPU vs nginx', 'req/s vs nginx'] : []),
  ];
  const rows = result.subjects.map((subject) => [
    `${subject.target} ${subject.variant}`.trim(),
    ...result.columns.map((metric) => formatMetric(metric, joinRounds(subject.samples, metric))),
    ...(hasSpeed ? speedCells(result, subject) : []),
  ]);
  const problems = result.subjects.flatMap(({ target, variant, problem }) =>
    problem === undefined ? [] : [`  ${[target, variant].filter(Boolean).join(' ')}: skipped: ${problem}`],
  );
  return [`${result.name}: ${result.title}`, alignTable([headings, ...rows]), ...problems].join('\n');
}

function speedCells(result: ScenarioResult, subject: SubjectResult): readonly string[] {
  const peers = result.subjects.filter(({ target }) => target === 'nginx');
  const hasSameVariants = result.subjects.some(({ target, variant }) => target !== 'nginx' && variant === subject.variant);
  const nginx = hasSameVariants ? peers.find(({ variant }) => variant === subject.variant) : peers[0];
  const value = (row: SubjectResult | undefined, metric: Metric): number => joinRounds(row?.samples ?? [], metric) ?? Number.NaN;
  return [
    formatRatio(value(nginx, 'cpuMicros') / value(subject, 'cpuMicros')),
    formatRatio(value(subject, 'requestsPerSecond') / value(nginx, 'requestsPerSecond')),
  ];
}

function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)}x` : '-';
}

/** Pads all columns, the first to the right and numbers to the left. */
function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const align = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => `  ${row.map(align).join('  ')}`.trimEnd()).join('\n');
}

export function barLines(bars: readonly BarResult[]): string {
  const verdict = ({ verdict: word, isAimReached }: BarResult): string => {
    if (word !== 'ok') {
      return word === 'missed' ? 'MISSED' : 'not measured';
    }
    return isAimReached === undefined ? 'OK' : isAimReached ? 'OK, aim reached' : 'OK, aim not reached';
  };
  return alignTable([['bar', 'limit', 'measured', ''], ...bars.map((bar) => [bar.name, bar.limit, bar.measured, verdict(bar)])]);
}

/** A table for the README: a row for each scenario and variant, a column for each target. */
export function markdownTable(report: Report): string {
  const names = [...new Set(report.scenarios.flatMap(({ subjects }) => subjects.map(({ target }) => target)))];
  const lines = [
    markdownRow(['Scenario', 'Measured', ...names]),
    markdownRow(['Scenario', 'Measured', ...names].map(() => '---')),
    ...report.scenarios.flatMap((scenario) => markdownRows(scenario, names)),
  ];
  return `${lines.join('\n')}\n\n${machineLine(report)}\n`;
}

const markdownMetrics: readonly Metric[] = [
  ...(['requestsPerSecond', 'cpuMicros', 'p99Ms', 'bytesPerConnection', 'propagationP50Ms', 'propagationP99Ms'] as const),
  ...(['quietP99Ms', 'startMs', 'residentMegabytes'] as const),
];

function markdownRows({ title, subjects, columns }: ScenarioResult, names: readonly string[]): readonly string[] {
  const shown = columns.includes('startMs') ? markdownMetrics : markdownMetrics.filter((metric) => metric !== 'residentMegabytes');
  const variants = [...new Set(subjects.map(({ target, variant }) => (target === 'nginx' && variant === 'reload' ? '' : variant)))];
  return variants.flatMap((variant) =>
    [...shown.filter((metric) => columns.includes(metric)), 'failed' as const, 'cut' as const].flatMap((metric) => {
      const cells = names.map((name) => {
        const row = subjects.find((subject) => subject.target === name && [variant, 'reload'].includes(subject.variant));
        return formatMetric(metric, joinRounds(row?.samples ?? [], metric));
      });
      const isBoring = cells.every((cell) => cell === '-' || (['failed', 'cut'].includes(metric) && cell === '0'));
      return isBoring ? [] : [markdownRow([variant === '' ? title : `${title}: ${variant}`, metrics[metric].heading, ...cells])];
    }),
  );
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function machineLine({ machine, rounds, seconds }: Report): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return (
    `${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, ${machine.layout}. Medians of ${rounds} rounds of ${seconds} s, ` +
    `${machine.date.slice(0, 10)}. ${versions.join(', ')}.`
  );
}

export function jsonReport(report: Report): string {
  return `${JSON.stringify({ ...report, bars: judgeBars(report.scenarios, report.manyHosts) }, null, 2)}\n`;
}
