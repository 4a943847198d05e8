// Compression of responses, for all routes (ConfigMap keys `use-gzip`, `gzip-*`, `enable-brotli`, `brotli-*`, `portico-zstd*`).

/** In the order of preference among codings that a client likes equally. */
export const CONTENT_CODINGS = ['br', 'zstd', 'gzip'] as const;
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

export interface CodingSettings {
  readonly isEnabled: boolean;
  readonly level: number;
  /** Responses that say that they are shorter are left alone. */
  readonly minBytes: number;
  /** Media types in lower case; `*`: all. `text/html` counts always. */
  readonly types: readonly string[];
}

export interface CompressionSettings {
  readonly codings: Readonly<Record<ContentCoding, CodingSettings>>;
  /** User agents that get no gzip: pattern in RE2 syntax, checked; empty: none. */
  readonly gzipDisabledAgents: string;
}
