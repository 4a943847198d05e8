/** The path that the upstream gets instead of the requested one: annotations `rewrite-target` and `x-forwarded-prefix`. */
export interface RewritePolicy {
  /**
   * Template with captures of the route's pattern, `$1` to `$9`, which is matched against the normalised path, case-insensitively.
   * `http://` or `https://` at its beginning: the client is redirected there instead (302), as nginx does.
   */
  readonly target: string;
  /** Template: value of X-Forwarded-Prefix towards the upstream. */
  readonly forwardedPrefix?: string;
}
