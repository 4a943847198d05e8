// Texts of the request line, made only as far as they are needed.
import type { Settings } from '../../model/settings.ts';
import { normalisePath } from '../../routing/normalise-path.ts';
import type { MessageHead } from '../http1/message-head.ts';

/** The path as received; `target` is the text of the whole target. */
export function readPath(head: MessageHead, target: string): string {
  if (head.targetForm === 'asterisk' || head.targetStart === head.pathEnd) return '/';
  if (head.pathEnd === head.targetEnd) return target;
  return head.buffer.latin1Slice(head.targetStart, head.pathEnd);
}

export interface NormalisedTarget {
  /** For matching. */
  readonly path: string;
  /** To send upstream instead of the received target, or undefined. */
  readonly target: string | undefined;
}

/** Of a path that is not plain, as received. Undefined: it cannot be matched safely. */
export function normaliseTarget(
  head: MessageHead,
  receivedPath: string,
  pathForwarding: Settings['pathForwarding'],
): NormalisedTarget | undefined {
  const normal = normalisePath(receivedPath);
  if (normal.kind === 'bad') return undefined;
  const { path, forwardPath } = normal;
  const isChanged = forwardPath !== receivedPath && pathForwarding === 'safe';
  return { path, target: isChanged ? forwardPath + head.buffer.latin1Slice(head.pathEnd, head.targetEnd) : undefined };
}

export function methodOf(head: MessageHead): string {
  const { buffer, methodStart, methodEnd } = head;
  // The common one without making a string.
  if (methodEnd - methodStart === 3 && buffer[methodStart] === 71 && buffer[methodStart + 1] === 69 && buffer[methodStart + 2] === 84)
    return 'GET';
  return buffer.latin1Slice(methodStart, methodEnd);
}
