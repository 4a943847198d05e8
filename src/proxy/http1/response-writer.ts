// Puts together response heads in the worker's out buffer. What the upstream sent is copied as whole checked lines, except what
// belongs to the connection or is written anew (RFC 9110 7.6.1); the status line and the framing are always written anew.
import { http } from '../../kit/node-http.ts';
import type { Settings } from '../../model/settings.ts';
import { type OutBuffer, utf8Text } from '../out-buffer.ts';
import { hasNameOf, lengthsOf } from './dropped-fields.ts';
import { FIELD, RESPONSE_FATE } from './field-names.ts';
import type { MessageHead } from './message-head.ts';

/** How the body of a response is framed towards the client. */
export type ResponseFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

const STATUS_LINE_START = Buffer.from('HTTP/1.1 ', 'latin1');
const CONTENT_LENGTH = Buffer.from('Content-Length: ', 'latin1');
const CRLF = Buffer.from('\r\n', 'latin1');
const CONNECTION_CLOSE = Buffer.from('Connection: close\r\n', 'latin1');
const CONNECTION_KEEP_ALIVE = Buffer.from('Connection: keep-alive\r\n', 'latin1');
const TRANSFER_CHUNKED = Buffer.from('Transfer-Encoding: chunked\r\n', 'latin1');
const HSTS = FIELD['strict-transport-security'];
const SERVER = FIELD.server;

/** What of the settings matters for response heads, prebuilt. */
export interface ResponseFields {
  /** Lines for every response over TLS; empty without HSTS. */
  readonly tlsLines: Buffer;
  /** `Server: …` line; empty without server-tokens. */
  readonly serverLine: Buffer;
  readonly keepsBackendServer: boolean;
  /** Lower-case names; undefined: none. */
  readonly hidden: readonly string[] | undefined;
  /** Constant fields of every response: `add-headers`. */
  readonly added: readonly AddedField[];
  /** All of them. */
  readonly addedLines: Buffer;
}

export interface AddedField {
  /** Lower case. */
  readonly name: string;
  readonly line: string;
}

export function compileResponseFields(settings: Settings): ResponseFields {
  const { hsts, serverTokens, allowBackendServerHeader } = settings;
  const flags = `${hsts.includeSubdomains ? '; includeSubDomains' : ''}${hsts.preload ? '; preload' : ''}`;
  const tlsLines = hsts.enabled ? `Strict-Transport-Security: max-age=${hsts.maxAgeSeconds}${flags}\r\n` : '';
  const added = addedFields(settings.addHeaders);
  const hidden = [...settings.hideHeaders, ...settings.addHeaders.map(({ name }) => name.toLowerCase())];
  return {
    tlsLines: Buffer.from(tlsLines, 'latin1'),
    serverLine: Buffer.from(serverTokens && !allowBackendServerHeader ? 'Server: nginx\r\n' : '', 'latin1'),
    keepsBackendServer: serverTokens && allowBackendServerHeader,
    hidden: hidden.length === 0 ? undefined : hidden,
    added,
    addedLines: Buffer.from(added.map(({ line }) => line).join(''), 'latin1'),
  };
}

/** Values with variables are the business of a policy. */
function addedFields(fields: Settings['addHeaders']): readonly AddedField[] {
  return fields.flatMap(({ name, value }) =>
    value.kind === 'constant' && value.text !== '' ? [{ name: name.toLowerCase(), line: `${name}: ${utf8Text(value.text)}\r\n` }] : [],
  );
}

/** What policies change about a response head. */
export interface HeadEdit {
  /** Further fields, each with its CRLF. */
  readonly lines: string;
  /** Lower-case names of fields that are not passed on; undefined: none. */
  readonly dropped: ReadonlySet<string> | undefined;
}

export interface HeadOptions {
  readonly fields: ResponseFields;
  readonly dateLine: Buffer;
  readonly isTls: boolean;
  readonly dropped: ReadonlySet<string> | undefined;
}

/** Status line and copied fields of an upstream's response; framing and connection are to follow with `appendEnd`. */
export function appendForwardedHead(out: OutBuffer, head: MessageHead, options: HeadOptions): void {
  const { buffer } = head;
  out.append(STATUS_LINE_START, 0, STATUS_LINE_START.length);
  out.append(buffer, head.statusStart, head.statusLineEnd);
  out.append(options.dateLine, 0, options.dateLine.length);
  const { serverLine, tlsLines } = options.fields;
  // A policy that sets these fields itself goes first.
  if (serverLine.length > 0 && options.dropped?.has('server') !== true) out.append(serverLine, 0, serverLine.length);
  const isHstsOurs = options.isTls && tlsLines.length > 0 && options.dropped?.has('strict-transport-security') !== true;
  const rules = { isHstsOurs, droppedLengths: lengthsOf(options.dropped) };
  // Lines that stand side by side are copied together.
  let runStart = -1;
  let runEnd = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (isDropped(head, i, options, rules)) continue;
    const lineStart = head.lineStartOf(i);
    if (lineStart !== runEnd) {
      if (runStart >= 0) out.append(buffer, runStart, runEnd);
      runStart = lineStart;
    }
    runEnd = head.lineEndOf(i);
  }
  if (runStart >= 0) out.append(buffer, runStart, runEnd);
  if (isHstsOurs) out.append(tlsLines, 0, tlsLines.length);
  appendAdded(out, options);
}

/** Interim responses (RFC 9110 15.2) have neither framing nor our fields. */
export function appendInterimHead(out: OutBuffer, head: MessageHead): void {
  out.append(STATUS_LINE_START, 0, STATUS_LINE_START.length);
  out.append(head.buffer, head.statusStart, head.statusLineEnd);
  for (let i = 0; i < head.fieldCount; i++) {
    if (RESPONSE_FATE[head.numberOf(i)] !== 0 || (head.hasNominatedFields && head.isNominated(i, FIELD.connection))) continue;
    out.append(head.buffer, head.lineStartOf(i), head.lineEndOf(i));
  }
  out.appendLatin1('\r\n');
}

/** Status line and our own fields of a response that Portico makes itself. */
export function appendLocalHead(out: OutBuffer, status: number, lines: string, options: HeadOptions): void {
  out.appendLatin1(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`);
  out.append(options.dateLine, 0, options.dateLine.length);
  const { serverLine, tlsLines } = options.fields;
  if (options.dropped?.has('server') !== true) out.append(serverLine, 0, serverLine.length);
  out.appendText(lines);
  if (options.isTls && options.dropped?.has('strict-transport-security') !== true) out.append(tlsLines, 0, tlsLines.length);
  appendAdded(out, options);
}

/** Policies of a route, which drop what they set, come before `add-headers`. */
function appendAdded(out: OutBuffer, { fields, dropped }: HeadOptions): void {
  const { added, addedLines } = fields;
  if (addedLines.length === 0) return;
  if (dropped === undefined) return out.append(addedLines, 0, addedLines.length);
  for (const { name, line } of added) if (!dropped.has(name)) out.appendLatin1(line);
}

/** Framing, connection and the empty line. */
export function appendEnd(out: OutBuffer, framing: ResponseFraming, keepsOpen: boolean, isHttp10: boolean): void {
  if (framing.kind === 'length') {
    out.append(CONTENT_LENGTH, 0, CONTENT_LENGTH.length);
    out.appendDecimal(framing.length);
    out.append(CRLF, 0, 2);
  } else if (framing.kind === 'chunked') out.append(TRANSFER_CHUNKED, 0, TRANSFER_CHUNKED.length);
  if (!keepsOpen) out.append(CONNECTION_CLOSE, 0, CONNECTION_CLOSE.length);
  else if (isHttp10) out.append(CONNECTION_KEEP_ALIVE, 0, CONNECTION_KEEP_ALIVE.length);
  out.append(CRLF, 0, 2);
}

/** nginx's words where they differ from the registry's, because people search for them. */
export function reasonPhrase(status: number): string {
  switch (status) {
    case 405:
      return 'Not Allowed';
    case 408:
      return 'Request Time-out';
    case 413:
      return 'Request Entity Too Large';
    case 414:
      return 'Request-URI Too Large';
    case 431:
      return 'Request Header Fields Too Large';
    case 503:
      return 'Service Temporarily Unavailable';
    case 504:
      return 'Gateway Time-out';
    default:
      return http.STATUS_CODES[status] ?? 'Unknown';
  }
}

interface DropRules {
  readonly isHstsOurs: boolean;
  readonly droppedLengths: number;
}

function isDropped(head: MessageHead, index: number, { fields, dropped }: HeadOptions, rules: DropRules): boolean {
  const number = head.numberOf(index);
  if (number !== 0) {
    if (RESPONSE_FATE[number] === 1 && !(number === SERVER && fields.keepsBackendServer)) return true;
    if (number === HSTS && rules.isHstsOurs) return true;
  }
  if (head.hasNominatedFields && head.isNominated(index, FIELD.connection)) return true;
  if (dropped !== undefined && hasNameOf(dropped, rules.droppedLengths, head, index)) return true;
  return fields.hidden !== undefined && fields.hidden.some((name) => head.isNamed(index, name));
}
