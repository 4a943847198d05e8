/** Cross-origin resource sharing as one route wants it (annotations `enable-cors` and `cors-*`). */
export interface CorsPolicy {
  /** `any`: `*` on every response. Otherwise the request's Origin is echoed where it matches; an empty list matches nothing. */
  readonly origins: 'any' | readonly AllowedOrigin[];
  /** Values of Access-Control-Allow-Methods, -Headers and -Expose-Headers; an empty one is not sent. */
  readonly methods: string;
  readonly headers: string;
  readonly exposedHeaders: string;
  readonly allowsCredentials: boolean;
  readonly maxAgeSeconds: number;
}

export type AllowedOrigin =
  /** `https://shop.example:8443` or `null`, in lower case. */
  | { readonly kind: 'exact'; readonly origin: string }
  /** `https://*.shop.example`: one label stands for the asterisk. In lower case. */
  | { readonly kind: 'one-label'; readonly before: string; readonly after: string };
