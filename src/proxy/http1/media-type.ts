// The media type that a Content-Type field names (RFC 9110 8.3.1).

/** In lower case, without parameters; empty where there is no field. */
export function mediaTypeOf(contentType = ''): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
