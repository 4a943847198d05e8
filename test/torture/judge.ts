// Decides the verdict of a request vector from what the client and the backend observed. Pure: no sockets, no clock.
import { bytesOf, listOf } from './parts.ts';
import type { FieldWish, RequestVector, SeenRequest } from './vectors.ts';
import { type Field, type RequestMessage, type Responses, valuesOf } from './wire.ts';

/**
 * `ok` as wanted; `deviates` safe, but another status, no response, or left open; `forwarded` should have been refused and one
 * well-formed request reached the backend; `delivered` should have been 502 and a well-formed response was delivered; `rejected` should
 * have been forwarded or delivered; `hang` neither answered nor closed in time; `wrong` malformed, ambiguous, extra or different bytes
 * at an end, or forbidden reuse.
 */
export const verdicts = ['ok', 'deviates', 'forwarded', 'delivered', 'rejected', 'hang', 'wrong'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Judgement {
  readonly verdict: Verdict;
  readonly notes: readonly string[];
}

/** What both ends of one request exchange observed. */
export interface RequestObservation {
  readonly responses: Responses;
  /** The client's connection was ended by the proxy. */
  readonly isClosed: boolean;
  /** Complete requests at the backend. */
  readonly requests: readonly RequestMessage[];
  readonly malformed: readonly string[];
  /** Bytes of requests that never ended. */
  readonly unfinished: readonly string[];
  /** Bytes that came before a tunnel was granted. */
  readonly early: string;
}

const ok: Judgement = { verdict: 'ok', notes: [] };

/** The verdict on a request vector. */
export function judgeRequest(vector: RequestVector, seen: RequestObservation): Judgement {
  switch (vector.expect) {
    case 'reject':
      return judgeReject(vector, seen);
    case 'forward':
      return judgeForward(vector, seen);
    case 'either':
      return judgeEither(vector, seen);
  }
}

/** Refused properly, or forwarded exactly as `seen`; without `seen`, as any one request. */
function judgeEither(vector: RequestVector, seen: RequestObservation): Judgement {
  const refused = judgeReject({ ...vector, seen: undefined }, seen);
  if (vector.seen === undefined) return seen.requests.length === 1 && seen.malformed.length === 0 ? ok : refused;
  const forwarded = judgeForward(vector, seen);
  if (seen.requests.length > 0) return forwarded;
  return isWorse(refused.verdict, forwarded.verdict) ? forwarded : refused;
}

function judgeForward(vector: RequestVector, seen: RequestObservation): Judgement {
  const wanted = listOf(vector.seen);
  if (seen.malformed.length > 0) return wrong(`backend got malformed bytes: ${seen.malformed[0]}`);
  if (seen.requests.length > wanted.length) {
    return wrong(`backend saw ${seen.requests.length} requests, not ${wanted.length}: ${nameAll(seen.requests)}`);
  }
  if (seen.requests.length < wanted.length - vector.tail_optional) return judgeMissing(wanted.length, seen);
  const notes = seen.requests.flatMap((request, index) => requestProblems(wanted[index] ?? {}, request));
  if (seen.unfinished.length > 0) notes.push(`more bytes on the upstream connection: ${show(seen.unfinished[0] ?? '')}`);
  if (vector.no_early && seen.early !== '') notes.push(`sent before the answer: ${show(seen.early)}`);
  if (notes.length > 0) return { verdict: 'wrong', notes };
  return judgeClientSide(vector, seen);
}

function judgeMissing(wanted: number, seen: RequestObservation): Judgement {
  const statuses = statusesOf(seen.responses);
  if (statuses.some((status) => status >= 400)) return { verdict: 'rejected', notes: [`status ${statuses.join(',')}`] };
  const got = `client got ${statuses.join(',') || 'nothing'}${seen.isClosed ? ', closed' : ''}`;
  return { verdict: seen.isClosed ? 'rejected' : 'hang', notes: [`backend saw ${seen.requests.length} of ${wanted}; ${got}`] };
}

function judgeClientSide({ client }: RequestVector, seen: RequestObservation): Judgement {
  const statuses = statusesOf(seen.responses);
  const wanted = client.statuses ?? listOf(client.status);
  if (wanted.length > 0 && !isSame(statuses, wanted))
    return { verdict: 'deviates', notes: [`client statuses ${statuses.join(',')}, not ${wanted.join(',')}`] };
  if (client.tunnel !== undefined && seen.responses.tunnel !== client.tunnel) {
    return wrong(`tunnel bytes ${show(seen.responses.tunnel ?? 'none')}, not ${show(client.tunnel)}`);
  }
  return client.closed === true && !seen.isClosed ? { verdict: 'deviates', notes: ['connection left open'] } : ok;
}

function judgeReject(vector: RequestVector, seen: RequestObservation): Judgement {
  const before = listOf(vector.seen);
  if (seen.malformed.length > 0) return wrong(`backend got malformed bytes: ${seen.malformed[0]}`);
  const extra = seen.requests.slice(before.length);
  if (extra.length > 1 || extra.some((request) => request.target.includes('smuggled')))
    return wrong(`reached the backend: ${nameAll(extra)}`);
  if (extra[0] !== undefined) return { verdict: 'forwarded', notes: [`forwarded as ${nameAll(extra)} body ${show(extra[0].body)}`] };
  for (const [index, wanted] of before.entries()) {
    const request = seen.requests[index];
    if (request === undefined) return { verdict: 'rejected', notes: [`request ${index + 1} before the bad one was not served`] };
    const problems = requestProblems(wanted, request);
    if (problems.length > 0) return { verdict: 'wrong', notes: problems };
  }
  if (seen.unfinished.length > 0 && !vector.partial) return wrong(`the head reached the backend: ${show(seen.unfinished[0] ?? '')}`);
  return judgeRefusal(listOf(vector.status), before.length, seen);
}

/** The refusal itself: an error status that is allowed, nothing after it, and the connection closed. */
function judgeRefusal(allowed: readonly number[], before: number, seen: RequestObservation): Judgement {
  const { final, rest } = seen.responses;
  const refusal = final[before];
  if (refusal === undefined) {
    if (!seen.isClosed) return { verdict: 'hang', notes: ['no response, not closed'] };
    return { verdict: 'deviates', notes: [`closed without a response${rest === '' ? '' : ` (${show(rest)})`}`] };
  }
  if (refusal.status < 400) {
    return allowed.includes(refusal.status) ? ok : { verdict: 'deviates', notes: [`answered ${refusal.status} without the backend`] };
  }
  if (final.length > before + 1) return wrong('more responses after the rejection');
  const notes: string[] = [];
  if (!allowed.includes(refusal.status)) notes.push(`status ${refusal.status}, not ${allowed.join('/')}`);
  if (!seen.isClosed) notes.push('connection left open after the rejection');
  return { verdict: notes.length > 0 ? 'deviates' : 'ok', notes };
}

/** How a request differs from the one that is wanted; empty when it does not. */
export function requestProblems(wanted: SeenRequest, got: RequestMessage): string[] {
  const problems: string[] = [];
  if (wanted.method !== undefined && got.method !== wanted.method) problems.push(`method ${got.method}, not ${wanted.method}`);
  const targets = listOf(wanted.target);
  if (targets.length > 0 && !targets.includes(got.target)) problems.push(`target ${show(got.target)}, not ${show(targets.join(' or '))}`);
  if (wanted.body !== undefined && got.body !== bytesOf(wanted.body))
    problems.push(`body ${show(got.body)}, not ${show(bytesOf(wanted.body))}`);
  problems.push(...fieldProblems(got.fields, wanted.headers ?? {}, 'header'));
  problems.push(...fieldProblems(got.trailers, wanted.trailers ?? {}, 'trailer'));
  return problems;
}

/** How fields differ from the wishes; empty when they do not. */
export function fieldProblems(fields: readonly Field[], wishes: Readonly<Record<string, FieldWish>>, label: string): string[] {
  return Object.entries(wishes).flatMap(([name, wish]) => {
    const got = valuesOf(fields, name.toLowerCase());
    return isFieldAsWished(name.toLowerCase(), got, wish)
      ? []
      : [`${label} ${name} is ${JSON.stringify(got)}, not ${JSON.stringify(wish)}`];
  });
}

function isFieldAsWished(name: string, got: readonly string[], wish: FieldWish): boolean {
  if (wish === null) return got.length === 0;
  if (typeof wish === 'string') return isSame(got, [wish]);
  if ('not' in wish) return !got.some((value) => value.includes(wish.not));
  if ('any' in wish) return wish.any.some((value) => isSame(got, value === null ? [] : [value]));
  if (isSame(got, wish)) return true;
  // Repeated fields may be joined on the way, cookies with "; ". Set-Cookie may not (RFC 9110 section 5.3).
  return name !== 'set-cookie' && (isSame(got, [wish.join(', ')]) || isSame(got, [wish.join('; ')]));
}

/** Bytes as text for a note: short, on one line, in ASCII. */
export function show(bytes: string): string {
  const text = JSON.stringify(bytes.length > 90 ? `${bytes.slice(0, 90)}...` : bytes);
  return text.replace(/[\x7f-\xff]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
}

export function statusesOf(responses: Responses): number[] {
  return responses.final.map((response) => response.status);
}

export function isWorse(one: Verdict, other: Verdict): boolean {
  return verdicts.indexOf(one) > verdicts.indexOf(other);
}

export function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function nameAll(requests: readonly RequestMessage[]): string {
  return requests.map((request) => `${request.method} ${request.target}`).join(', ');
}

function wrong(note: string): Judgement {
  return { verdict: 'wrong', notes: [note] };
}
