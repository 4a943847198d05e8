// Main side of the request metrics: knows which worker keeps which series where, and sums series of the same labels over the workers
// when somebody asks. Numbers of workers that ended stay in, so that counters never go backwards.
import type { MetricsSettings } from '../../model/settings.ts';
import type { RequestMetricsMessage, SeriesAnnouncement, SeriesLabels } from './series-labels.ts';
import { seriesKey, SLOTS_PER_SEGMENT } from './series-labels.ts';
import type { SeriesLayout } from './series-layout.ts';
import { createSeriesLayout } from './series-layout.ts';

export interface RequestMetricsCollectorDeps {
  /** Tells a worker to take back slots (`RequestMetrics.free`). */
  readonly postFree: (worker: number, slots: readonly number[]) => void;
}

interface SeriesPart {
  readonly worker: number;
  readonly slot: number;
  readonly values: Float64Array;
  readonly base: number;
}

/** All that the workers counted under one set of labels. */
export interface MergedSeries {
  readonly labels: SeriesLabels;
  /** Adds up `length` numbers from `offset` within the series into `target`. */
  sum(offset: number, length: number, target: Float64Array): void;
  /** True once the series was taken away: its slots may belong to another series now. */
  readonly isRemoved: boolean;
  /** Room for a text that is made once per series, such as its labels as they are printed. */
  text: string;
}

class CollectedSeries implements MergedSeries {
  readonly labels: SeriesLabels;
  parts: SeriesPart[] = [];
  ended: Float64Array | undefined;
  isRemoved = false;
  text = '';

  constructor(labels: SeriesLabels) {
    this.labels = labels;
  }

  sum(offset: number, length: number, target: Float64Array): void {
    for (let i = 0; i < length; i++) {
      let total = this.ended?.[offset + i] ?? 0;
      for (const part of this.parts) total += part.values[part.base + offset + i] ?? 0;
      target[i] = total;
    }
  }

  /** Keeps the numbers of a worker that ended. */
  endWorker(worker: number, stride: number): void {
    for (const part of this.parts) {
      if (part.worker !== worker) continue;
      this.ended ??= new Float64Array(stride);
      for (let i = 0; i < stride; i++) this.ended[i] = (this.ended[i] ?? 0) + (part.values[part.base + i] ?? 0);
    }
    this.parts = this.parts.filter((part) => part.worker !== worker);
  }
}

export class RequestMetricsCollector {
  readonly layout: SeriesLayout;
  readonly perHost: boolean;
  readonly #deps: RequestMetricsCollectorDeps;
  readonly #segments = new Map<number, Float64Array[]>();
  readonly #series = new Map<string, CollectedSeries>();

  constructor(settings: MetricsSettings, deps: RequestMetricsCollectorDeps) {
    this.layout = createSeriesLayout(settings);
    this.perHost = settings.perHost;
    this.#deps = deps;
  }

  /** Takes what `RequestMetrics` of a worker posted. `worker` is any number that is never given to another worker. */
  receive(worker: number, message: RequestMetricsMessage): void {
    switch (message.kind) {
      case 'request-metrics-segment': {
        const segments = this.#segments.get(worker);
        const values = new Float64Array(message.buffer);
        if (segments === undefined) this.#segments.set(worker, [values]);
        else segments.push(values);
        return;
      }
      case 'request-metrics-series':
        for (const announcement of message.series) this.#addPart(worker, announcement);
        return;
    }
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  /** The series that exist now; one that is removed later says so by `isRemoved`. */
  listSeries(): readonly MergedSeries[] {
    return [...this.#series.values()];
  }

  /**
   * Removes the series for which `isLive` is false, and tells the workers to take the slots back. To be called when Ingresses or hosts
   * went away and every worker has acknowledged it; a request that ends even later brings its series back until the next call.
   */
  retain(isLive: (labels: SeriesLabels) => boolean): void {
    const freed = new Map<number, number[]>();
    for (const [key, series] of this.#series) {
      if (isLive(series.labels)) continue;
      this.#series.delete(key);
      series.isRemoved = true;
      for (const part of series.parts) {
        const slots = freed.get(part.worker);
        if (slots === undefined) freed.set(part.worker, [part.slot]);
        else slots.push(part.slot);
      }
    }
    for (const [worker, slots] of freed) this.#deps.postFree(worker, slots);
  }

  /** Forgets the memory of a worker that ended; what it counted stays in the sums. */
  removeWorker(worker: number): void {
    for (const series of this.#series.values()) series.endWorker(worker, this.layout.stride);
    this.#segments.delete(worker);
  }

  #addPart(worker: number, announcement: SeriesAnnouncement): void {
    const values = this.#segments.get(worker)?.[Math.floor(announcement.slot / SLOTS_PER_SEGMENT)];
    // A message of a worker that was removed meanwhile.
    if (values === undefined) return;
    const key = seriesKey(announcement);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new CollectedSeries(announcement);
      this.#series.set(key, series);
    }
    const base = (announcement.slot % SLOTS_PER_SEGMENT) * this.layout.stride;
    series.parts.push({ worker, slot: announcement.slot, values, base });
  }
}
