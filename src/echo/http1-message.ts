// HTTP/1 messages as the echo backend reads them: tolerant where it can be, because it must show what it was sent rather than judge it.
// Text is Latin-1, so that every byte of a head survives.
import type { ByteReader } from './byte-reader.ts';

/** Field lines in order of arrival, names as received. */
export type FieldLines = readonly (readonly [name: string, value: string])[];

export interface MessageHead {
  readonly startLine: string;
  readonly fields: FieldLines;
}

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly lengthBytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

const CHUNK_LINE_BYTES = 4096;
const READ_BYTES = 64 * 1024;

/** Splits a head, given without its closing empty line. Undefined if a line is no field. */
export function parseMessageHead(head: Buffer): MessageHead | undefined {
  const lines = head.toString('latin1').split('\r\n');
  const fields: (readonly [string, string])[] = [];
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    fields.push([line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]);
  }
  return { startLine: lines[0] ?? '', fields };
}

/** The values of a field in order of arrival; `name` in lower case. */
export function fieldValues(fields: FieldLines, name: string): string[] {
  return fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

/** True if the comma-separated list of a field has this member; both in lower case. */
export function hasFieldMember(fields: FieldLines, name: string, member: string): boolean {
  return fieldValues(fields, name).some((value) =>
    value
      .toLowerCase()
      .split(',')
      .some((part) => part.trim() === member),
  );
}

/** How the body is delimited by its fields (RFC 9112 section 6.3), `otherwise` if they say nothing. */
export function bodyFraming(fields: FieldLines, otherwise: BodyFraming): BodyFraming {
  if (hasFieldMember(fields, 'transfer-encoding', 'chunked')) return { kind: 'chunked' };
  const length = fieldValues(fields, 'content-length')[0];
  if (length === undefined) return otherwise;
  return { kind: 'length', lengthBytes: Number.parseInt(length, 10) || 0 };
}

/** Reads a body to its end and hands on its pieces. False if the stream ended or the framing broke before the end. */
export async function readBody(reader: ByteReader, framing: BodyFraming, onPiece: (piece: Buffer) => void): Promise<boolean> {
  switch (framing.kind) {
    case 'none':
      return true;
    case 'length':
      return readLength(reader, framing.lengthBytes, onPiece);
    case 'chunked':
      return readChunks(reader, onPiece);
    case 'until-close': {
      for (;;) {
        const piece = await reader.readSome(READ_BYTES);
        if (piece === undefined) return reader.error === undefined;
        onPiece(piece);
      }
    }
  }
}

async function readLength(reader: ByteReader, lengthBytes: number, onPiece: (piece: Buffer) => void): Promise<boolean> {
  let missing = lengthBytes;
  while (missing > 0) {
    const piece = await reader.readSome(Math.min(missing, READ_BYTES));
    if (piece === undefined) return false;
    missing -= piece.length;
    onPiece(piece);
  }
  return true;
}

async function readChunks(reader: ByteReader, onPiece: (piece: Buffer) => void): Promise<boolean> {
  for (;;) {
    const size = (await reader.readLine(CHUNK_LINE_BYTES))?.toString('latin1').match(/^[0-9a-fA-F]+/)?.[0];
    if (size === undefined) return false;
    const lengthBytes = Number.parseInt(size, 16);
    if (lengthBytes === 0) break;
    if (!(await readLength(reader, lengthBytes, onPiece))) return false;
    if ((await reader.readLine(2)) === undefined) return false;
  }
  for (;;) {
    const trailer = await reader.readLine(CHUNK_LINE_BYTES);
    if (trailer === undefined) return false;
    if (trailer.length === 0) return true;
  }
}
