// Worker side of the request metrics: finds the series of an exchange and adds to its doubles in shared memory. Only this worker
// writes its segments, so plain writes are enough; the main thread reads them at a scrape.
// In the steady state an observation makes no string and no object: each route keeps its series by host, method and status.
// Measured by bench/micro/observe.ts.
import type { RouteLabels } from '../../model/route.ts';
import type { MetricsSettings } from '../../model/settings.ts';
import type { ExchangeRecord } from '../exchange-record.ts';
import type { RequestMetricsMessage, SeriesAnnouncement, SeriesLabels } from './series-labels.ts';
import { knownMethods, OTHER_METHOD, seriesKey, SLOTS_PER_SEGMENT } from './series-labels.ts';
import type { HistogramLayout, SeriesLayout } from './series-layout.ts';
import { createSeriesLayout, REQUESTS_INDEX } from './series-layout.ts';

export interface RequestMetricsDeps {
  /** Sends to the main thread, in order. */
  readonly post: (message: RequestMetricsMessage) => void;
  /** Called once per request that finds no series because the bound was reached. */
  readonly onOverflow: () => void;
}

/** One series of this worker. */
class Slot {
  readonly index: number;
  readonly key: string;
  readonly values: Float64Array;
  /** Index of the series' first double in `values`. */
  readonly base: number;
  /** Set when the main thread took the series away; whoever still holds the slot must look for a new one. */
  isFreed = false;

  constructor(index: number, key: string, values: Float64Array, base: number) {
    this.index = index;
    this.key = key;
    this.values = values;
    this.base = base;
  }
}

/** The series of one route for one host and one canary, by method and status. */
class HostSeries {
  readonly host: string;
  readonly canary: string;
  /** Made for the first one: most routes of most workers never see a request. */
  slots: Map<number, Slot> | undefined;
  lastMethod = '';
  lastStatus = -1;
  lastSlot: Slot | undefined;

  constructor(host: string, canary: string) {
    this.host = host;
    this.canary = canary;
  }
}

const NO_HOST = '\0';

/** What a compiled route keeps, so that its exchanges find their series without looking at all labels. */
export class RouteSeries {
  readonly #metrics: RequestMetrics;
  readonly #labels: RouteLabels;
  /** Only entries that have a series, so that it is bounded as the series are. */
  #byHost: Map<string, HostSeries[]> | undefined;
  #last: HostSeries;

  constructor(owner: RequestMetrics, labels: RouteLabels) {
    this.#metrics = owner;
    this.#labels = labels;
    this.#last = owner.noSeries;
  }

  /** Counts one exchange. Hosts that no object names are left out, as in ingress-nginx, unless settings say otherwise. */
  observe(record: ExchangeRecord): void {
    const owner = this.#metrics;
    if (owner.onlyDefinedHosts && !record.isHostDefined) return;
    const host = owner.perHost ? record.host : '';
    let last = this.#last;
    if (last.host !== host || last.canary !== record.alternativeUpstreamName) last = this.#find(host, record.alternativeUpstreamName);
    let slot = last.lastSlot;
    if (slot === undefined || slot.isFreed || last.lastStatus !== record.status || last.lastMethod !== record.method) {
      slot = this.#findSlot(last, record.method, record.status);
      if (slot === undefined) {
        owner.countOverflow();
        return;
      }
    }
    addExchange(owner.layout, slot.values, slot.base, record);
  }

  #find(host: string, canary: string): HostSeries {
    const found = this.#byHost?.get(host)?.find((entry) => entry.canary === canary) ?? new HostSeries(host, canary);
    this.#last = found;
    return found;
  }

  #findSlot(series: HostSeries, method: string, status: number): Slot | undefined {
    const owner = this.#metrics;
    const methodNumber = owner.methodNumber(method);
    const statusNumber = owner.statusNumber(status);
    const number = methodNumber * 1000 + statusNumber;
    let slot = series.slots?.get(number);
    if (slot === undefined || slot.isFreed) {
      slot = owner.findSlot(this.#labels, series, methodNumber, statusNumber);
      if (slot === undefined) return undefined;
      if (series.slots === undefined) {
        series.slots = new Map();
        this.#keep(series);
      }
      series.slots.set(number, slot);
    }
    series.lastMethod = method;
    series.lastStatus = status;
    series.lastSlot = slot;
    return slot;
  }

  #keep(series: HostSeries): void {
    this.#byHost ??= new Map();
    const entries = this.#byHost.get(series.host);
    if (entries === undefined) this.#byHost.set(series.host, [series]);
    else entries.push(series);
  }
}

export class RequestMetrics {
  readonly layout: SeriesLayout;
  readonly perHost: boolean;
  readonly onlyDefinedHosts: boolean;
  /** Stands for the last series of a route that has had none; equal to no host. */
  readonly noSeries = new HostSeries(NO_HOST, '');
  readonly #statusClasses: boolean;
  readonly #maxSeries: number;
  readonly #deps: RequestMetricsDeps;
  readonly #methodNumbers = new Map<string, number>(knownMethods.map((method, index) => [method, index]));
  readonly #routes = new WeakMap<RouteLabels, RouteSeries>();
  readonly #segments: Float64Array[] = [];
  readonly #byKey = new Map<string, Slot>();
  readonly #byIndex: (Slot | undefined)[] = [];
  readonly #freeIndexes: number[] = [];
  #announcements: SeriesAnnouncement[] = [];

  constructor(settings: MetricsSettings, deps: RequestMetricsDeps) {
    this.layout = createSeriesLayout(settings);
    this.perHost = settings.perHost;
    this.onlyDefinedHosts = settings.perHost && !settings.perUndefinedHost;
    this.#statusClasses = settings.statusClasses;
    this.#maxSeries = settings.maxSeries;
    this.#deps = deps;
  }

  /** Makes the cache that a compiled route keeps. It is garbage when the route is; the series themselves live on. */
  createRouteSeries(labels: RouteLabels): RouteSeries {
    return new RouteSeries(this, labels);
  }

  /** As `RouteSeries.observe`, for callers that keep no cache: looks it up by the identity of `record.labels`. */
  observe(record: ExchangeRecord): void {
    let route = this.#routes.get(record.labels);
    if (route === undefined) {
      route = new RouteSeries(this, record.labels);
      this.#routes.set(record.labels, route);
    }
    route.observe(record);
  }

  get seriesCount(): number {
    return this.#byKey.size;
  }

  /** Takes back series that the main thread no longer shows. Their numbers are zeroed and their slots used again. */
  free(slots: readonly number[]): void {
    for (const index of slots) {
      const slot = this.#byIndex[index];
      if (slot === undefined) continue;
      slot.isFreed = true;
      slot.values.fill(0, slot.base, slot.base + this.layout.stride);
      this.#byKey.delete(slot.key);
      this.#byIndex[index] = undefined;
      this.#freeIndexes.push(index);
    }
  }

  /** Announces the new series now instead of at the end of this turn of the loop. */
  flush(): void {
    if (this.#announcements.length === 0) return;
    const series = this.#announcements;
    this.#announcements = [];
    this.#deps.post({ kind: 'request-metrics-series', series });
  }

  countOverflow(): void {
    this.#deps.onOverflow();
  }

  methodNumber(method: string): number {
    return this.#methodNumbers.get(method) ?? knownMethods.length;
  }

  statusNumber(status: number): number {
    if (!(status >= 0 && status < 1000)) return 0;
    return this.#statusClasses ? Math.floor(status / 100) : status;
  }

  /** Finds or makes the series of these labels; undefined where the bound is reached. */
  findSlot(route: RouteLabels, series: HostSeries, methodNumber: number, statusNumber: number): Slot | undefined {
    const labels: SeriesLabels = {
      namespace: route.namespace,
      ingress: route.ingress,
      service: route.service,
      path: route.path,
      canary: series.canary,
      host: series.host,
      method: knownMethods[methodNumber] ?? OTHER_METHOD,
      status: this.#statusClasses ? `${statusNumber}xx` : String(statusNumber).padStart(3, '0'),
    };
    const key = seriesKey(labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#maxSeries) return undefined;
    const slot = this.#createSlot(key);
    if (this.#announcements.length === 0) setImmediate(() => this.flush());
    this.#announcements.push({ slot: slot.index, ...labels });
    return slot;
  }

  #createSlot(key: string): Slot {
    const index = this.#freeIndexes.pop() ?? this.#byIndex.length;
    const segment = Math.floor(index / SLOTS_PER_SEGMENT);
    let values = this.#segments[segment];
    if (values === undefined) {
      const buffer = new SharedArrayBuffer(SLOTS_PER_SEGMENT * this.layout.stride * Float64Array.BYTES_PER_ELEMENT);
      values = new Float64Array(buffer);
      this.#segments.push(values);
      this.#deps.post({ kind: 'request-metrics-segment', buffer });
    }
    const slot = new Slot(index, key, values, (index % SLOTS_PER_SEGMENT) * this.layout.stride);
    this.#byIndex[index] = slot;
    this.#byKey.set(key, slot);
    return slot;
  }
}

function addExchange(layout: SeriesLayout, values: Float64Array, base: number, record: ExchangeRecord): void {
  values[base + REQUESTS_INDEX] = (values[base + REQUESTS_INDEX] ?? 0) + 1;
  add(layout.requestDuration, values, base, record.durationSeconds);
  add(layout.requestSize, values, base, record.requestBytes);
  add(layout.responseSize, values, base, record.sentBytes);
  add(layout.bytesSent, values, base, record.sentBytes);
  const attempts = record.attempts;
  if (attempts.length === 0) return;
  // ingress-nginx counts no upstream times for a request with several attempts; here the last one counts, which gave the answer.
  const attempt = attempts[attempts.length - 1];
  if (attempt === undefined) return;
  add(layout.connectDuration, values, base, attempt.connectSeconds);
  add(layout.headerDuration, values, base, attempt.headerSeconds);
  add(layout.responseDuration, values, base, attempt.responseSeconds);
}

/** Negative and NaN are no observations: the phase was not reached. */
function add(histogram: HistogramLayout | undefined, values: Float64Array, base: number, value: number): void {
  if (histogram === undefined || !(value >= 0)) return;
  const sum = base + histogram.sum;
  values[sum] = (values[sum] ?? 0) + value;
  const bounds = histogram.bounds;
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
  const index = base + histogram.buckets + bucket;
  values[index] = (values[index] ?? 0) + 1;
}
