// The trace that a client says its request is part of: fields `traceparent` and `tracestate` of W3C Trace Context. What does not keep to
// its grammar counts as absent, so that a new trace begins; nothing of it is passed on then.

export interface IncomingTrace {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly isSampled: boolean;
  /** Checked; empty where there is none. */
  readonly traceState: string;
}

/** W3C Trace Context 3.2.2. Versions above 00 may have more behind the flags. */
const TRACE_PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,256})?$/;
const SAMPLED_FLAG = 1;

/** 3.3.1.1. */
const MAX_MEMBERS = 32;
/** Longer ones are left out; at least 512 characters must be passed on. */
const MAX_STATE_CHARACTERS = 2048;
const STATE_MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Undefined: the client is part of no trace. The values are those of all fields of the name, joined with commas. */
export function readIncomingTrace(traceParent: string | undefined, traceState: string | undefined): IncomingTrace | undefined {
  if (traceParent === undefined || traceParent.length > 320) return undefined;
  const [, version, traceId, parentSpanId, flags, rest] = TRACE_PARENT.exec(traceParent) ?? [];
  if (traceId === undefined || parentSpanId === undefined || (version === '00' && rest !== undefined)) return undefined;
  const isSampled = (Number.parseInt(flags ?? '00', 16) & SAMPLED_FLAG) !== 0;
  return { traceId, parentSpanId, isSampled, traceState: readTraceState(traceState) };
}

function readTraceState(text: string | undefined): string {
  if (text === undefined || text.length > MAX_STATE_CHARACTERS) return '';
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const isValid = members.length <= MAX_MEMBERS && members.every((member) => STATE_MEMBER.test(member));
  return isValid ? members.join(',') : '';
}
