// How values that come from outside are written into a log line, so that none can forge a line or a field. Values hold one byte per
// character (latin1). The modes are those of nginx's `log_format escape=`; where a mode lets bytes above 0x7e through, they are decoded
// as UTF-8, with U+FFFD for what is not UTF-8.

export type EscapeMode = 'default' | 'json' | 'none';

/** Printable ASCII except `"` and `\`: by far the most values, which every mode leaves alone. */
const PLAIN = /^[ !#-[\]-~]*$/;
const PRINTABLE = /^[ -~]*$/;

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);

export function escapeValue(mode: EscapeMode, value: string): string {
  if (PLAIN.test(value)) return value;
  if (mode === 'default') return escapeHex(value);
  return mode === 'json' ? escapeJson(value) : escapeNone(value);
}

/** How each byte is written in default mode. */
const hexEscapes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `\\x${hex(byte)}`;
});

/** How each ASCII character is written between the quotes of a JSON string. */
const jsonEscapes: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === '"' || character === '\\') return `\\${character}`;
  if (code >= 0x20) return character;
  return shortEscapes.get(character) ?? `\\u00${hex(code)}`;
});

/** `\xHH` for `"`, `\`, controls, and all bytes from 0x7f on. */
export function escapeHex(value: string): string {
  let text = '';
  for (const byte of Buffer.from(value, isBytes(value) ? 'latin1' : 'utf8')) text += hexEscapes[byte] ?? '';
  return text;
}

/** What may stand between the quotes of a JSON string. */
export function escapeJson(value: string): string {
  if (PLAIN.test(value)) return value;
  const decoded = decodeUtf8(value);
  let text = '';
  for (let i = 0; i < decoded.length; i++) text += jsonEscapes[decoded.charCodeAt(i)] ?? decoded.charAt(i);
  return text;
}

/** As it is; only line breaks are written as `\xHH` (nginx writes them too, and a client can forge lines with them). */
function escapeNone(value: string): string {
  if (PRINTABLE.test(value)) return value;
  return decodeUtf8(value).replaceAll('\r', '\\x0D').replaceAll('\n', '\\x0A');
}

function decodeUtf8(value: string): string {
  if (PRINTABLE.test(value)) return value;
  return isBytes(value) ? Buffer.from(value, 'latin1').toString('utf8') : value.toWellFormed();
}

/** False for text that was decoded already. */
function isBytes(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0xff) return false;
  }
  return true;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
