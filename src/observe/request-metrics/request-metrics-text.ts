// Prints the request metrics, in chunks small enough that nothing else waits: the caller lets the event loop turn between two.
// A series keeps its labels as text, and the parts of lines that are the same for all series are made once per metric.
import { CHUNK_LENGTH, formatBound, formatHeader, formatLabels, formatNumber, joinLabels } from '../exposition.ts';
import { metrics } from '../metric-names.ts';
import type { MergedSeries, RequestMetricsCollector } from './request-metrics-collector.ts';
import type { HistogramLayout } from './series-layout.ts';
import { listHistograms, REQUESTS_INDEX } from './series-layout.ts';

/** `controllerLabels`: the constant labels as they are printed, without braces. Metrics and histograms without any sample are left out. */
export function* printRequestMetrics(collector: RequestMetricsCollector, controllerLabels: string): Generator<string, void, void> {
  const all = collector.listSeries();
  const labelsOf = (series: MergedSeries): string => {
    if (series.text === '') series.text = joinLabels(controllerLabels, seriesLabels(series, collector.perHost));
    return series.text;
  };
  if (collector.layout.showsRequests) yield* printRequests(all, labelsOf);
  for (const histogram of listHistograms(collector.layout)) yield* printHistogram(all, histogram, labelsOf);
}

type LabelsOf = (series: MergedSeries) => string;

function* printRequests(all: readonly MergedSeries[], labelsOf: LabelsOf): Generator<string, void, void> {
  const metric = metrics.requests;
  const value = new Float64Array(1);
  let chunk = '';
  let header = formatHeader(metric);
  for (const series of all) {
    if (series.isRemoved) continue;
    series.sum(REQUESTS_INDEX, 1, value);
    chunk += `${header}${metric.name}{${labelsOf(series)}} ${formatNumber(value[0] ?? 0)}\n`;
    header = '';
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function* printHistogram(all: readonly MergedSeries[], histogram: HistogramLayout, labelsOf: LabelsOf): Generator<string, void, void> {
  const metric = metrics[histogram.metric];
  const { name } = metric;
  const buckets = histogram.bounds.length + 1;
  const values = new Float64Array(1 + buckets);
  const ends: readonly string[] = [...histogram.bounds, Infinity].map((bound) => `,le="${formatBound(bound)}"} `);
  let chunk = '';
  let header = formatHeader(metric);
  for (const series of all) {
    if (series.isRemoved) continue;
    series.sum(histogram.sum, values.length, values);
    const labels = labelsOf(series);
    let lines = '';
    let count = 0;
    for (let i = 0; i < buckets; i++) {
      count += values[1 + i] ?? 0;
      lines += `${name}_bucket{${labels}${ends[i] ?? ''}${count}\n`;
    }
    if (count === 0) continue;
    chunk += `${header}${lines}${name}_sum{${labels}} ${formatNumber(values[0] ?? 0)}\n${name}_count{${labels}} ${count}\n`;
    header = '';
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function seriesLabels(series: MergedSeries, perHost: boolean): string {
  const { host, namespace, ingress, service, path, canary, method, status } = series.labels;
  const rest = { namespace, ingress, service, path, canary, method, status };
  return formatLabels(perHost ? { host, ...rest } : rest);
}
