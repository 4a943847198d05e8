import type { UpstreamKey } from '../upstream.ts';

/** Statuses that a default backend answers instead (annotation and ConfigMap key `custom-http-errors`). */
export interface ErrorPages {
  /** 300 to 599. */
  readonly statuses: readonly number[];
  /** The first of them that has endpoints answers; none: the built-in 404. */
  readonly upstreams: readonly UpstreamKey[];
  /** True: only errors of Portico's own are replaced, the backend's are passed on. */
  readonly passesBackendErrors: boolean;
}
