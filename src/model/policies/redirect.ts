// Redirects instead of a backend: annotations `permanent-redirect`, `temporal-redirect`, `app-root` and `from-to-www-redirect`.

export interface Redirect {
  readonly statusCode: number;
  readonly to: RedirectTarget;
}

export type RedirectTarget =
  /** This Location, nothing appended. Checked: ASCII without blanks and controls. */
  | { readonly kind: 'url'; readonly url: string }
  /** This path of the requested host: absolute unless `relative-redirects`. Checked likewise. */
  | { readonly kind: 'path'; readonly path: string }
  /** This path at scheme and Host of the connection and the request, port included, as nginx's `$scheme://$http_host` (`app-root`). */
  | { readonly kind: 'app-root'; readonly path: string }
  /** The same URL, without one trailing slash, at another host; always with the listening port (`from-to-www-redirect`). */
  | { readonly kind: 'host'; readonly host: string };
