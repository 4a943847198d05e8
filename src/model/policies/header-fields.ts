// Fields that Portico sets on requests towards backends or on responses towards clients.

export interface HeaderField {
  /** A token, as written. */
  readonly name: string;
  readonly value: HeaderFieldValue;
}

export type HeaderFieldValue =
  /** Without control characters. */
  | { readonly kind: 'constant'; readonly text: string }
  /** Text with nginx variables (src/model/template.ts), checked. */
  | { readonly kind: 'template'; readonly text: string };
