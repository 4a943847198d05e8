// Runs one entry of a case: sends its request as often as it says and holds what came back, and what the backends received, against its
// expectation.
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import { checkAggregate } from './aggregate.ts';
import type { BackendSet } from './backends/backend-set.ts';
import type { Expectation, ReceivedExpectation, RequestEntry, RequestSpec } from './case-format.ts';
import type { CaseClient } from './client/case-client.ts';
import { checkEchoed, checkObservation, hasAggregate } from './expectation.ts';
import { rangeMismatch } from './matcher.ts';
import type { Observation } from './observation.ts';

interface BackgroundRequest {
  readonly spec: RequestSpec;
  readonly observation: Promise<Observation>;
  readonly expected: Expectation;
}

/** After the least count was reached, how long more than the largest may still arrive. */
const RECEIVED_SETTLE_MS = 150;

export class RequestRunner {
  readonly #client: CaseClient;
  readonly #backends: BackendSet;
  readonly #background = new Map<string, BackgroundRequest>();
  readonly #seenInJars = new Map<string, Set<string>>();

  constructor(client: CaseClient, backends: BackendSet) {
    this.#client = client;
    this.#backends = backends;
  }

  /** What of the entry's expectation does not hold. */
  async run(entry: RequestEntry): Promise<string[]> {
    const { request, expect } = entry;
    if (request.background !== undefined) {
      await this.#startInBackground(request.background, entry);
      return [];
    }
    if (request.await !== undefined) return this.#awaitBackground(request.await, expect);
    const mark = this.#backends.receivedCount;
    const observations = await this.#send(request);
    const nowMs = Date.now();
    const problems = countProblems(observations.map((observation) => checkObservation(expect, observation, nowMs)));
    if (hasAggregate(expect)) problems.push(...checkAggregate(expect, observations, this.#aggregateContext(request)));
    for (const one of expect.received ?? []) problems.push(...(await this.#checkReceived(one, mark)));
    return problems.map((problem) => `${describeRequest(request)}: ${problem}`);
  }

  async #send(request: RequestSpec): Promise<Observation[]> {
    if (request.parallel) return Promise.all(Array.from({ length: request.repeat }, async () => this.#client.send(request)));
    const observations: Observation[] = [];
    for (let count = 0; count < request.repeat; count++) observations.push(await this.#client.send(request));
    return observations;
  }

  async #startInBackground(name: string, entry: RequestEntry): Promise<void> {
    const mark = this.#backends.receivedCount;
    this.#background.set(name, { spec: entry.request, observation: this.#client.send(entry.request), expected: entry.expect });
    // The next step must find the request under way, not on its way.
    await poll({ timeoutMs: PATIENCE_MS, everyMs: 5 }, () => (this.#backends.receivedCount > mark ? true : undefined));
  }

  async #awaitBackground(name: string, expected: Expectation): Promise<string[]> {
    const started = this.#background.get(name);
    if (started === undefined) throw new Error(`no request was started in the background as ${name}`);
    const observation = await started.observation;
    const nowMs = Date.now();
    const problems = new Set([
      ...checkObservation(started.expected, observation, nowMs),
      ...checkObservation(expected, observation, nowMs),
    ]);
    return [...problems].map((problem) => `${describeRequest(started.spec)}: ${problem}`);
  }

  #aggregateContext(request: RequestSpec): Parameters<typeof checkAggregate>[2] {
    const seenInJar = (request.jar === undefined ? undefined : this.#seenInJars.get(request.jar)) ?? new Set<string>();
    if (request.jar !== undefined) this.#seenInJars.set(request.jar, seenInJar);
    return { endpointsOf: (backend) => this.#backends.endpointsOf(backend), seenInJar };
  }

  async #checkReceived(expected: ReceivedExpectation, mark: number): Promise<string[]> {
    const least = expected.count === undefined ? 1 : (expected.count.min ?? 0);
    await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, () =>
      this.#backends.receivedSince(mark, expected.backend).length >= least ? true : undefined,
    );
    if (expected.count?.max !== undefined) await delay(RECEIVED_SETTLE_MS);
    const received = this.#backends.receivedSince(mark, expected.backend);
    const wrongCount = rangeMismatch(expected.count ?? { min: 1 }, received.length);
    const problems = wrongCount === undefined ? [] : [`requests received by ${expected.backend}: ${wrongCount}`];
    const { backend, count: _, ...properties } = expected;
    const wrong = countProblems(received.map((answer) => checkEchoed(properties, answer)));
    return [...problems, ...wrong.map((problem) => `received by ${backend}: ${problem}`)];
  }
}

/** The problems of several answers, equal ones together. */
function countProblems(lists: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const list of lists) for (const problem of list) counts.set(problem, (counts.get(problem) ?? 0) + 1);
  return [...counts].map(([problem, count]) => (lists.length === 1 ? problem : `${problem} (${count} of ${lists.length} answers)`));
}

/** A request in a few words, for a report. */
export function describeRequest(request: RequestSpec): string {
  if (request.tcp !== undefined) return `tcp port ${request.tcp.port}`;
  if (request.udp !== undefined) return `udp port ${request.udp.port}`;
  if (request.websocket?.on !== undefined) return `WebSocket ${request.websocket.on}`;
  const what = request.grpc !== undefined ? `gRPC ${request.grpc.method}` : `${request.method ?? 'GET'} ${request.path}`;
  return `${what} ${request.scheme} ${request.host ?? '(no host)'}`;
}
