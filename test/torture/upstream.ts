// Runs upstream vectors: the backend answers with raw bytes, and two more requests follow, one on the same client connection and one on
// a new connection. Whatever the backend did, they must get their own answers.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, settle } from './client.ts';
import { statusesOf } from './judge.ts';
import { judgeUpstream, type UpstreamObservation } from './judge-upstream.ts';
import { type Cut, expandParts } from './parts.ts';
import type { RequestRun, Rig } from './request.ts';
import type { UpstreamVector } from './vectors.ts';
import { readResponses, type ResponseMessage, type Responses } from './wire.ts';

const followUpLimitMs = 1500;

/** One exchange with the response of the backend cut in this way, and the two that follow. */
export async function runUpstream(vector: UpstreamVector, rig: Rig, cut: Cut): Promise<RequestRun> {
  const { proxy, backend, timing } = rig;
  const { response: parts, when, close, after, after_delay: afterMs } = vector;
  await backend.reset({ parts, cut, when, close, after, afterMs });
  const method = /^\S*/.exec(vector.request)?.[0] ?? 'GET';
  const client = await new Client(proxy).ready();
  await client.send(expandParts(vector.request));
  await settle(client, backend, {
    idleMs: timing.idleMs + 100,
    limitMs: timing.limitMs,
    mustClose: vector.expect === 'abort',
    isComplete: () => readResponses(client.received, [method], client.isClosed).final[0]?.untilClose === false,
  });
  if (after !== undefined) await sleep(afterMs + 60);
  const isClosed = client.isClosed;
  const responses = withVisibleCut(readResponses(client.received, [method], isClosed), client.errorCode !== undefined);
  const same = client.isClosed || responses.tunnel !== undefined ? undefined : await askOn(client, '/same');
  const received = client.received;
  const next = await askAnew(rig, '/next');
  client.destroy();
  const isReused = backend.requests.some(
    ({ target, connection }) => /^\/(same|next)$/.test(target) && connection === backend.scriptConnection,
  );
  const observation = { responses, received, isClosed, same, next, isReused, malformed: backend.malformed };
  return { ...judgeUpstream(vector, observation), statuses: statusesOf(responses), outcome: outcomeOf(vector, observation) };
}

/**
 * A reset is the only way to show that a message which lasts until the connection ends was cut: such a message counts as truncated then.
 */
function withVisibleCut(responses: Responses, isReset: boolean): Responses {
  const [first] = responses.final;
  if (!isReset || first?.untilClose !== true) return responses;
  return { ...responses, state: 'truncated', pending: first, final: responses.final.slice(1) };
}

/** Whether a cut message has begun before its fault is found depends on the cut, so how it was shown to be cut is no part of the outcome. */
function outcomeOf(vector: UpstreamVector, { responses, same, next }: UpstreamObservation): string {
  if (vector.expect === 'abort') return JSON.stringify({ next: next?.status });
  return JSON.stringify({ statuses: statusesOf(responses), state: responses.state, same: same?.status, next: next?.status });
}

async function askOn(client: Client, target: string): Promise<ResponseMessage | undefined> {
  const from = client.received.length;
  await client.send(expandParts(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`));
  const endMs = Date.now() + followUpLimitMs;
  while (Date.now() < endMs) {
    await sleep(4);
    const [response] = readResponses(client.received.slice(from), ['GET'], client.isClosed).final;
    if (response !== undefined || client.isClosed) return response;
  }
  return undefined;
}

async function askAnew({ proxy }: Rig, target: string): Promise<ResponseMessage | undefined> {
  const client = await new Client(proxy).ready();
  const response = await askOn(client, target);
  client.destroy();
  return response;
}
