// Percent-encoding (RFC 3986 section 2.1), and what nginx encodes in a component: `ngx_escape_uri` with NGX_ESCAPE_URI_COMPONENT, which differs
// from `encodeURIComponent` in what it leaves.

/** `%2F`. `byte`: 0 to 255. */
export function percentEncode(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Every byte but the unreserved ones of RFC 3986 section 2.3. `text`: characters of one byte. */
export function escapeComponent(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._~-]/g, (character) => percentEncode(character.charCodeAt(0)));
}
