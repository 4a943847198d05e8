// How the body of an upstream's response is framed towards the client.
import { BODY_LENGTH } from '../http1/field-block.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { ResponseFraming } from '../http1/response-writer.ts';
import type { Downstream } from './downstream.ts';

export const NO_BODY: ResponseFraming = { kind: 'none' };
export const CHUNKED_BODY: ResponseFraming = { kind: 'chunked' };
const UNTIL_CLOSE: ResponseFraming = { kind: 'until-close' };

export function framingFor(head: MessageHead, isBodyless: boolean, protocol: Downstream['protocol']): ResponseFraming {
  if (head.body === BODY_LENGTH && head.status !== 204) return { kind: 'length', length: head.contentLength };
  if (isBodyless) return NO_BODY;
  return protocol === 'HTTP/1.0' ? UNTIL_CLOSE : CHUNKED_BODY;
}
