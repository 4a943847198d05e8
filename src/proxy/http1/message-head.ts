// The parsed head of one message, as offsets into the bytes it was received in. There is one per worker and direction, filled again
// for every message: whoever needs a value after the current callback must copy it. It keeps no strings, so that a field that
// nobody asks for costs nothing.
import type { ErrorCode } from '../../model/error-codes.ts';
import { FOLD } from './characters.ts';
import { type BodyKind, FieldBlock } from './field-block.ts';

export const MAX_FIELDS = 512;

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
  /** The authority of an absolute target, where there is no Host (HTTP/1.0): it takes the place of Host (RFC 9112 3.2.2). */
  targetHost = '';
  // Status line.
  status = 0;
  statusStart = 0;
  statusLineEnd = 0;
  /** Offset of the first field line; the offsets of `fields` count from here. */
  fieldsAt = 0;
  /** This head's own block, or a remembered one with the same lines. */
  fields: FieldBlock;
  readonly #ownFields = new FieldBlock(MAX_FIELDS);
  /** True: a well-formed offer to switch to WebSocket (requests), or an acceptance (responses). */
  isWebSocket = false;
  /** Why the head was refused; set only when a parser says so. */
  error: ErrorCode = 'PRT-REQ-1';

  constructor() {
    this.fields = this.#ownFields;
  }

  reset(buffer: Buffer): void {
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.words = (buffer.byteOffset & 3) === 0 ? new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2) : undefined;
    }
    this.minorVersion = 1;
    this.methodStart = 0;
    this.methodEnd = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.targetHost = '';
    this.forgetFields();
  }

  /** Leaves method and target as they are. */
  forgetFields(): void {
    this.fields = this.#ownFields;
    this.fields.reset();
    this.isWebSocket = false;
  }

  get fieldCount(): number {
    return this.fields.count;
  }

  get hostField(): number {
    return this.fields.hostField;
  }

  get body(): BodyKind {
    return this.fields.body;
  }

  get contentLength(): number {
    return this.fields.contentLength;
  }

  get hasConnectionClose(): boolean {
    return this.fields.hasConnectionClose;
  }

  get hasConnectionKeepAlive(): boolean {
    return this.fields.hasConnectionKeepAlive;
  }

  get hasConnectionUpgrade(): boolean {
    return this.fields.hasConnectionUpgrade;
  }

  get hasNominatedFields(): boolean {
    return this.fields.nominations > 0;
  }

  get acceptsTrailers(): boolean {
    return this.fields.acceptsTrailers;
  }

  get expectsContinue(): boolean {
    return this.fields.expectsContinue;
  }

  get requestIdField(): number {
    return this.fields.requestIdField;
  }

  /** Number of the known name of line `index`, or 0. */
  numberOf(index: number): number {
    return this.fields.fieldNumber[index] ?? 0;
  }

  hasUnderscoreIn(index: number): boolean {
    return this.fields.hasUnderscore[index] === 1;
  }

  /** Offset of the first byte of line `index`. */
  lineStartOf(index: number): number {
    return this.fieldsAt + (this.fields.nameStart[index] ?? 0);
  }

  /** Offset behind the CRLF of line `index`. */
  lineEndOf(index: number): number {
    return this.fieldsAt + (this.fields.lineEnd[index] ?? 0);
  }

  valueStartOf(index: number): number {
    return this.fieldsAt + (this.fields.valueStart[index] ?? 0);
  }

  valueEndOf(index: number): number {
    return this.fieldsAt + (this.fields.valueEnd[index] ?? 0);
  }

  /** Value of line `index` without the white space around it. */
  valueOf(index: number): string {
    return this.buffer.latin1Slice(this.valueStartOf(index), this.valueEndOf(index));
  }

  /** Value of Host, or what the target says where there is none; empty where neither tells. */
  hostText(): string {
    return this.hostField < 0 ? this.targetHost : this.valueOf(this.hostField);
  }

  nameLengthOf(index: number): number {
    return (this.fields.nameEnd[index] ?? 0) - (this.fields.nameStart[index] ?? 0);
  }

  /** Name of line `index` in lower case. */
  nameOf(index: number): string {
    return this.buffer.latin1Slice(this.lineStartOf(index), this.fieldsAt + (this.fields.nameEnd[index] ?? 0)).toLowerCase();
  }

  /** All values of a known field joined with `, ` (RFC 9110 5.2), or undefined. */
  valueOfNumber(number: number): string | undefined {
    let value: string | undefined;
    for (let i = 0; i < this.fieldCount; i++) {
      if (this.numberOf(i) !== number || this.hasUnderscoreIn(i)) continue;
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

  /** The value of each line of a field, for those that must not be joined (`Set-Cookie`, `WWW-Authenticate`). `name` in lower case. */
  valuesOfName(name: string): readonly string[] {
    const values: string[] = [];
    for (let i = 0; i < this.fieldCount; i++) if (this.isNamed(i, name)) values.push(this.valueOf(i));
    return values;
  }

  /** Whether line `index` has this name; `name` in lower case. */
  isNamed(index: number, name: string): boolean {
    const start = this.lineStartOf(index);
    if (this.fieldsAt + (this.fields.nameEnd[index] ?? 0) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = this.buffer[start + i] ?? 0;
      // FOLD maps `_` to `-`, which must stay apart here.
      if ((byte === 95 ? 95 : FOLD[byte]) !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** True where a Connection option names line `index`. */
  isNominated(index: number, connectionNumber: number): boolean {
    this.fields.nominated ??= this.#nominatedNames(connectionNumber);
    return this.fields.nominated.has(this.nameOf(index));
  }

  /** Looked through once for a head: a client may send thousands of options, and many lines. */
  #nominatedNames(connectionNumber: number): ReadonlySet<string> {
    const names = new Set<string>();
    for (let i = 0; i < this.fieldCount; i++) {
      if (this.numberOf(i) !== connectionNumber) continue;
      for (const option of this.valueOf(i).toLowerCase().split(',')) names.add(trimBlanks(option));
    }
    return names;
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
