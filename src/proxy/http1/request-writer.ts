// Puts together the request head for the upstream. The request line and framing are written anew from what was understood; fields are
// copied as whole checked lines, never those that a proxy must not pass on (docs/security.md, "Connection, forwarding and identity fields").
import type { OutBuffer } from '../out-buffer.ts';
import { hasNameOf, lengthsOf } from './dropped-fields.ts';
import { FIELD, REQUEST_FATE } from './field-names.ts';
import { BODY_CHUNKED, BODY_LENGTH } from './field-block.ts';
import type { MessageHead } from './message-head.ts';

export interface RequestHeadOptions extends RequestFieldOptions {
  /** Path and query to send instead of the received bytes, or undefined. Latin1, checked. */
  readonly target: string | undefined;
  /** End of the request line and fields about client and host: `forwardedLines`. */
  readonly lines: Buffer;
  /** Further lines, each ending in CRLF; empty mostly. */
  readonly extraLines: string;
}

/** Which of the client's fields are passed on. */
export interface RequestFieldOptions {
  /** The peer is a trusted proxy, whose forwarding fields are passed on where Portico does not set them itself. */
  readonly isPeerTrusted: boolean;
  readonly keepsUnderscores: boolean;
  /** Lower-case name of a field that is replaced (`forwarded-for-header`), beside the known ones; undefined: none. */
  readonly replacedName: string | undefined;
  /** Lower-case names that policies drop; undefined: none. */
  readonly dropped: ReadonlySet<string> | undefined;
}

const CONTENT_LENGTH = Buffer.from('Content-Length: ', 'latin1');
const END = Buffer.from('\r\n\r\n', 'latin1');
const CHUNKED = Buffer.from('Transfer-Encoding: chunked\r\n\r\n', 'latin1');
const UPGRADE = Buffer.from('Upgrade: websocket\r\nConnection: upgrade\r\n', 'latin1');

/** Returns the offset in `out` where the forwarded lines begin, so that the caller can fill in the request id. */
export function appendRequestHead(out: OutBuffer, head: MessageHead, options: RequestHeadOptions): number {
  const { buffer } = head;
  if (options.target === undefined) {
    out.append(buffer, head.methodStart, head.targetEnd);
  } else {
    out.append(buffer, head.methodStart, head.methodEnd + 1);
    out.appendText(options.target);
  }
  const linesAt = out.length;
  out.append(options.lines, 0, options.lines.length);
  if (options.extraLines !== '') out.appendText(options.extraLines);
  appendRequestFields(out, head, options);
  if (head.isWebSocket) out.append(UPGRADE, 0, UPGRADE.length);
  if (head.body === BODY_CHUNKED) out.append(CHUNKED, 0, CHUNKED.length);
  else if (head.body === BODY_LENGTH) appendLength(out, head.contentLength);
  else out.append(END, 2, 4);
  return linesAt;
}

function appendLength(out: OutBuffer, length: number): void {
  out.append(CONTENT_LENGTH, 0, CONTENT_LENGTH.length);
  out.appendDecimal(length);
  out.append(END, 0, 4);
}

/** Copies the client's fields that are passed on; lines that stand side by side are copied together. */
export function appendRequestFields(out: OutBuffer, head: MessageHead, options: RequestFieldOptions): void {
  const isPlain =
    !options.isPeerTrusted && !options.keepsUnderscores && options.replacedName === undefined && options.dropped === undefined;
  let runs = isPlain ? head.fields.plainRuns : undefined;
  if (runs === undefined) {
    runs = findRuns(head, options);
    // Of use where the block is a remembered one.
    if (isPlain) head.fields.plainRuns = runs;
  }
  for (let i = 0; i < runs.length; i += 2) out.append(head.buffer, head.fieldsAt + (runs[i] ?? 0), head.fieldsAt + (runs[i + 1] ?? 0));
}

/** Starts and ends of what is passed on, relative to the first field. */
function findRuns(head: MessageHead, options: RequestFieldOptions): number[] {
  const runs: number[] = [];
  const droppedLengths = lengthsOf(options.dropped);
  for (let i = 0; i < head.fieldCount; i++) {
    if (isDropped(head, i, options, droppedLengths)) continue;
    const lineStart = head.lineStartOf(i) - head.fieldsAt;
    const lineEnd = head.lineEndOf(i) - head.fieldsAt;
    if (runs.length > 0 && runs[runs.length - 1] === lineStart) runs[runs.length - 1] = lineEnd;
    else runs.push(lineStart, lineEnd);
  }
  return runs;
}

function isDropped(head: MessageHead, index: number, options: RequestFieldOptions, droppedLengths: number): boolean {
  const number = head.numberOf(index);
  if (head.hasUnderscoreIn(index) && (number !== 0 || !options.keepsUnderscores)) return true;
  const fate = REQUEST_FATE[number];
  if (fate === 1 || (fate === 2 && !options.isPeerTrusted)) return true;
  if (options.replacedName !== undefined && head.isNamed(index, options.replacedName)) return true;
  if (options.dropped !== undefined && hasNameOf(options.dropped, droppedLengths, head, index)) return true;
  if (head.hasUnderscoreIn(index) && isDroppedWithDashes(head.nameOf(index).replaceAll('_', '-'), options)) return true;
  return head.hasNominatedFields && head.isNominated(index, FIELD.connection);
}

/** Backends with CGI names cannot tell `X_User` from `X-User`: who must not send one, must not send the other. */
function isDroppedWithDashes(name: string, { replacedName, dropped }: RequestFieldOptions): boolean {
  return name === replacedName || dropped?.has(name) === true;
}
