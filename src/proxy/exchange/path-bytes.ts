// The decoded path as the bytes that nginx works on, each a character of latin1, and the way back: what a rewrite makes of them is encoded as
// nginx does (`ngx_escape_uri` with NGX_ESCAPE_URI) and checked as a received path would be, for captures can put a dot segment together
// that was none before (docs/security.md, "Path").
import { percentEncode } from '../../kit/percent-encoding.ts';
import { normalisePath } from '../../routing/normalise-path.ts';

const ASCII_ONLY = /^[\0-\x7f]*$/;
/** Characters that nginx leaves as they are. */
const PLAIN = /^[!$&-;=@-Z[\]_a-z~]*$/;
const TO_ENCODE = /[^!$&-;=@-Z[\]_a-z~]/g;
const TO_ENCODE_IN_QUERY = /[^\x21\x22\x24-\x7e]/g;

/** `path`: as `normalisePath` gives it, with bytes that are no UTF-8 as lone surrogates. */
export function pathBytes(path: string): string {
  if (ASCII_ONLY.test(path)) return path;
  let bytes = '';
  for (const character of path) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point >= 0xdc80 && point <= 0xdcff ? String.fromCharCode(point - 0xdc00) : Buffer.from(character, 'utf8').latin1Slice();
  }
  return bytes;
}

export interface RewrittenPath {
  /** Decoded, for matching. */
  readonly path: string;
  /** Encoded, for the request line. */
  readonly forwardPath: string;
}

/** Undefined: it must not be sent. */
export function parsePathBytes(bytes: string): RewrittenPath | undefined {
  const forwardPath = (bytes.startsWith('/') ? bytes : `/${bytes}`).replaceAll(TO_ENCODE, percent);
  const normal = normalisePath(forwardPath);
  return normal.kind === 'ok' && normal.forwardPath === forwardPath ? { path: normal.path, forwardPath } : undefined;
}

/** Of a path as `pathBytes` takes it. `%` is encoded too: what was not encoded twice is not decoded twice. */
export function encodePath(path: string): string {
  return PLAIN.test(path) ? path : pathBytes(path).replaceAll(TO_ENCODE, percent);
}

/** What cannot stand in a request line is encoded, the rest stays as it is. */
export function encodeQuery(query: string): string {
  return query.replaceAll(TO_ENCODE_IN_QUERY, percent);
}

function percent(character: string): string {
  const byte = character.charCodeAt(0);
  // Only bytes come here; anything else would be two.
  return byte > 0xff ? '%3F' : percentEncode(byte);
}
