// Decides the verdict of an upstream vector from what the clients observed. Pure: no sockets, no clock.
import { fieldProblems, isSame, isWorse, type Judgement, show, type Verdict } from './judge.ts';
import { bytesOf, listOf } from './parts.ts';
import type { UpstreamVector } from './vectors.ts';
import type { ResponseMessage, Responses } from './wire.ts';

export interface UpstreamObservation {
  /** What the client got for its first request. */
  readonly responses: Responses;
  /** All bytes that this client got. */
  readonly received: string;
  readonly isClosed: boolean;
  /** The answer to a further request on the same client connection; undefined: none, or the connection was closed. */
  readonly same: ResponseMessage | undefined;
  /** The answer to a request on a new client connection. */
  readonly next: ResponseMessage | undefined;
  /** The upstream connection of the scripted answer carried one of the further requests. */
  readonly isReused: boolean;
  readonly malformed: readonly string[];
}

/** The verdict on an upstream vector: the worst of what the answer, the further requests and the reuse give. */
export function judgeUpstream(vector: UpstreamVector, seen: UpstreamObservation): Judgement {
  const found: (readonly [Verdict, string])[] = [...judgeAnswer(vector, seen), ...judgeFurtherRequests(seen)];
  for (const text of listOf(vector.never)) {
    if (seen.received.includes(text)) found.push(['wrong', `client got ${show(text)}`]);
  }
  if (vector.reuse === 'never' && seen.isReused) found.push(['wrong', 'the upstream connection was used again']);
  if (seen.malformed.length > 0) found.push(['wrong', `backend got malformed bytes: ${seen.malformed[0]}`]);
  const verdict = found.reduce<Verdict>((worst, [one]) => (isWorse(one, worst) ? one : worst), 'ok');
  return { verdict, notes: found.map(([, note]) => note) };
}

type Findings = readonly (readonly [Verdict, string])[];

function judgeAnswer(vector: UpstreamVector, { responses, isClosed }: UpstreamObservation): Findings {
  const [answer] = responses.final;
  if (responses.state === 'bad') return [['wrong', `client got malformed bytes: ${responses.why}`]];
  if (responses.final.length > 1 || (answer !== undefined && responses.rest !== '')) {
    return [['wrong', `client got more than one response: ${show(responses.rest || JSON.stringify(responses.final[1]))}`]];
  }
  if (responses.state === 'truncated' || (isClosed && answer === undefined)) {
    const note = responses.pending === undefined ? 'closed without a response' : 'message cut off';
    if (vector.expect === 'abort') return [];
    return [[vector.expect === 'deliver' ? 'rejected' : 'deviates', note]];
  }
  if (answer === undefined) return [['hang', `no complete response (${show(responses.rest)})`]];
  const isWantedStatus = vector.expect !== 'bad-gateway' && answer.status === vector.status;
  if (answer.status >= 500 && !isWantedStatus) return judgeGatewayError(vector, answer);
  return judgeDelivered(vector, responses, answer);
}

function judgeGatewayError(vector: UpstreamVector, { status }: ResponseMessage): Findings {
  if (vector.expect === 'deliver') return [['rejected', `status ${status}`]];
  const allowed = listOf(vector.gateway);
  return allowed.includes(status) ? [] : [['deviates', `status ${status}, not ${allowed.join('/')}`]];
}

function judgeDelivered(vector: UpstreamVector, responses: Responses, answer: ResponseMessage): Findings {
  switch (vector.expect) {
    case 'bad-gateway':
      return [['delivered', `status ${answer.status} body ${show(answer.body)}`]];
    case 'abort':
      return [['wrong', 'cut message delivered as complete']];
    case 'deliver':
    case 'either':
      return deliveryProblems(vector, responses, answer).map((problem) => ['wrong', problem]);
  }
}

function deliveryProblems(vector: UpstreamVector, { interim }: Responses, answer: ResponseMessage): string[] {
  const problems: string[] = [];
  if (answer.status !== vector.status) problems.push(`status ${answer.status}, not ${vector.status}`);
  if (vector.body !== undefined && answer.body !== bytesOf(vector.body))
    problems.push(`body ${show(answer.body)}, not ${show(bytesOf(vector.body))}`);
  problems.push(...fieldProblems(answer.fields, vector.headers ?? {}, 'header'));
  problems.push(...fieldProblems(answer.trailers, vector.trailers ?? {}, 'trailer'));
  const got = interim.map((response) => response.status);
  if (vector.interim !== undefined && !isSame(got, vector.interim))
    problems.push(`interim ${got.join(',')}, not ${vector.interim.join(',')}`);
  return problems;
}

/** The further requests must get their own answers, or at worst an error of the proxy. */
function judgeFurtherRequests({ same, next }: UpstreamObservation): Findings {
  const found: (readonly [Verdict, string])[] = [];
  if (same !== undefined && same.body !== 'ok GET /same\n') {
    const note = `next response on the same client connection: ${same.status} ${show(same.body)}`;
    if (same.status >= 500) found.push(['deviates', note]);
    else if (same.status !== 400) found.push(['wrong', note]);
  }
  if (next === undefined) found.push(['deviates', 'the next client got no response']);
  else if (next.body !== 'ok GET /next\n')
    found.push([next.status >= 500 ? 'deviates' : 'wrong', `the next client got ${next.status} ${show(next.body)}`]);
  return found;
}
