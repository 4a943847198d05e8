// An origin says which object, and which place in it, a row of the model or a diagnostic comes from, so that an
// explanation is a look-up and never a guess. Origins are small plain data; the workers get routes without them.

/** Where something was read: an object, optionally a field in it, optionally the file and line it stands in. */
export interface Origin {
  /** Kubernetes kind, such as `Ingress`; `Flag` for command line options, `File` for text that is no object. */
  readonly kind: string;
  /** Empty for objects without a namespace. */
  readonly namespace: string;
  readonly name: string;
  /** Path in the object, such as `spec.rules[0].http.paths[1].path` or `metadata.annotations["…/ssl-redirect"]`. */
  readonly field?: string;
  readonly file?: string;
  /** One-based. */
  readonly line?: number;
}

/** Prints `Ingress default/shop, spec.rules[0].host (shop.yaml:12)`. */
export function formatOrigin(origin: Origin): string {
  const name = origin.namespace === '' ? origin.name : `${origin.namespace}/${origin.name}`;
  const field = origin.field === undefined ? '' : `, ${origin.field}`;
  const line = origin.line === undefined ? '' : `:${origin.line}`;
  const place = origin.file === undefined ? '' : ` (${origin.file}${line})`;
  return `${origin.kind} ${name}${field}${place}`;
}
