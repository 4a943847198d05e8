import type { UpstreamKey } from '../upstream.ts';

/** Where a copy of each request goes (annotations `mirror-*`). Its answer is ignored. */
export interface MirrorPolicy {
  readonly upstream: UpstreamKey;
  /** Host header of the copy: text with nginx variables, checked. */
  readonly host: string;
  /** Path and query: text with nginx variables, checked. */
  readonly target: string;
  /** True: the target is constant, and the query of the request is appended to it. */
  readonly appendsQuery: boolean;
  readonly hasBody: boolean;
}
