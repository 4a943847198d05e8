// Runs request vectors: raw bytes to the proxy, and what comes out at both ends. The same bytes must have the same outcome however
// they are cut into writes.
import type { Backend } from './backend.ts';
import { type Address, Client, settle } from './client.ts';
import { type Judgement, judgeRequest, type RequestObservation, statusesOf } from './judge.ts';
import { type Cut, expandParts, listOf } from './parts.ts';
import type { RequestVector } from './vectors.ts';
import { readResponses } from './wire.ts';

/** A proxy under test with the backend that it forwards to. */
export interface Rig {
  readonly proxy: Address;
  readonly backend: Backend;
  readonly timing: Timing;
}

export interface Timing {
  /** Quiet time that ends an exchange, in ms. */
  readonly idleMs: number;
  /** Hard limit of one exchange, in ms. */
  readonly limitMs: number;
}

export interface RequestRun extends Judgement {
  readonly statuses: readonly number[];
  /** What must not depend on how the bytes were cut. */
  readonly outcome: string;
}

/** One exchange with the bytes cut in this way. */
export async function runRequest(vector: RequestVector, rig: Rig, cut: Cut): Promise<RequestRun> {
  const seen = await exchange(vector, rig, cut);
  const requests = seen.requests.map(({ method, target, body }) => [method, target, body]);
  const statuses = statusesOf(seen.responses);
  return {
    ...judgeRequest(vector, seen),
    statuses,
    outcome: JSON.stringify({ statuses, isClosed: seen.isClosed, requests, malformed: seen.malformed, tunnel: seen.responses.tunnel }),
  };
}

async function exchange(vector: RequestVector, { proxy, backend, timing }: Rig, cut: Cut): Promise<RequestObservation> {
  await backend.reset(vector.backend === undefined ? undefined : { parts: vector.backend, tunnel: vector.tunnel });
  const client = await new Client(proxy).ready();
  await client.send(expandParts(vector.raw), cut);
  if (vector.fin) client.endSending();
  const wanted = listOf(vector.seen);
  const methods = wanted.map((request) => request.method ?? 'GET');
  await settle(client, backend, {
    ...timing,
    mustClose: vector.expect === 'reject',
    isComplete: () => {
      const { final, tunnel } = readResponses(client.received, methods, client.isClosed);
      const hasTunnel = vector.client.tunnel === undefined || tunnel === vector.client.tunnel;
      return final.length >= (wanted.length || 1) && backend.requests.length >= wanted.length - vector.tail_optional && hasTunnel;
    },
  });
  const isClosed = client.isClosed;
  const unfinished = backend.unfinished();
  client.destroy();
  const { requests, malformed, early } = backend;
  return { responses: readResponses(client.received, methods, isClosed), isClosed, requests, malformed, unfinished, early };
}
