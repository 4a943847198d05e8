// The parsed head of one message, as offsets into the bytes it was received in. There is one per worker and direction, filled again
// for every message: whoever needs a value after the current callback must copy it. It keeps no strings, so that a field that
// nobody asks for costs nothing.
import type { ErrorCode } from '../../model/error-codes.ts';
import { FOLD } from './characters.ts';

export const MAX_FIELDS = 512;

/** How the length of a body is told (RFC 9112 6.3). */
export const BODY_NONE = 0;
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Responses only: the body ends with the connection. */
export const BODY_UNTIL_CLOSE = 3;

export class MessageHead {
  /** The bytes that all offsets point into. */
  buffer: Buffer = Buffer.alloc(0);
  /** The same memory in words of four bytes, if it begins at the boundary of a word: to look at four bytes at a time. */
  words: Int32Array | undefined;
  /** Minor version: 0 or 1. */
  minorVersion = 1;
  // Request line.
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Offset of `?` in an origin-form target, or `targetEnd`. */
  pathEnd = 0;
  /** True: the path has an escape, an empty or dot segment or a parameter, and has to be normalised before it is matched. */
  isPathSpecial = false;
  /** Form of the target: `/…`, `*`, or `http://…`. */
  targetForm: 'origin' | 'asterisk' | 'absolute' = 'origin';
  // Status line.
  status = 0;
  statusStart = 0;
  statusLineEnd = 0;
  // Fields: line i is [nameStart, lineEnd), lineEnd behind its CRLF.
  fieldCount = 0;
  readonly nameStart = new Int32Array(MAX_FIELDS);
  readonly nameEnd = new Int32Array(MAX_FIELDS);
  readonly valueStart = new Int32Array(MAX_FIELDS);
  readonly valueEnd = new Int32Array(MAX_FIELDS);
  readonly lineEnd = new Int32Array(MAX_FIELDS);
  /** Number of a known name, 0 otherwise. */
  readonly fieldNumber = new Uint8Array(MAX_FIELDS);
  /** 1 where the name has an underscore. */
  readonly hasUnderscore = new Uint8Array(MAX_FIELDS);
  /** Index of the Host line, or -1. */
  hostField = -1;
  // Framing.
  body: typeof BODY_NONE | typeof BODY_LENGTH | typeof BODY_CHUNKED | typeof BODY_UNTIL_CLOSE = BODY_NONE;
  contentLength = 0;
  // Connection options (RFC 9110 7.6.1).
  hasConnectionClose = false;
  hasConnectionKeepAlive = false;
  hasConnectionUpgrade = false;
  /** True: Connection names other fields, which must not be passed on. */
  hasNominatedFields = false;
  acceptsTrailers = false;
  expectsContinue = false;
  /** True: a well-formed offer to switch to WebSocket (requests), or an acceptance (responses). */
  isWebSocket = false;
  /** Index of the first x-request-id line with a value, or -1. */
  requestIdField = -1;
  /** Why the head was refused; set only when a parser says so. */
  error: ErrorCode = 'PRT-REQ-1';

  reset(buffer: Buffer): void {
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.words = (buffer.byteOffset & 3) === 0 ? new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2) : undefined;
    }
    this.minorVersion = 1;
    this.fieldCount = 0;
    this.hostField = -1;
    this.body = BODY_NONE;
    this.contentLength = 0;
    this.hasConnectionClose = false;
    this.hasConnectionKeepAlive = false;
    this.hasConnectionUpgrade = false;
    this.hasNominatedFields = false;
    this.acceptsTrailers = false;
    this.expectsContinue = false;
    this.isWebSocket = false;
    this.requestIdField = -1;
  }

  /** Value of line `index` without the white space around it. */
  valueOf(index: number): string {
    return this.buffer.latin1Slice(this.valueStart[index], this.valueEnd[index]);
  }

  /** Name of line `index` in lower case. */
  nameOf(index: number): string {
    return this.buffer.latin1Slice(this.nameStart[index], this.nameEnd[index]).toLowerCase();
  }

  /** All values of a known field joined with `, ` (RFC 9110 5.2), or undefined. */
  valueOfNumber(number: number): string | undefined {
    let value: string | undefined;
    for (let i = 0; i < this.fieldCount; i++) {
      if (this.fieldNumber[i] !== number || this.hasUnderscore[i] === 1) continue;
      value = value === undefined ? this.valueOf(i) : `${value}, ${this.valueOf(i)}`;
    }
    return value;
  }

  /** All values of any field joined with `, `, or undefined. `name` in lower case. */
  valueOfName(name: string): string | undefined {
    let value: string | undefined;
    for (let i = 0; i < this.fieldCount; i++) {
      if (!this.isNamed(i, name)) continue;
      value = value === undefined ? this.valueOf(i) : `${value}, ${this.valueOf(i)}`;
    }
    return value;
  }

  /** Whether line `index` has this name; `name` in lower case. */
  isNamed(index: number, name: string): boolean {
    const start = this.nameStart[index] ?? 0;
    if ((this.nameEnd[index] ?? 0) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = this.buffer[start + i] ?? 0;
      // FOLD maps `_` to `-`, which must stay apart here.
      if ((byte === 95 ? 95 : FOLD[byte]) !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** True where a Connection option names line `index`. */
  isNominated(index: number, connectionNumber: number): boolean {
    const name = this.nameOf(index);
    for (let i = 0; i < this.fieldCount; i++) {
      if (this.fieldNumber[i] !== connectionNumber) continue;
      for (const option of this.valueOf(i).toLowerCase().split(',')) {
        if (trimBlanks(option) === name) return true;
      }
    }
    return false;
  }
}

/** Removes SP and HTAB at both ends; `trim()` would also take bytes that are not white space in HTTP. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
