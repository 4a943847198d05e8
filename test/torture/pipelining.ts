// Runs pipelining vectors: several requests on one connection, sent whole, cut in two at every byte, and byte by byte. Every way must
// have the same outcome.
import { Client, settle } from './client.ts';
import { isSame, type Judgement, requestProblems, show, statusesOf } from './judge.ts';
import { bytesOf, cutAt, cutEveryByte, expandParts, type Cut, uncut } from './parts.ts';
import type { RequestRun, Rig } from './request.ts';
import type { PipeliningVector } from './vectors.ts';
import { readResponses } from './wire.ts';

interface Pass {
  readonly outcome: string;
  readonly problems: readonly string[];
}

/** All passes of a vector; `stride` 1 cuts at every byte, N at every Nth. */
export async function runPipelining(vector: PipeliningVector, rig: Rig, stride: number): Promise<RequestRun> {
  const bytes = bytesOf(vector.raw);
  const whole = await pass(vector, rig, uncut);
  const differences: string[] = [];
  for (let offset = 1; offset < bytes.length; offset += stride) {
    const { outcome, problems } = await pass(vector, rig, (all) => cutAt(all, [offset]));
    const place = `${show(bytes.slice(Math.max(0, offset - 12), offset))}|${show(bytes.slice(offset, offset + 12))}`;
    if (outcome !== whole.outcome) differences.push(`cut at ${offset} (${place}): ${problems[0] ?? 'differs'}`);
  }
  const single = await pass(vector, rig, cutEveryByte);
  if (single.outcome !== whole.outcome) differences.push(`byte by byte: ${single.problems[0] ?? 'differs'}`);
  return { ...judgePasses(whole.problems, differences), statuses: [], outcome: whole.outcome };
}

function judgePasses(problems: readonly string[], differences: readonly string[]): Judgement {
  const notes = problems.map((problem) => `uncut: ${problem}`);
  if (differences.length > 0)
    return { verdict: 'wrong', notes: [...notes, `${differences.length} ways of cutting differ; first: ${differences[0]}`] };
  return { verdict: problems.length > 0 ? 'deviates' : 'ok', notes };
}

async function pass(vector: PipeliningVector, { proxy, backend, timing }: Rig, cut: Cut): Promise<Pass> {
  await backend.reset();
  const client = await new Client(proxy).ready();
  await client.send(expandParts(vector.raw), cut);
  const methods = vector.seen.map((request) => request.method ?? 'GET');
  await settle(client, backend, {
    ...timing,
    mustClose: vector.closed,
    isComplete: () => readResponses(client.received, methods, client.isClosed).final.length >= vector.statuses.length,
  });
  const isClosed = client.isClosed;
  client.destroy();
  const statuses = statusesOf(readResponses(client.received, methods, isClosed));
  const requests = backend.requests.map(({ method, target, body }) => [method, target, body]);
  const problems = backend.malformed.map((why) => `backend got malformed bytes: ${why}`);
  if (requests.length === vector.seen.length) {
    problems.push(...backend.requests.flatMap((request, index) => requestProblems(vector.seen[index] ?? {}, request)));
  } else problems.push(`backend saw ${requests.map(([method, target]) => `${method} ${target}`).join(', ') || 'nothing'}`);
  if (!isSame(statuses, vector.statuses)) problems.push(`statuses ${statuses.join(',')}, not ${vector.statuses.join(',')}`);
  if (vector.closed && !isClosed) problems.push('connection left open');
  return { outcome: JSON.stringify({ statuses, isClosed, requests, malformed: backend.malformed }), problems };
}
