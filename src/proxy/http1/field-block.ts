// The fields of one head, parsed: where each line lies, relative to the first, and what the lines together mean for framing and connection.
// A block can outlive the bytes it was parsed from: `FieldMemo` keeps it with a copy of them.
import type { KnownHost } from './host-cache.ts';

/** How the length of a body is told (RFC 9112 6.3). */
export const BODY_NONE = 0;
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Responses only: the body ends with the connection. */
export const BODY_UNTIL_CLOSE = 3;

export type BodyKind = typeof BODY_NONE | typeof BODY_LENGTH | typeof BODY_CHUNKED | typeof BODY_UNTIL_CLOSE;

/** That the Authorization of a request was checked. */
export interface CredentialProof {
  /** What it was checked against. */
  readonly table: object;
  readonly user: string;
  /** On the worker's clock. */
  readonly untilMs: number;
}

export class FieldBlock {
  count = 0;
  // Line i is [nameStart, lineEnd), lineEnd behind its CRLF.
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  readonly lineEnd: Int32Array;
  /** Number of a known name, 0 otherwise. */
  readonly fieldNumber: Uint8Array;
  /** 1 where the name has an underscore. */
  readonly hasUnderscore: Uint8Array;
  /** Index of the Host line, or -1. */
  hostField = -1;
  body: BodyKind = BODY_NONE;
  contentLength = 0;
  // Connection options (RFC 9110 7.6.1).
  hasConnectionClose = false;
  hasConnectionKeepAlive = false;
  hasConnectionUpgrade = false;
  /** How many other fields Connection names, which must not be passed on. */
  nominations = 0;
  /** Their lower-case names, among other options, once somebody asked for them. */
  nominated: ReadonlySet<string> | undefined;
  acceptsTrailers = false;
  expectsContinue = false;
  /** Index of the first x-request-id line with a value, or -1. */
  requestIdField = -1;
  /** True: a block that `FieldMemo` keeps for one connection; its lines are only ever those that it was made from, but for the value of Host. */
  isKept = false;
  /** Credentials in these lines that were found good; of kept blocks only, so that nobody else's request ever has it. */
  proof: CredentialProof | undefined;
  /** The host that the value of Host names, once it was looked up: then that value was found good. */
  host: KnownHost | undefined;
  /** Lines that are passed on, as pairs of offsets, under the rules that hold where nothing unusual is configured; made by the request writer. */
  plainRuns: number[] | undefined;

  constructor(capacity: number) {
    this.nameStart = new Int32Array(capacity);
    this.nameEnd = new Int32Array(capacity);
    this.valueStart = new Int32Array(capacity);
    this.valueEnd = new Int32Array(capacity);
    this.lineEnd = new Int32Array(capacity);
    this.fieldNumber = new Uint8Array(capacity);
    this.hasUnderscore = new Uint8Array(capacity);
  }

  reset(): void {
    this.count = 0;
    this.hostField = -1;
    this.body = BODY_NONE;
    this.contentLength = 0;
    this.hasConnectionClose = false;
    this.hasConnectionKeepAlive = false;
    this.hasConnectionUpgrade = false;
    this.nominations = 0;
    this.nominated = undefined;
    this.acceptsTrailers = false;
    this.expectsContinue = false;
    this.requestIdField = -1;
    this.proof = undefined;
    this.host = undefined;
    this.plainRuns = undefined;
  }

  /** The value of Host takes `length` bytes now and names `host`, if that is known; all other bytes are as they were. */
  replaceHost(length: number, known: KnownHost | undefined): void {
    this.host = known;
    const host = this.hostField;
    const oldEnd = this.lineEnd[host] ?? 0;
    const delta = length - ((this.valueEnd[host] ?? 0) - (this.valueStart[host] ?? 0));
    if (delta === 0) return;
    this.valueEnd[host] = (this.valueEnd[host] ?? 0) + delta;
    this.lineEnd[host] = oldEnd + delta;
    for (let i = host + 1; i < this.count; i++) {
      this.nameStart[i] = (this.nameStart[i] ?? 0) + delta;
      this.nameEnd[i] = (this.nameEnd[i] ?? 0) + delta;
      this.valueStart[i] = (this.valueStart[i] ?? 0) + delta;
      this.valueEnd[i] = (this.valueEnd[i] ?? 0) + delta;
      this.lineEnd[i] = (this.lineEnd[i] ?? 0) + delta;
    }
    // Host is never passed on: no run goes across it.
    const { plainRuns: runs } = this;
    if (runs !== undefined) for (let i = 0; i < runs.length; i++) if ((runs[i] ?? 0) >= oldEnd) runs[i] = (runs[i] ?? 0) + delta;
  }

  /** A copy to be kept, which takes no more memory than its lines need. */
  keep(): FieldBlock {
    const { count } = this;
    const copy = new FieldBlock(count);
    copy.count = count;
    copy.nameStart.set(this.nameStart.subarray(0, count));
    copy.nameEnd.set(this.nameEnd.subarray(0, count));
    copy.valueStart.set(this.valueStart.subarray(0, count));
    copy.valueEnd.set(this.valueEnd.subarray(0, count));
    copy.lineEnd.set(this.lineEnd.subarray(0, count));
    copy.fieldNumber.set(this.fieldNumber.subarray(0, count));
    copy.hasUnderscore.set(this.hasUnderscore.subarray(0, count));
    copy.hostField = this.hostField;
    copy.body = this.body;
    copy.contentLength = this.contentLength;
    copy.hasConnectionClose = this.hasConnectionClose;
    copy.hasConnectionKeepAlive = this.hasConnectionKeepAlive;
    copy.hasConnectionUpgrade = this.hasConnectionUpgrade;
    copy.nominations = this.nominations;
    copy.acceptsTrailers = this.acceptsTrailers;
    copy.expectsContinue = this.expectsContinue;
    copy.requestIdField = this.requestIdField;
    copy.isKept = true;
    return copy;
  }
}
