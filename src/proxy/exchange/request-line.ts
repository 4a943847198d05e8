// Texts of the request line, made only as far as they are needed.
import type { MessageHead } from '../http1/message-head.ts';

/** The path as received; `target` is the text of the whole target. */
export function readPath(head: MessageHead, target: string): string {
  if (head.targetForm === 'asterisk' || head.targetStart === head.pathEnd) return '/';
  if (head.pathEnd === head.targetEnd) return target;
  return head.buffer.latin1Slice(head.targetStart, head.pathEnd);
}

export function methodOf(head: MessageHead): string {
  const { buffer, methodStart, methodEnd } = head;
  // The common one without making a string.
  if (methodEnd - methodStart === 3 && buffer[methodStart] === 71 && buffer[methodStart + 1] === 69 && buffer[methodStart + 2] === 84)
    return 'GET';
  return buffer.latin1Slice(methodStart, methodEnd);
}
