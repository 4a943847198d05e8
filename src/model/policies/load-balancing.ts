// How the endpoint of a request is chosen where it is not round robin (annotations `load-balance`, `upstream-hash-by*`).

export type LoadBalancing =
  /** The better of two random endpoints by the moving average of their response times. */
  | { readonly kind: 'ewma' }
  /** Consistent hash of `key`, a template with nginx variables. `subsetSize`: the hash chooses so many endpoints, chance one of them. */
  | { readonly kind: 'hash'; readonly key: string; readonly subsetSize?: number };
