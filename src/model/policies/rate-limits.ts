// Limits on what one client may ask of one Ingress (annotations `limit-*`). All hosts and paths of the Ingress share the counters, and so do
// all workers.

export interface RateLimits {
  /** Whose counters: `namespace/name` of the Ingress and, where it has one, its `/uid`, so that a new one of the name starts afresh. */
  readonly zone: string;
  /** Leaky buckets; all of them must have room. */
  readonly rates: readonly RateLimit[];
  /** Requests under way at the same time; undefined: no limit. */
  readonly connections?: number;
  /** CIDRs of clients without limits, checked. */
  readonly exempt: readonly string[];
}

export interface RateLimit {
  readonly requests: number;
  readonly perMs: 1000 | 60_000;
  /** Requests that may come early. */
  readonly burst: number;
}

/** Bandwidth of each response (`limit-rate`, `limit-rate-after`). */
export interface Bandwidth {
  readonly bytesPerSecond: number;
  /** So much is sent without limit. */
  readonly afterBytes: number;
}
