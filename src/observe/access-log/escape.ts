// How values that come from outside are written into a log line, so that none can forge a line or a field. Values hold one byte per
// character (latin1). The modes are those of nginx's `log_format escape=`; where a mode lets bytes above 0x7e through, they are decoded
// as UTF-8, with U+FFFD for what is not UTF-8.

export type EscapeMode = 'default' | 'json' | 'none';

/** Printable ASCII except `"` and `\`: by far the most values, which every mode leaves alone. */
const PLAIN = /^[ !#-[\]-~]*$/;
const PRINTABLE = /^[ -~]*$/;

export function escapeValue(mode: EscapeMode, value: string): string {
  if (PLAIN.test(value)) return value;
  if (mode === 'default') return escapeHex(value);
  return mode === 'json' ? escapeJson(value) : escapeNone(value);
}

/** `\xHH` for `"`, `\`, controls, and all bytes from 0x7f on. */
export function escapeHex(value: string): string {
  let text = '';
  for (const character of value) {
    if (PLAIN.test(character)) text += character;
    else for (const byte of Buffer.from(character, character <= '\xff' ? 'latin1' : 'utf8')) text += `\\x${hex(byte)}`;
  }
  return text;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

/** What may stand between the quotes of a JSON string. */
export function escapeJson(value: string): string {
  if (PLAIN.test(value)) return value;
  let text = '';
  for (const character of decodeUtf8(value)) {
    if (character >= ' ' && character !== '"' && character !== '\\') text += character;
    else text += shortEscapes[character] ?? `\\u00${hex(character.charCodeAt(0))}`;
  }
  return text;
}

/** As it is; only line breaks are written as `\xHH` (nginx writes them too, and a client can forge lines with them). */
function escapeNone(value: string): string {
  if (PRINTABLE.test(value)) return value;
  return decodeUtf8(value).replaceAll('\r', '\\x0D').replaceAll('\n', '\\x0A');
}

function decodeUtf8(value: string): string {
  if (PRINTABLE.test(value)) return value;
  for (let i = 0; i < value.length; i++) {
    // Not bytes: text that was decoded already.
    if (value.charCodeAt(i) > 0xff) return value.toWellFormed();
  }
  return Buffer.from(value, 'latin1').toString('utf8');
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
