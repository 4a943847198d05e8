// Mutation fuzzing: a valid request with one byte changed, inserted, deleted or doubled. Whatever the proxy makes of it, the backend
// must see no more requests than the strict reader finds in the bytes that were sent, each with the body that the reader finds, and
// nothing malformed; and the client must get well-formed responses.
import { Client, settle } from './client.ts';
import { type Judgement, show } from './judge.ts';
import { bytesOf, expandParts, listOf } from './parts.ts';
import { pickNumber, pickOne, type Random } from './random.ts';
import type { Rig } from './request.ts';
import type { RequestVector, Vector } from './vectors.ts';
import { readRequest, readResponses, type RequestMessage, type Responses } from './wire.ts';

export interface Mutation {
  /** The vector, the change, the offset, and the byte in hex: enough to find the bytes again. */
  readonly id: string;
  readonly bytes: string;
}

export interface MutationObservation {
  readonly requests: readonly RequestMessage[];
  readonly malformed: readonly string[];
  readonly responses: Responses;
}

/** Bytes that some parser treats specially: controls, line ends, separators, quotes, and the ends of the byte ranges. */
export const interestingBytes = '\x00\t\n\x0b\x0c\r "#%,-/0:;=\\_\x7f\x80\x85\xa0\xff';
const longestMutatedBytes = 2000;

/** Vectors that can be mutated: one plain request that a proxy forwards. */
export function mutableVectors(vectors: readonly Vector[]): RequestVector[] {
  return vectors.filter((vector) => vector.kind === 'request').filter(isMutable);
}

function isMutable({ expect, seen, backend, fin, raw }: RequestVector): boolean {
  return expect === 'forward' && listOf(seen).length === 1 && backend === undefined && !fin && bytesOf(raw).length <= longestMutatedBytes;
}

/** `count` mutations of these vectors, chosen by `random`. */
export function createMutations(vectors: readonly RequestVector[], random: Random, count: number): Mutation[] {
  return Array.from({ length: count }, () => {
    const vector = pickOne(random, vectors);
    return mutate(vector.id, bytesOf(vector.raw), random);
  });
}

function mutate(name: string, bytes: string, random: Random): Mutation {
  const at = pickNumber(random, bytes.length);
  const byte = pickOne(random, interestingBytes.split(''));
  const hex = byte.charCodeAt(0).toString(16).padStart(2, '0');
  const before = bytes.slice(0, at);
  switch (pickOne(random, ['change', 'insert', 'delete', 'double'] as const)) {
    case 'change':
      return { id: `${name} change ${at} ${hex}`, bytes: before + byte + bytes.slice(at + 1) };
    case 'insert':
      return { id: `${name} insert ${at} ${hex}`, bytes: before + byte + bytes.slice(at) };
    case 'delete':
      return { id: `${name} delete ${at}`, bytes: before + bytes.slice(at + 1) };
    case 'double':
      return { id: `${name} double ${at}`, bytes: before + bytes.charAt(at) + bytes.slice(at) };
  }
}

/** Sends one mutation and judges what happened. */
export async function runMutation(mutation: Mutation, { proxy, backend, timing }: Rig): Promise<Judgement> {
  await backend.reset();
  const client = await new Client(proxy).ready();
  await client.send(expandParts(mutation.bytes));
  const { requests } = readAllRequests(mutation.bytes);
  const methods = requests.map((request) => request.method);
  const expected = Math.max(1, requests.length);
  await settle(client, backend, {
    ...timing,
    // An incomplete request is answered only by a timeout, which is not the matter here: a quiet time ends the exchange.
    limitMs: timing.idleMs,
    mustClose: false,
    isComplete: () => readResponses(client.received, methods, client.isClosed).final.length >= expected,
  });
  const isClosed = client.isClosed;
  client.destroy();
  const responses = readResponses(client.received, methods, isClosed);
  const judgement = judgeMutation(mutation.bytes, { requests: backend.requests, malformed: backend.malformed, responses });
  return judgement.verdict === 'ok' ? judgement : { ...judgement, notes: [...judgement.notes, `sent ${JSON.stringify(mutation.bytes)}`] };
}

/** `forwarded`: a request that the strict reader refuses reached the backend, well-formed. `wrong`: anything worse. */
export function judgeMutation(sent: string, seen: MutationObservation): Judgement {
  const acceptable = readAllRequests(sent);
  if (seen.malformed.length > 0) return { verdict: 'wrong', notes: [`backend got malformed bytes: ${seen.malformed[0]}`] };
  if (seen.responses.state === 'bad') return { verdict: 'wrong', notes: [`client got malformed bytes: ${seen.responses.why}`] };
  for (const [index, request] of seen.requests.entries()) {
    const wanted = acceptable.requests[index];
    const name = `${request.method} ${show(request.target)}`;
    if (wanted === undefined) {
      const note = `backend saw ${seen.requests.length} requests of ${acceptable.requests.length} acceptable ones (${acceptable.why}): ${name}`;
      return { verdict: index > 0 ? 'wrong' : 'forwarded', notes: [note] };
    }
    if (request.method !== wanted.method) return { verdict: 'wrong', notes: [`method ${request.method}, not ${wanted.method}`] };
    if (request.body !== wanted.body) return { verdict: 'wrong', notes: [`body ${show(request.body)}, not ${show(wanted.body)}`] };
  }
  return { verdict: 'ok', notes: [] };
}

/**
 * The requests that a strict server finds in the bytes: up to two empty lines before each are skipped (RFC 9112 section 2.2), and the
 * first malformed or incomplete one ends the list. `why` says which of the two.
 */
export function readAllRequests(bytes: string): { readonly requests: readonly RequestMessage[]; readonly why: string } {
  const requests: RequestMessage[] = [];
  let rest = bytes;
  for (;;) {
    rest = rest.replace(/^(?:\r\n){1,2}/, '');
    const reading = readRequest(rest);
    switch (reading.kind) {
      case 'bad':
        return { requests, why: reading.why };
      case 'more':
        return { requests, why: 'incomplete' };
      case 'done':
        requests.push(reading.message);
        rest = rest.slice(reading.end);
    }
  }
}
