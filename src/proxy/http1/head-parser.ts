// The strict parser of request and response heads (RFC 9112 with the decisions of docs/security.md). One pass over the bytes; what is
// not exactly right is refused, nothing is repaired. It keeps no state between calls: an incomplete head is parsed again from its
// start when the next line has arrived, so that splitting the input at any byte cannot change the outcome.
import type { ErrorCode } from '../../model/error-codes.ts';
import {
  COLON,
  CR,
  DOT,
  FIELD_VALUE,
  HTAB,
  LF,
  SLASH,
  SPACE,
  TARGET,
  TARGET_BACKSLASH,
  TARGET_PLAIN,
  TARGET_QUESTION,
  TARGET_REFUSED,
  TOKEN,
} from './characters.ts';
import { interpretRequestField, interpretResponseField, finishRequest, finishResponse } from './field-meaning.ts';
import type { FieldMemo } from './field-memo.ts';
import { findFieldNumber } from './field-names.ts';
import { MAX_FIELDS, type MessageHead } from './message-head.ts';

/** More bytes are needed. */
export const INCOMPLETE = -1;
/** The head is refused; `head.error` says why. */
export const REFUSED = -2;

export interface HeadLimits {
  readonly requestLineBytes: number;
  readonly headBytes: number;
  readonly fieldBytes: number;
  readonly fields: number;
}

const MAX_METHOD_BYTES = 32;
/** `HTTP/1.1` */
const VERSION_BYTES = 8;

/**
 * Parses the request head in `buffer[start, end)`.
 * Returns the offset behind it, `INCOMPLETE`, or `REFUSED`. At most two empty lines before the request line are skipped (RFC 9112 2.2).
 * `memo`: of the connection, if it keeps one.
 */
export function parseRequestHead(
  buffer: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  head: MessageHead,
  memo?: FieldMemo,
): number {
  head.reset(buffer);
  let at = start;
  for (let skipped = 0; at < end && buffer[at] === CR; skipped++) {
    if (skipped === 2) return refuse(head, 'PRT-REQ-1');
    if (at + 1 === end) return INCOMPLETE;
    if (buffer[at + 1] !== LF) return refuse(head, 'PRT-REQ-1');
    at += 2;
  }
  at = parseRequestLine(buffer, at, end, limits, head);
  if (at < 0) return at;
  const known = memo?.find(head, at, end, limits);
  if (known !== undefined && memo !== undefined) {
    head.fields = known;
    head.fieldsAt = at;
    at += memo.length;
  } else {
    at = parseFields(buffer, at, end, limits, head, true);
    if (at === INCOMPLETE) return end - start > limits.headBytes ? refuse(head, 'PRT-REQ-7') : INCOMPLETE;
    if (at < 0) return at;
    memo?.note(head, at, limits);
  }
  if (at - start > limits.headBytes) return refuse(head, 'PRT-REQ-7');
  return finishRequest(head) ? at : REFUSED;
}

/**
 * Parses the response head in `buffer[start, end)`.
 * Returns the offset behind it, `INCOMPLETE`, or `REFUSED`.
 */
export function parseResponseHead(buffer: Buffer, start: number, end: number, limits: HeadLimits, head: MessageHead): number {
  head.reset(buffer);
  let at = parseStatusLine(buffer, start, end, limits, head);
  if (at < 0) return at;
  at = parseFields(buffer, at, end, limits, head, false);
  if (at === INCOMPLETE) return end - start > limits.headBytes ? refuse(head, 'PRT-UP-9') : INCOMPLETE;
  if (at < 0) return at;
  if (at - start > limits.headBytes) return refuse(head, 'PRT-UP-9');
  finishResponse(head);
  return at;
}

/** Parses the field lines of a trailer section; the outcome is as for a request head. Fields are recorded in `head`. */
export function parseTrailers(buffer: Buffer, start: number, end: number, limits: HeadLimits, head: MessageHead): number {
  head.reset(buffer);
  const at = parseFields(buffer, start, end, limits, head, undefined);
  if (at === INCOMPLETE) return end - start > limits.headBytes ? refuse(head, 'PRT-REQ-7') : INCOMPLETE;
  return at;
}

function parseRequestLine(buffer: Buffer, start: number, end: number, limits: HeadLimits, head: MessageHead): number {
  let at = start;
  while (at < end && TOKEN[buffer[at] ?? 0] !== 0) at++;
  if (at - start > MAX_METHOD_BYTES) return refuse(head, 'PRT-REQ-11');
  if (at === end) return INCOMPLETE;
  if (at === start || buffer[at] !== SPACE) return refuse(head, 'PRT-REQ-1');
  head.methodStart = start;
  head.methodEnd = at;
  at = parseTarget(buffer, at + 1, end, head);
  if (at === INCOMPLETE) return end - start > limits.requestLineBytes ? refuse(head, 'PRT-REQ-8') : INCOMPLETE;
  if (at < 0) return at;
  if (at - start > limits.requestLineBytes) return refuse(head, 'PRT-REQ-8');
  at++;
  if (end - at < VERSION_BYTES + 2) {
    return hasWrongVersionStart(buffer, at, end) ? refuse(head, 'PRT-REQ-1') : INCOMPLETE;
  }
  if (!startsWithHttp(buffer, at)) return refuse(head, 'PRT-REQ-1');
  const major = (buffer[at + 5] ?? 0) - 48;
  const minor = (buffer[at + 7] ?? 0) - 48;
  const isVersion = major >= 0 && major <= 9 && buffer[at + 6] === DOT && minor >= 0 && minor <= 9;
  if (!isVersion || buffer[at + 8] !== CR || buffer[at + 9] !== LF) return refuse(head, 'PRT-REQ-1');
  if (major !== 1 || minor > 1) return refuse(head, 'PRT-REQ-9');
  head.minorVersion = minor;
  return at + VERSION_BYTES + 2;
}

/** Returns the offset of the space behind the target. */
function parseTarget(buffer: Buffer, start: number, end: number, head: MessageHead): number {
  let at = start;
  let question = -1;
  let isSpecial = false;
  let hasBackslash = false;
  for (; at < end; at++) {
    const kind = TARGET[buffer[at] ?? 0];
    if (kind === TARGET_PLAIN) continue;
    if (kind === TARGET_REFUSED) break;
    if (question >= 0) continue;
    if (kind === TARGET_QUESTION) {
      question = at;
    } else if (kind === TARGET_BACKSLASH) {
      hasBackslash = true;
    } else if (buffer[at] !== SLASH) {
      isSpecial = true;
    } else {
      const next = buffer[at + 1];
      if (next === SLASH || next === DOT) isSpecial = true;
    }
  }
  if (at === end) return INCOMPLETE;
  if (buffer[at] !== SPACE || at === start) return refuse(head, 'PRT-REQ-1');
  head.targetStart = start;
  head.targetEnd = at;
  head.pathEnd = question < 0 ? at : question;
  head.isPathSpecial = isSpecial;
  const first = buffer[start];
  head.targetForm = first === SLASH ? 'origin' : first === 42 && at === start + 1 ? 'asterisk' : 'absolute';
  return hasBackslash ? refuse(head, 'PRT-REQ-5') : at;
}

function parseStatusLine(buffer: Buffer, start: number, end: number, limits: HeadLimits, head: MessageHead): number {
  // `HTTP/1.1 200` and at least a line end.
  if (end - start < 14) {
    const isWrong = hasWrongVersionStart(buffer, start, end) || (buffer.indexOf(LF, start) >= 0 && buffer.indexOf(LF, start) < end);
    return isWrong ? refuse(head, 'PRT-UP-6') : INCOMPLETE;
  }
  const minor = (buffer[start + 7] ?? 0) - 48;
  if (
    !startsWithHttp(buffer, start) ||
    buffer[start + 5] !== 49 ||
    buffer[start + 6] !== DOT ||
    minor < 0 ||
    minor > 1 ||
    buffer[start + 8] !== SPACE
  ) {
    return refuse(head, 'PRT-UP-6');
  }
  const hundreds = (buffer[start + 9] ?? 0) - 48;
  const tens = (buffer[start + 10] ?? 0) - 48;
  const ones = (buffer[start + 11] ?? 0) - 48;
  if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return refuse(head, 'PRT-UP-6');
  head.minorVersion = minor;
  head.status = hundreds * 100 + tens * 10 + ones;
  head.statusStart = start + 9;
  let at = start + 12;
  if (buffer[at] !== SPACE && buffer[at] !== CR) return refuse(head, 'PRT-UP-6');
  while (at < end && FIELD_VALUE[buffer[at] ?? 0] === 1) at++;
  if (at - start > limits.fieldBytes) return refuse(head, 'PRT-UP-9');
  if (at + 1 >= end) return at === end || buffer[at] === CR ? INCOMPLETE : refuse(head, 'PRT-UP-6');
  if (buffer[at] !== CR || buffer[at + 1] !== LF) return refuse(head, 'PRT-UP-6');
  head.statusLineEnd = at + 2;
  return at + 2;
}

/** Parses field lines up to and with the empty line. `isRequest` undefined: a trailer section, whose fields have no meaning for framing. */
function parseFields(
  buffer: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  head: MessageHead,
  isRequest: boolean | undefined,
): number {
  const badField: ErrorCode = isRequest === false ? 'PRT-UP-6' : 'PRT-REQ-2';
  const tooLarge: ErrorCode = isRequest === false ? 'PRT-UP-9' : 'PRT-REQ-7';
  const { words, fields } = head;
  const { nameStart: nameStarts, nameEnd: nameEnds, valueStart: valueStarts, valueEnd: valueEnds, lineEnd: lineEnds } = fields;
  const { fieldNumber, hasUnderscore: underscores } = fields;
  head.fieldsAt = start;
  const maxFields = Math.min(limits.fields, MAX_FIELDS);
  let index = 0;
  let at = start;
  for (;;) {
    if (at >= end) return INCOMPLETE;
    let byte = buffer[at] ?? 0;
    if (byte === CR) {
      if (at + 1 === end) return INCOMPLETE;
      return buffer[at + 1] === LF ? at + 2 : refuse(head, badField);
    }
    const nameStart = at;
    let hasUnderscore = 0;
    for (let kind = TOKEN[byte] ?? 0; kind !== 0 && at < end; kind = TOKEN[byte] ?? 0) {
      if (kind === 2) hasUnderscore = 1;
      byte = buffer[++at] ?? 0;
    }
    if (at >= end) return end - nameStart > limits.fieldBytes ? refuse(head, tooLarge) : INCOMPLETE;
    if (at === nameStart || byte !== COLON) return refuse(head, badField);
    const nameEnd = at++;
    while (at < end && (buffer[at] === SPACE || buffer[at] === HTAB)) at++;
    const valueStart = at;
    at = skipFieldValue(buffer, words, at, end);
    if (at - nameStart > limits.fieldBytes) return refuse(head, tooLarge);
    if (at + 1 >= end) return at === end || buffer[at] === CR ? INCOMPLETE : refuse(head, badField);
    if (buffer[at] !== CR || buffer[at + 1] !== LF) return refuse(head, badField);
    let valueEnd = at;
    while (valueEnd > valueStart && (buffer[valueEnd - 1] === SPACE || buffer[valueEnd - 1] === HTAB)) valueEnd--;
    at += 2;
    if (index >= maxFields) return refuse(head, tooLarge);
    const number = findFieldNumber(buffer, nameStart, nameEnd);
    nameStarts[index] = nameStart - start;
    nameEnds[index] = nameEnd - start;
    valueStarts[index] = valueStart - start;
    valueEnds[index] = valueEnd - start;
    lineEnds[index] = at - start;
    fieldNumber[index] = number;
    underscores[index] = hasUnderscore;
    fields.count = ++index;
    if (number === 0 || hasUnderscore === 1 || isRequest === undefined) continue;
    const isGood = isRequest ? interpretRequestField(head, index - 1, number) : interpretResponseField(head, index - 1, number);
    if (!isGood) return REFUSED;
  }
}

/**
 * Returns the offset of the first byte that may not stand in a field value. Looks at four bytes at a time: a word with a byte below 0x20 or
 * with 0x7f in it is looked at byte by byte. Measured with bench/micro/head-parser.ts: a third of the time for browsers' heads.
 */
function skipFieldValue(buffer: Buffer, words: Int32Array | undefined, start: number, end: number): number {
  let at = start;
  if (words !== undefined && end - at > 8) {
    while ((at & 3) !== 0 && FIELD_VALUE[buffer[at] ?? 0] === 1) at++;
    if ((at & 3) === 0) {
      const lastWord = (end >> 2) - 1;
      let index = at >> 2;
      while (index <= lastWord) {
        const word = words[index] ?? 0;
        const noDelete = word ^ 0x7f7f7f7f;
        const suspects = (((word - 0x20202020) & ~word) | ((noDelete - 0x01010101) & ~noDelete)) & 0x80808080;
        if (suspects !== 0) break;
        index++;
      }
      at = index << 2;
    }
  }
  while (at < end && FIELD_VALUE[buffer[at] ?? 0] === 1) at++;
  return at;
}

function startsWithHttp(buffer: Buffer, at: number): boolean {
  return buffer[at] === 72 && buffer[at + 1] === 84 && buffer[at + 2] === 84 && buffer[at + 3] === 80 && buffer[at + 4] === SLASH;
}

/** True where the bytes that have arrived cannot become `HTTP/d.d CRLF` any more: told at once instead of by a time-out. */
function hasWrongVersionStart(buffer: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = buffer[i] ?? 0;
    const place = i - start;
    const isRight =
      place < 5
        ? byte === 'HTTP/'.charCodeAt(place)
        : place === 5 || place === 7
          ? byte >= 48 && byte <= 57
          : place === 6
            ? byte === DOT
            : place === 8
              ? byte === CR || byte === SPACE
              : true;
    if (!isRight) return true;
  }
  return false;
}

function refuse(head: MessageHead, error: ErrorCode): typeof REFUSED {
  head.error = error;
  return REFUSED;
}
