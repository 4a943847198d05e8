// Where the numbers of one series stand in shared memory. A series is a run of `stride` doubles: the request counter, then for each
// histogram that is not excluded its sum and its buckets, not cumulated, the last one for everything above the highest bound.
// Both sides make the layout from the same settings; it never changes while the process lives.
import type { MetricsSettings } from '../../model/settings.ts';
import type { MetricId } from '../metric-names.ts';
import { metrics, NGINX_PREFIX } from '../metric-names.ts';

export interface HistogramLayout {
  readonly metric: MetricId;
  /** Upper bounds, included, ascending. */
  readonly bounds: Float64Array;
  /** Index of the sum within a series. */
  readonly sum: number;
  /** Index of the first bucket within a series. */
  readonly buckets: number;
}

export interface SeriesLayout {
  readonly stride: number;
  /** False: the counter is kept but not shown. */
  readonly showsRequests: boolean;
  readonly requestDuration: HistogramLayout | undefined;
  readonly responseDuration: HistogramLayout | undefined;
  readonly connectDuration: HistogramLayout | undefined;
  readonly headerDuration: HistogramLayout | undefined;
  readonly requestSize: HistogramLayout | undefined;
  readonly responseSize: HistogramLayout | undefined;
  readonly bytesSent: HistogramLayout | undefined;
}

/** Index of the request counter within a series. */
export const REQUESTS_INDEX = 0;

/** Lays out one series. Excluded metrics take no room; names count with and without ingress-nginx's prefix. */
export function createSeriesLayout(settings: MetricsSettings): SeriesLayout {
  let next = REQUESTS_INDEX + 1;
  const isExcluded = (metric: MetricId): boolean => {
    const name = metrics[metric].name;
    return settings.excluded.includes(name) || settings.excluded.includes(name.slice(NGINX_PREFIX.length));
  };
  const histogram = (metric: MetricId, bounds: readonly number[]): HistogramLayout | undefined => {
    if (isExcluded(metric)) return undefined;
    const sum = next;
    next += 1 + bounds.length + 1;
    return { metric, bounds: Float64Array.from(bounds).sort(), sum, buckets: sum + 1 };
  };
  const requestDuration = histogram('requestDuration', settings.timeBuckets);
  const responseDuration = histogram('responseDuration', settings.timeBuckets);
  const connectDuration = histogram('connectDuration', settings.timeBuckets);
  const headerDuration = histogram('headerDuration', settings.timeBuckets);
  const requestSize = histogram('requestSize', settings.lengthBuckets);
  const responseSize = histogram('responseSize', settings.lengthBuckets);
  const bytesSent = histogram('bytesSent', settings.sizeBuckets);
  return {
    stride: next,
    showsRequests: !isExcluded('requests'),
    requestDuration,
    responseDuration,
    connectDuration,
    headerDuration,
    requestSize,
    responseSize,
    bytesSent,
  };
}

/** The histograms that are kept, in the order in which they are shown. */
export function listHistograms(layout: SeriesLayout): readonly HistogramLayout[] {
  return [
    layout.requestDuration,
    layout.responseDuration,
    layout.connectDuration,
    layout.headerDuration,
    layout.requestSize,
    layout.responseSize,
    layout.bytesSent,
  ].filter((histogram) => histogram !== undefined);
}
