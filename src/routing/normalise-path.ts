// Turns the path of a request target into the one form that rules are matched against, and says which bytes may be sent upstream.
//
// The rule behind every decision: match on the most reduced form, and send nothing that a backend could reduce to something else. Escapes are
// decoded once, `//` is merged and dot segments are resolved for matching, as nginx does. Dot segments are cut from what is sent, too; all
// other bytes are sent as received. What would need guessing is refused.
//
// Invariants: `path` begins with `/` and has no empty segment but the last and no dot segment; normalising `forwardPath` again gives the same `path`
// and the same `forwardPath`; without dot segments `forwardPath` is `rawPath`.

export type NormalisedPath =
  | {
      readonly kind: 'ok';
      /** What rules are matched against. Decoded: never to be written into a head. */
      readonly path: string;
      /** What is sent upstream in safe mode: the received bytes without dot segments. */
      readonly forwardPath: string;
      /** An encoded `/` or `\` is in it, which a route may choose to refuse. */
      readonly hasEncodedSeparator: boolean;
    }
  | { readonly kind: 'bad'; readonly reason: BadPathReason };

export type BadPathReason =
  | 'not-absolute'
  /** `%` without two hexadecimal digits, so also `%u002e`. */
  | 'bad-escape'
  | 'encoded-nul'
  | 'backslash'
  | 'above-root'
  /** A dot segment for whoever takes `%2F` or `%5C` for a separator, or cuts parameters from a segment: `..%2F`, `..;x`. */
  | 'hidden-dot-segment'
  /** `..` takes back a segment with `%2F` in it: one segment for us to send, two for us to match. */
  | 'dot-segment-after-encoded-slash';

/** One sentence for each reason, for diagnostics and explanations. */
export const badPathSentences: Readonly<Record<BadPathReason, string>> = {
  'not-absolute': 'the path does not begin with /',
  'bad-escape': 'a % is not followed by two hexadecimal digits',
  'encoded-nul': '%00 is never accepted',
  backslash: 'a backslash must be encoded',
  'above-root': 'the path leads above the root',
  'hidden-dot-segment': 'a dot segment is hidden behind %2F, %5C or a parameter',
  'dot-segment-after-encoded-slash': 'a .. follows a segment that has %2F in it',
};

/**
 * Normalises the path of a request target: latin1, without query, as received. Not needed for a path without `%`, `//`, `/.`, `\`
 * and `;`: that one is normal and safe already (`isPlainPath`).
 * Source: RFC 3986 sections 2.1 and 5.2.4, nginx's `ngx_http_parse_complex_uri` for what is matched.
 */
export function normalisePath(rawPath: string): NormalisedPath {
  if (rawPath.charCodeAt(0) !== SLASH) return bad('not-absolute');
  if (rawPath.includes('\\')) return bad('backslash');
  const segments = rawPath.slice(1).split('/');
  const kept: Segment[] = [];
  let hasDotSegments = false;
  for (const [index, raw] of segments.entries()) {
    const decoded = decodeEscapes(raw);
    if (decoded === undefined) return bad('bad-escape');
    if (decoded === '.' || decoded === '..') {
      hasDotSegments = true;
      const reason = decoded === '..' ? takeBackSegment(kept) : undefined;
      if (reason !== undefined) return bad(reason);
      if (index === segments.length - 1) kept.push(EMPTY_SEGMENT);
      continue;
    }
    if (decoded.includes('\0')) return bad('encoded-nul');
    if (hidesDotSegment(decoded)) return bad('hidden-dot-segment');
    kept.push({ raw, decoded });
  }
  return {
    kind: 'ok',
    path: decodeUtf8(`/${kept.map((segment) => segment.decoded).join('/')}`.replace(REPEATED_SLASHES, '/')),
    forwardPath: hasDotSegments ? `/${kept.map((segment) => segment.raw).join('/')}` : rawPath,
    hasEncodedSeparator: kept.some((segment) => segment.decoded.includes('/') || segment.decoded.includes('\\')),
  };
}

/** True if `normalisePath` would answer with the path itself, for all three members. */
export function isPlainPath(rawPath: string): boolean {
  if (rawPath.charCodeAt(0) !== SLASH) return false;
  let previous = 0;
  for (let index = 0; index < rawPath.length; index++) {
    const code = rawPath.charCodeAt(index);
    if (code === PERCENT || code === BACKSLASH || code === SEMICOLON || code >= 0x80) return false;
    if (previous === SLASH && (code === SLASH || code === PERIOD)) return false;
    previous = code;
  }
  return true;
}

interface Segment {
  readonly raw: string;
  /** One character per byte. */
  readonly decoded: string;
}

const SLASH = 0x2f;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
const PERIOD = 0x2e;
const REPEATED_SLASHES = /\/{2,}/g;
const EMPTY_SEGMENT: Segment = { raw: '', decoded: '' };

function bad(reason: BadPathReason): NormalisedPath {
  return { kind: 'bad', reason };
}

/** Works off a `..`: empty segments go with the one before them, because `//` is merged before dot segments are resolved, as in nginx. */
function takeBackSegment(kept: Segment[]): BadPathReason | undefined {
  let segment = kept.pop();
  while (segment !== undefined && segment.decoded === '') segment = kept.pop();
  if (segment === undefined) return 'above-root';
  return segment.decoded.includes('/') ? 'dot-segment-after-encoded-slash' : undefined;
}

/** The segment is no dot segment itself; is one of its parts, when `/` and `\` separate and `;` begins a parameter? */
function hidesDotSegment(decoded: string): boolean {
  if (!decoded.includes('.')) return false;
  return decoded.split(/[/\\]/).some((part) => {
    const name = part.split(';', 1)[0];
    return name === '.' || name === '..';
  });
}

/** Decodes escapes once, to one character per byte; undefined if one is malformed. */
function decodeEscapes(raw: string): string | undefined {
  let percent = raw.indexOf('%');
  if (percent === -1) return raw;
  let decoded = '';
  let from = 0;
  while (percent !== -1) {
    const byte = hexByte(raw.charCodeAt(percent + 1), raw.charCodeAt(percent + 2));
    if (byte === -1) return undefined;
    decoded += raw.slice(from, percent) + String.fromCharCode(byte);
    from = percent + 3;
    percent = raw.indexOf('%', from);
  }
  return decoded + raw.slice(from);
}

function hexByte(high: number, low: number): number {
  const [highDigit, lowDigit] = [hexDigit(high), hexDigit(low)];
  return highDigit === -1 || lowDigit === -1 ? -1 : highDigit * 16 + lowDigit;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Decodes UTF-8, because rules are written in Unicode. A byte that is not part of a well-formed sequence (overlong forms are none) becomes a lone
 * surrogate, U+DC00 plus the byte, which no rule can hold: so different bytes never look the same, and one bad byte in a
 * path changes nothing about the rest of it.
 */
function decodeUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  let text = '';
  let index = 0;
  while (index < bytes.length) {
    const lead = bytes.charCodeAt(index);
    const length = sequenceLength(lead);
    const point = length === 0 ? -1 : decodeSequence(bytes, index, length);
    text += point === -1 ? String.fromCharCode(0xdc00 + lead) : String.fromCodePoint(point);
    index += point === -1 ? 1 : length;
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** The code point of the sequence at `start`, or -1 if it is cut, overlong, a surrogate or too large (RFC 3629 section 4). */
function decodeSequence(bytes: string, start: number, length: number): number {
  const lead = bytes.charCodeAt(start);
  if (length === 1) return lead;
  let point = lead & (0x7f >> length);
  for (let index = start + 1; index < start + length; index++) {
    const byte = bytes.charCodeAt(index);
    if ((byte & 0xc0) !== 0x80 || index >= bytes.length) return -1;
    point = (point << 6) | (byte & 0x3f);
  }
  if (length === 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) return -1;
  if (length === 4 && (point < 0x10000 || point > 0x10ffff)) return -1;
  return point;
}
