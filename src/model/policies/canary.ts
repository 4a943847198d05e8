// A canary: another upstream that takes some requests of a route (annotations `canary-*`). Affinity decides first, then the header, the
// cookie, the weight.
import type { UpstreamKey } from '../upstream.ts';

export interface Canary {
  readonly upstream: UpstreamKey;
  /** As `Action.secureUpstream`. */
  readonly secureUpstream?: UpstreamKey;
  readonly header?: CanaryHeader;
  /** Cookie whose value `always` or `never` decides. */
  readonly cookie?: string;
  /** So many of `weightTotal` requests that nothing else has decided. */
  readonly weight: number;
  readonly weightTotal: number;
  /**
   * True: a client stays with the backend, main or canary, that gave it its affinity cookie. False: each request is decided anew, and the
   * canary gives no cookie.
   */
  readonly isSticky: boolean;
}

export interface CanaryHeader {
  /** Lower case. */
  readonly name: string;
  readonly rule:
    /** `always` and `never` decide, other values do not. */
    | { readonly kind: 'switch' }
    /** Exactly this value goes to the canary, others do not decide. */
    | { readonly kind: 'value'; readonly value: string }
    /** RE2 syntax, case-sensitive, anywhere in the value. */
    | { readonly kind: 'pattern'; readonly pattern: string }
    /** The pattern is none: requests with the header stay with the main backend. */
    | { readonly kind: 'broken-pattern' };
}
