// Which bytes may stand where in an HTTP/1.1 head. One look-up per byte; every class is spelled out here and nowhere else.

export const CR = 13;
export const LF = 10;
export const HTAB = 9;
export const SPACE = 32;
export const COLON = 58;
export const SLASH = 47;
export const DOT = 46;
export const SEMICOLON = 59;
const PERCENT = 37;
const QUESTION = 63;
export const UNDERSCORE = 95;

/** 1: may stand in a token (RFC 9110 5.6.2). 2: the same, but the underscore, which gets its own treatment in field names. */
export const TOKEN = table((byte) => {
  if (byte === UNDERSCORE) return 2;
  const isAlphanumeric = (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
  return isAlphanumeric || "!#$%&'*+-.^`|~".includes(String.fromCharCode(byte)) ? 1 : 0;
});

/** 1: may stand in a field value: HTAB, SP, visible characters and obs-text (RFC 9110 5.5). */
export const FIELD_VALUE = table((byte) => (byte === HTAB || (byte >= 32 && byte !== 127) ? 1 : 0));

/** What a byte of a request target means to the parser. */
export const TARGET_REFUSED = 0;
export const TARGET_PLAIN = 1;
/** The byte may change how the path is matched: `%` and `/`. */
export const TARGET_SPECIAL = 2;
export const TARGET_QUESTION = 3;
export const TARGET_BACKSLASH = 4;

/** Visible ASCII except `#`; anything else is refused in a target (docs/security.md, "Request line"). */
export const TARGET = table((byte) => {
  if (byte <= 32 || byte >= 127 || byte === 35) return TARGET_REFUSED;
  if (byte === QUESTION) return TARGET_QUESTION;
  if (byte === 92) return TARGET_BACKSLASH;
  return byte === PERCENT || byte === SLASH ? TARGET_SPECIAL : TARGET_PLAIN;
});

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = table((byte) => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 65 && byte <= 70) return byte - 55;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return 255;
});

/** Lower case for A to Z, `-` for the underscore, the byte itself otherwise: the form in which known field names are compared. */
export const FOLD = table((byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte === UNDERSCORE ? 45 : byte));

function table(classify: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classify(byte));
}
