// Parts of a backend's response that are written anew: nginx's `proxy_cookie_domain`, `proxy_cookie_path`, `proxy_redirect`.

export interface CookieRewrite {
  /** Domain that equals `from` (in any case, without its leading dot) becomes `to`. */
  readonly domain?: Replacement;
  /** Path that begins with `from` has that part replaced. */
  readonly path?: Replacement;
}

export interface Replacement {
  readonly from: string;
  readonly to: string;
}
