// Session affinity: a cookie says which endpoint a client stays with (annotations `affinity`, `session-cookie-*`).

/** Belongs to an upstream: every route to it honours the cookie; only those of `RoutePolicies.setsAffinityCookie` give one. */
export interface CookieAffinity {
  readonly cookieName: string;
  /**
   * `balanced`: the cookie's key is hashed over the endpoints, so that few clients move when endpoints come or go. `persistent`: the key
   * stands for one endpoint, and the client moves only when that one is gone.
   */
  readonly mode: 'balanced' | 'persistent';
  /** Absent: the path of the rule. */
  readonly path?: string;
  readonly domain?: string;
  /** From now; may be negative. */
  readonly expiresSeconds?: number;
  readonly maxAgeSeconds?: number;
  /** False: only on TLS connections. */
  readonly secure: boolean;
  readonly sameSite?: 'None' | 'Lax' | 'Strict';
  /** True: `SameSite=None` is left out for user agents that misread it. */
  readonly conditionalSameSiteNone: boolean;
  /** True: another endpoint and a new cookie after a failed attempt; false: the same endpoint again. */
  readonly changeOnFailure: boolean;
}
