// Which trailer fields may be passed on (docs/security.md, "Trailers: use"): only names without a meaning for framing, routing,
// authentication or forwarding, and without an underscore. They are never merged into the head.
import { parseTrailers, REFUSED } from './head-parser.ts';
import type { MessageHead } from './message-head.ts';

const LIMITS = { requestLineBytes: 0, headBytes: 16 * 1024, fieldBytes: 8 * 1024, fields: 64 };

/** Whether the section is well-formed and within the limits. */
export function isValidTrailerSection(section: Buffer, scratch: MessageHead): boolean {
  return parseTrailers(section, 0, section.length, LIMITS, scratch) !== REFUSED;
}

/**
 * The lines that may be passed on, each with its CRLF; empty if there are none or the section is malformed. `dropped`: lower-case names of
 * fields that the client must not set (an authentication service's), for some backends merge trailers into the head.
 */
export function passableTrailers(section: Buffer, scratch: MessageHead, dropped?: ReadonlySet<string>): string {
  if (!isValidTrailerSection(section, scratch)) return '';
  let lines = '';
  for (let i = 0; i < scratch.fieldCount; i++) {
    // Every name of the table means something to somebody before the backend; a name that begins like these is an identity of some kind.
    if (scratch.numberOf(i) !== 0 || scratch.hasUnderscoreIn(i) || isForwardingName(scratch, i)) continue;
    if (dropped?.has(scratch.nameOf(i)) === true) continue;
    lines += section.latin1Slice(scratch.lineStartOf(i), scratch.lineEndOf(i));
  }
  return lines;
}

function isForwardingName(head: MessageHead, index: number): boolean {
  return /^(x-forwarded-|x-original-|x-auth-|ssl-client-|x-envoy-|cf-connecting-)/.test(head.nameOf(index));
}
