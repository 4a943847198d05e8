// The labels of one series of request metrics, and the messages about series between a worker and the main thread.
// Labels are bounded: methods outside the registry are counted together, and hosts only count where an object names them.

export interface SeriesLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  /** The rule's path. */
  readonly path: string;
  /** Name of the alternative backend, or empty. */
  readonly canary: string;
  /** Empty with --metrics-per-host=false. */
  readonly host: string;
  readonly method: string;
  /** `200`, or `2xx` with --report-status-classes. */
  readonly status: string;
}

export interface SeriesAnnouncement extends SeriesLabels {
  /** Number of the slot in the worker's segments. */
  readonly slot: number;
}

/** From a worker to the main thread, in this order: the segment that a slot lies in comes before the slot. */
export type RequestMetricsMessage =
  | { readonly kind: 'request-metrics-segment'; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'request-metrics-series'; readonly series: readonly SeriesAnnouncement[] };

export const SLOTS_PER_SEGMENT = 128;

/** Label for methods that nobody registered. */
export const OTHER_METHOD = 'OTHER';

/** The methods of the IANA registry, and PURGE as used by caches: these stand as they are in the label `method`. */
export const knownMethods: readonly string[] = (
  'GET HEAD POST PUT DELETE PATCH OPTIONS CONNECT TRACE QUERY PURGE ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE ' +
  'MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PRI PROPFIND PROPPATCH REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK ' +
  'UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
).split(' ');

/** Joins with NUL, which no label can hold. */
export function seriesKey(labels: SeriesLabels): string {
  const { namespace, ingress, service, path, canary, host, method, status } = labels;
  return `${namespace}\0${ingress}\0${service}\0${path}\0${canary}\0${host}\0${method}\0${status}`;
}
