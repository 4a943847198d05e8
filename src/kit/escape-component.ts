// Percent-encoding as nginx's `ngx_escape_uri` with NGX_ESCAPE_URI_COMPONENT, which differs from `encodeURIComponent` in what it leaves.

/** Every byte but the unreserved ones of RFC 3986 section 2.3. `text`: characters of one byte. */
export function escapeComponent(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._~-]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
