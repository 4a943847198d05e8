// Which texts may be written into a message as they are. Variables bring in what the client has sent, so whoever expands a template asks
// here before the result is sent.

/** May stand in a field value: HTAB, visible ASCII, SP and bytes above 127 (RFC 9110 5.5). Never CR, LF or NUL. */
export function isSafeValue(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}

/** May stand in a request line, as Host or as a URL: one or more visible characters of ASCII. */
export function isVisibleText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
