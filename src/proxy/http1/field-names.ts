// Field names that the engine must recognise, with what becomes of them on the way to the other side. A name is found by its length
// and three of its bytes, then compared in full; `_` counts as `-`, so that no alias spelling slips through. No field of this table is
// ever passed on as a trailer.
import { FOLD } from './characters.ts';

/** Fate of a request field on the way to the upstream. */
export type RequestFate =
  /** Copied as received. */
  | 'pass'
  /** Never copied: hop-by-hop, framing, or written anew by Portico. */
  | 'drop'
  /** Dropped unless the peer is a trusted proxy. */
  | 'trusted';

/** Fate of a response field on the way to the client. */
export type ResponseFate = 'pass' | 'drop';

interface FieldRow {
  readonly name: string;
  readonly request: RequestFate;
  readonly response: ResponseFate;
}

const rows = [
  // Framing and connection: written anew from what was understood.
  field('host', 'drop', 'pass'),
  field('content-length', 'drop', 'drop'),
  field('transfer-encoding', 'drop', 'drop'),
  field('connection', 'drop', 'drop'),
  field('keep-alive', 'drop', 'drop'),
  field('proxy-connection', 'drop', 'drop'),
  field('te', 'drop', 'drop'),
  field('trailer', 'drop', 'drop'),
  field('upgrade', 'drop', 'drop'),
  field('http2-settings', 'drop', 'drop'),
  field('proxy-authorization', 'drop', 'pass'),
  field('expect', 'drop', 'pass'),
  // httpoxy (CVE-2016-5385).
  field('proxy', 'drop', 'pass'),
  // Forwarding and identity: the client's values are dropped, ours are set.
  field('x-request-id', 'drop', 'pass'),
  field('x-real-ip', 'drop', 'pass'),
  field('x-forwarded-for', 'drop', 'pass'),
  field('x-forwarded-host', 'drop', 'pass'),
  field('x-forwarded-port', 'drop', 'pass'),
  field('x-forwarded-proto', 'drop', 'pass'),
  field('x-forwarded-scheme', 'drop', 'pass'),
  field('x-scheme', 'drop', 'pass'),
  field('x-original-uri', 'drop', 'pass'),
  field('x-original-url', 'trusted', 'pass'),
  field('x-original-host', 'trusted', 'pass'),
  field('x-original-method', 'trusted', 'pass'),
  field('x-original-forwarded-for', 'drop', 'pass'),
  field('x-original-forwarded-host', 'drop', 'pass'),
  field('x-forwarded-prefix', 'trusted', 'pass'),
  field('x-forwarded-server', 'trusted', 'pass'),
  field('x-forwarded-ssl', 'trusted', 'pass'),
  field('x-forwarded-by', 'trusted', 'pass'),
  field('x-rewrite-url', 'trusted', 'pass'),
  field('front-end-https', 'trusted', 'pass'),
  field('forwarded', 'trusted', 'pass'),
  field('x-forwarded-client-cert', 'drop', 'pass'),
  field('ssl-client-cert', 'drop', 'pass'),
  field('ssl-client-verify', 'drop', 'pass'),
  field('ssl-client-subject-dn', 'drop', 'pass'),
  field('ssl-client-issuer-dn', 'drop', 'pass'),
  field('x-auth-request-redirect', 'pass', 'pass'),
  // Read by the engine, passed on.
  field('authorization', 'pass', 'pass'),
  field('cookie', 'pass', 'pass'),
  field('content-type', 'pass', 'pass'),
  field('content-encoding', 'pass', 'pass'),
  field('content-range', 'pass', 'pass'),
  field('cache-control', 'pass', 'pass'),
  field('range', 'pass', 'pass'),
  field('location', 'pass', 'pass'),
  field('set-cookie', 'pass', 'pass'),
  field('www-authenticate', 'pass', 'pass'),
  field('user-agent', 'pass', 'pass'),
  field('referer', 'pass', 'pass'),
  field('sec-websocket-key', 'pass', 'pass'),
  field('sec-websocket-version', 'pass', 'pass'),
  // Of the response: written anew, or consumed.
  field('date', 'pass', 'drop'),
  field('server', 'pass', 'drop'),
  field('strict-transport-security', 'pass', 'pass'),
  field('x-accel-redirect', 'pass', 'drop'),
  field('x-accel-expires', 'pass', 'drop'),
  field('x-accel-limit-rate', 'pass', 'drop'),
  field('x-accel-buffering', 'pass', 'drop'),
  field('x-accel-charset', 'pass', 'drop'),
  field('x-portico-error', 'pass', 'drop'),
] as const satisfies readonly FieldRow[];

/** A name of the table. */
export type KnownFieldName = (typeof rows)[number]['name'];

/** Number of a known field name; 0 stands for every other name. */
export const FIELD: Readonly<Record<KnownFieldName, number>> = Object.fromEntries(
  rows.map((row, index) => [row.name, index + 1]),
) as Record<KnownFieldName, number>;

/** By field number: 0 pass, 1 drop, 2 drop unless the peer is trusted. */
export const REQUEST_FATE = Uint8Array.from([0, ...rows.map((row) => ({ pass: 0, drop: 1, trusted: 2 })[row.request])]);
/** By field number: 0 pass, 1 drop. */
export const RESPONSE_FATE = Uint8Array.from([0, ...rows.map((row) => ({ pass: 0, drop: 1 })[row.response])]);

const NAMES: readonly Buffer[] = [Buffer.alloc(0), ...rows.map((row) => Buffer.from(row.name, 'latin1'))];
const BUCKETS = 4096;
/** Bucket of a name -> number of the first name in it; names of one bucket are chained through `NEXT`. */
const FIRST = new Uint8Array(BUCKETS);
const NEXT = new Uint8Array(NAMES.length);
for (let number = NAMES.length - 1; number > 0; number--) {
  const name = NAMES[number] ?? Buffer.alloc(0);
  const bucket = bucketOf(name, 0, name.length);
  NEXT[number] = FIRST[bucket] ?? 0;
  FIRST[bucket] = number;
}

/** Number of the name in `buffer[start, end)`, or 0. Measured with bench/micro/head-parser.ts. */
export function findFieldNumber(buffer: Uint8Array, start: number, end: number): number {
  let number = FIRST[bucketOf(buffer, start, end)] ?? 0;
  while (number !== 0) {
    if (isName(NAMES[number], buffer, start, end)) return number;
    number = NEXT[number] ?? 0;
  }
  return 0;
}

function bucketOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = FOLD[buffer[start] ?? 0] ?? 0;
  const last = FOLD[buffer[end - 1] ?? 0] ?? 0;
  const middle = FOLD[buffer[start + (length >> 1)] ?? 0] ?? 0;
  return ((length * 131 + first) * 31 + last * 7 + middle) & (BUCKETS - 1);
}

function isName(name: Uint8Array | undefined, buffer: Uint8Array, start: number, end: number): boolean {
  if (name === undefined || name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== FOLD[buffer[start + i] ?? 0]) return false;
  }
  return true;
}

function field<Name extends string>(name: Name, request: RequestFate, response: ResponseFate): FieldRow & { readonly name: Name } {
  return { name, request, response };
}
