// WebSocket framing (RFC 6455 section 5): as much as an echo server and a test client need. No extensions.
import { createHash, randomBytes } from 'node:crypto';
import type { ByteReader } from './byte-reader.ts';

export type WebSocketMessage = { readonly kind: 'text' | 'binary' | 'ping' | 'pong' | 'close'; readonly payload: Buffer };

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const KINDS: Readonly<Record<number, WebSocketMessage['kind']>> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Value of Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** One unfragmented frame. A client masks, a server does not. */
export function encodeFrame(message: WebSocketMessage, masked: boolean): Buffer {
  const { payload } = message;
  const length = payload.length;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  header[0] = 0x80 | OPCODES[message.kind];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) header[1] = maskBit | length;
  else if (length < 65536) {
    header[1] = maskBit | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = maskBit | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([header, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, applyMask(payload, mask)]);
}

/** The next message, fragments joined; undefined at the end of the stream or at a frame that breaks the protocol. */
export async function readMessage(reader: ByteReader): Promise<WebSocketMessage | undefined> {
  let kind: WebSocketMessage['kind'] | undefined;
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const frame = await readFrame(reader);
    if (frame === undefined) return undefined;
    const frameKind = KINDS[frame.opcode];
    if (frame.opcode >= 8) return frameKind === undefined ? undefined : { kind: frameKind, payload: frame.payload };
    kind ??= frameKind;
    if (kind === undefined) return undefined;
    parts.push(frame.payload);
    total += frame.payload.length;
    if (total > MAX_MESSAGE_BYTES) return undefined;
    if (frame.isFinal) return { kind, payload: Buffer.concat(parts) };
  }
}

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
}

async function readFrame(reader: ByteReader): Promise<Frame | undefined> {
  const start = await reader.readExactly(2);
  if (start === undefined) return undefined;
  const first = start.readUInt8(0);
  const second = start.readUInt8(1);
  let length = second & 0x7f;
  if (length === 126) {
    const extended = await reader.readExactly(2);
    if (extended === undefined) return undefined;
    length = extended.readUInt16BE(0);
  } else if (length === 127) {
    const extended = await reader.readExactly(8);
    if (extended === undefined) return undefined;
    length = Number(extended.readBigUInt64BE(0));
  }
  if (length > MAX_MESSAGE_BYTES) return undefined;
  const mask = (second & 0x80) === 0 ? undefined : await reader.readExactly(4);
  const payload = await reader.readExactly(length);
  if (payload === undefined) return undefined;
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload: mask === undefined ? payload : applyMask(payload, mask) };
}

function applyMask(payload: Buffer, mask: Buffer): Buffer {
  const out = Buffer.from(payload);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return out;
}
