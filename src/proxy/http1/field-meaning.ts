// What the known fields mean for framing, connection and routing, and the checks that need the whole head (RFC 9110 7, RFC 9112 6).
// A function that answers at all answers false where the message must be refused, with `head.error` set.
import type { ErrorCode } from '../../model/error-codes.ts';
import { isValidAuthority } from './authority.ts';
import { FOLD, HTAB, SLASH, SPACE, UNDERSCORE } from './characters.ts';
import { FIELD } from './field-names.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './field-block.ts';
import type { MessageHead } from './message-head.ts';

const HOST = FIELD.host;
const CONTENT_LENGTH = FIELD['content-length'];
const TRANSFER_ENCODING = FIELD['transfer-encoding'];
const CONNECTION = FIELD.connection;
const UPGRADE = FIELD.upgrade;
const EXPECT = FIELD.expect;
const TE = FIELD.te;
const REQUEST_ID = FIELD['x-request-id'];
const WEBSOCKET_KEY = FIELD['sec-websocket-key'];
const WEBSOCKET_VERSION = FIELD['sec-websocket-version'];
/** At most this many digits are a length that a double holds exactly (security rule 5). */
const MAX_LENGTH_DIGITS = 15;
const MAX_NOMINATIONS = 128;
const COMMA = 44;

export function interpretRequestField(head: MessageHead, index: number, number: number): boolean {
  switch (number) {
    case HOST:
      if (head.hostField >= 0) return refuse(head, 'PRT-REQ-3');
      head.fields.hostField = index;
      return true;
    case CONTENT_LENGTH:
      return interpretContentLength(head, index, 'PRT-REQ-4');
    case TRANSFER_ENCODING:
      return interpretRequestCoding(head, index);
    case CONNECTION:
      return interpretConnection(head, index, 'PRT-REQ-7');
    case EXPECT:
      if (head.minorVersion === 0) return true;
      if (!equalsIgnoringCase(head, index, '100-continue')) return refuse(head, 'PRT-REQ-13');
      head.fields.expectsContinue = true;
      return true;
    case TE:
      head.fields.acceptsTrailers ||= hasElement(head, index, 'trailers');
      return true;
    case REQUEST_ID:
      if (head.requestIdField < 0 && head.valueEndOf(index) !== head.valueStartOf(index)) head.fields.requestIdField = index;
      return true;
    default:
      return true;
  }
}

export function interpretResponseField(head: MessageHead, index: number, number: number): boolean {
  switch (number) {
    case CONTENT_LENGTH:
      return interpretContentLength(head, index, 'PRT-UP-6');
    case TRANSFER_ENCODING:
      if (head.body === BODY_CHUNKED || !equalsIgnoringCase(head, index, 'chunked')) return refuse(head, 'PRT-UP-6');
      if (head.body === BODY_LENGTH) return refuse(head, 'PRT-UP-6');
      head.fields.body = BODY_CHUNKED;
      return true;
    case CONNECTION:
      return interpretConnection(head, index, 'PRT-UP-9');
    case UPGRADE:
      head.isWebSocket = equalsIgnoringCase(head, index, 'websocket');
      return true;
    default:
      return true;
  }
}

/** Checks of a complete request head: method, target, Host, framing, upgrade. */
export function finishRequest(head: MessageHead): boolean {
  const methodBytes = head.methodEnd - head.methodStart;
  if (methodBytes === 7 && isMethod(head, 'CONNECT')) return refuse(head, 'PRT-REQ-10');
  if (methodBytes === 5 && isMethod(head, 'TRACE')) return refuse(head, 'PRT-REQ-10');
  if (head.hostField < 0) {
    if (head.minorVersion === 1) return refuse(head, 'PRT-REQ-3');
  } else if (
    head.fields.host === undefined &&
    !isValidAuthority(head.buffer, head.valueStartOf(head.hostField), head.valueEndOf(head.hostField))
  ) {
    return refuse(head, 'PRT-REQ-3');
  }
  if (head.targetForm === 'asterisk' && !isMethod(head, 'OPTIONS')) return refuse(head, 'PRT-REQ-1');
  if (head.targetForm === 'absolute' && !reduceAbsoluteTarget(head)) return false;
  if (head.hasConnectionUpgrade) return finishUpgrade(head);
  return true;
}

/** A response without framing fields ends with its connection. Whether it has a body at all depends on the request, too. */
export function finishResponse(head: MessageHead): void {
  if (head.body === BODY_NONE) head.fields.body = BODY_UNTIL_CLOSE;
}

/** WebSocket needs GET, HTTP/1.1, no body and the two fields (RFC 6455 4.1); any other offer to upgrade is not passed on. */
function finishUpgrade(head: MessageHead): boolean {
  const offer = head.valueOfNumber(UPGRADE);
  if (offer === undefined || offer.toLowerCase() !== 'websocket' || head.minorVersion === 0) return true;
  if (head.body === BODY_CHUNKED || head.contentLength > 0) return refuse(head, 'PRT-REQ-17');
  head.isWebSocket =
    isMethod(head, 'GET') && head.valueOfNumber(WEBSOCKET_KEY) !== undefined && head.valueOfNumber(WEBSOCKET_VERSION) !== undefined;
  return true;
}

/**
 * `http://authority/path` becomes origin-form (RFC 9112 3.2.2): the authority must be the one that Host names. The target offsets are
 * moved behind the authority; an empty path is left empty (`targetStart === pathEnd`) and means `/`.
 */
function reduceAbsoluteTarget(head: MessageHead): boolean {
  const { buffer } = head;
  const text = buffer.latin1Slice(head.targetStart, Math.min(head.targetStart + 8, head.targetEnd)).toLowerCase();
  const schemeBytes = text.startsWith('http://') ? 7 : text === 'https://' ? 8 : 0;
  if (schemeBytes === 0) return refuse(head, 'PRT-REQ-1');
  const authorityStart = head.targetStart + schemeBytes;
  let authorityEnd = authorityStart;
  while (authorityEnd < head.pathEnd && buffer[authorityEnd] !== SLASH) authorityEnd++;
  if (!isValidAuthority(buffer, authorityStart, authorityEnd)) return refuse(head, 'PRT-REQ-3');
  const defaultPort = schemeBytes === 7 ? ':80' : ':443';
  const authority = withoutDefaultPort(buffer.latin1Slice(authorityStart, authorityEnd).toLowerCase(), defaultPort);
  if (head.hostField < 0) head.targetHost = buffer.latin1Slice(authorityStart, authorityEnd);
  else if (withoutDefaultPort(head.valueOf(head.hostField).toLowerCase(), defaultPort) !== authority) return refuse(head, 'PRT-REQ-3');
  head.targetStart = authorityEnd;
  head.isPathSpecial = true;
  return true;
}

function withoutDefaultPort(authority: string, defaultPort: string): string {
  return authority.endsWith(defaultPort) ? authority.slice(0, -defaultPort.length) : authority;
}

function interpretContentLength(head: MessageHead, index: number, error: ErrorCode): boolean {
  if (head.body !== BODY_NONE) return refuse(head, error);
  const { buffer } = head;
  let at = head.valueStartOf(index);
  const end = head.valueEndOf(index);
  if (at === end) return refuse(head, error);
  while (at < end - 1 && buffer[at] === 48) at++;
  if (end - at > MAX_LENGTH_DIGITS) return refuse(head, error);
  let length = 0;
  for (; at < end; at++) {
    const digit = (buffer[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return refuse(head, error);
    length = length * 10 + digit;
  }
  head.fields.body = BODY_LENGTH;
  head.fields.contentLength = length;
  return true;
}

function interpretRequestCoding(head: MessageHead, index: number): boolean {
  if (head.body !== BODY_NONE || head.minorVersion === 0) return refuse(head, 'PRT-REQ-4');
  if (!equalsIgnoringCase(head, index, 'chunked')) {
    return refuse(head, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(head.valueOf(index)) ? 'PRT-REQ-12' : 'PRT-REQ-4');
  }
  head.fields.body = BODY_CHUNKED;
  return true;
}

/** `error`: where it names more fields than a head may have. */
function interpretConnection(head: MessageHead, index: number, error: ErrorCode): boolean {
  const { buffer, fields } = head;
  const end = head.valueEndOf(index);
  for (let start = head.valueStartOf(index); start <= end;) {
    const next = elementEnd(buffer, start, end);
    interpretOption(buffer, start, next, fields);
    start = next + 1;
  }
  return fields.nominations <= MAX_NOMINATIONS || refuse(head, error);
}

function interpretOption(buffer: Buffer, from: number, to: number, fields: MessageHead['fields']): void {
  const start = skipBlanks(buffer, from, to);
  const end = dropBlanks(buffer, start, to);
  if (isText(buffer, start, end, 'keep-alive')) fields.hasConnectionKeepAlive = true;
  else if (isText(buffer, start, end, 'close')) fields.hasConnectionClose = true;
  else if (isText(buffer, start, end, 'upgrade')) fields.hasConnectionUpgrade = true;
  else if (start < end) fields.nominations++;
}

/** Whether line `index` has this element in its list. Like all that reads lists here, it makes no strings: there may be thousands of elements. */
function hasElement(head: MessageHead, index: number, text: string): boolean {
  const { buffer } = head;
  const end = head.valueEndOf(index);
  for (let start = head.valueStartOf(index); start <= end;) {
    const next = elementEnd(buffer, start, end);
    const first = skipBlanks(buffer, start, next);
    if (isText(buffer, first, dropBlanks(buffer, first, next), text)) return true;
    start = next + 1;
  }
  return false;
}

/** Offset of the next comma, or the end of the list. */
function elementEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] !== COMMA) at++;
  return at;
}

function skipBlanks(buffer: Buffer, from: number, end: number): number {
  let start = from;
  while (start < end && isBlank(buffer[start])) start++;
  return start;
}

function dropBlanks(buffer: Buffer, start: number, to: number): number {
  let end = to;
  while (end > start && isBlank(buffer[end - 1])) end--;
  return end;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === HTAB;
}

function equalsIgnoringCase(head: MessageHead, index: number, text: string): boolean {
  return isText(head.buffer, head.valueStartOf(index), head.valueEndOf(index), text);
}

/** Whether `buffer[start, end)` is `text`, which is in lower case and has no underscore, whatever its case. */
function isText(buffer: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = buffer[start + i] ?? 0;
    // FOLD takes `_` for `-`, which holds for names of fields only.
    if (FOLD[byte] !== text.charCodeAt(i) || byte === UNDERSCORE) return false;
  }
  return true;
}

function isMethod(head: MessageHead, method: string): boolean {
  if (head.methodEnd - head.methodStart !== method.length) return false;
  for (let i = 0; i < method.length; i++) {
    if (head.buffer[head.methodStart + i] !== method.charCodeAt(i)) return false;
  }
  return true;
}

function refuse(head: MessageHead, error: ErrorCode): false {
  head.error = error;
  return false;
}
