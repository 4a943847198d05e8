// The Prometheus text format 0.0.4: names, labels and numbers as text. Each metric's lines stand together under one HELP and one TYPE.
import type { MetricRow } from './metric-names.ts';

export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Characters after which a chunk of the page ends; making one of this size takes less than a millisecond or two. */
export const CHUNK_LENGTH = 64 * 1024;

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export function formatHeader(metric: MetricRow): string {
  return `# HELP ${metric.name} ${escapeHelp(metric.help)}\n# TYPE ${metric.name} ${metric.type}\n`;
}

/** `a="x",b="y"`, without braces. Joined, not added up, because the text may be kept: a joined string is one flat piece of memory. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(',');
}

export function joinLabels(first: string, second: string): string {
  if (first === '') return second;
  return second === '' ? first : [first, second].join(',');
}

export function formatSample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${formatNumber(value)}\n` : `${name}{${labels}} ${formatNumber(value)}\n`;
}

export function escapeLabelValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

export function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** A bucket bound as Go prints it (`0.005`, `1e+06`), since queries name the label `le` literally. */
export function formatBound(bound: number): string {
  if (bound === Infinity) return '+Inf';
  const [mantissa = '', exponentText = '0'] = bound.toExponential().split('e');
  const exponent = Number(exponentText);
  if (bound === 0 || (exponent >= -4 && exponent < 6)) return String(bound);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
