// Expectations that speak about all answers of a repeated request together: shares, counts, stickiness.
import type { Expectation } from './case-format.ts';
import { rangeMismatch, show } from './matcher.ts';
import { describeObservation, echoAnswerOf } from './observation.ts';
import type { Observation } from './observation.ts';

export interface AggregateContext {
  /** The endpoints that a backend has now. */
  readonly endpointsOf: (backend: string) => readonly string[];
  /** Endpoints that earlier entries of the same jar were answered by; added to. */
  readonly seenInJar: Set<string>;
}

/** What of the aggregate keys does not hold. */
export function checkAggregate(expected: Expectation, observations: readonly Observation[], context: AggregateContext): string[] {
  const answers = observations.map(echoAnswerOf);
  const endpoints = answers.flatMap((answer) => (answer === undefined ? [] : [answer.endpoint]));
  return [
    ...checkStatuses(expected, observations),
    ...checkDistribution(
      expected,
      answers.map((answer) => answer?.backend),
    ),
    ...checkSame(expected, endpoints, context),
    ...checkDistinct(expected, endpoints),
    ...checkPerEndpoint(expected, answers.find((answer) => answer !== undefined)?.backend, { endpoints, context }),
  ];
}

function countBy<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function checkStatuses(expected: Expectation, observations: readonly Observation[]): string[] {
  if (expected.statuses === undefined) return [];
  const seen = countBy(observations.map((one) => (one.kind === 'response' ? String(one.response.status) : describeObservation(one))));
  const problems: string[] = [];
  for (const [status, range] of Object.entries(expected.statuses)) {
    const wrong = rangeMismatch(range, seen.get(status) ?? 0);
    if (wrong !== undefined) problems.push(`answers with ${status}: ${wrong}`);
  }
  const unlisted = [...seen].filter(([status]) => expected.statuses?.[status] === undefined);
  if (unlisted.length > 0) problems.push(`unexpected answers: ${show(Object.fromEntries(unlisted))}`);
  return problems;
}

function checkDistribution(expected: Expectation, backends: readonly (string | undefined)[]): string[] {
  if (expected.distribution === undefined) return [];
  const seen = countBy(backends);
  const problems: string[] = [];
  for (const [backend, range] of Object.entries(expected.distribution)) {
    const wrong = rangeMismatch(range, (seen.get(backend) ?? 0) / backends.length);
    if (wrong !== undefined) problems.push(`share of ${backend}: ${wrong}`);
  }
  return problems;
}

function checkSame(expected: Expectation, endpoints: readonly string[], context: AggregateContext): string[] {
  if (expected.sameEndpoint !== true) return [];
  for (const endpoint of endpoints) context.seenInJar.add(endpoint);
  return context.seenInJar.size === 1 ? [] : [`expected one endpoint, saw ${show([...context.seenInJar])}`];
}

function checkDistinct(expected: Expectation, endpoints: readonly string[]): string[] {
  if (expected.distinctEndpoints === undefined) return [];
  const wrong = rangeMismatch(expected.distinctEndpoints, new Set(endpoints).size);
  return wrong === undefined ? [] : [`different endpoints: ${wrong} (${show(Object.fromEntries(countBy(endpoints)))})`];
}

function checkPerEndpoint(
  expected: Expectation,
  backend: string | undefined,
  seen: { readonly endpoints: readonly string[]; readonly context: AggregateContext },
): string[] {
  const range = expected.perEndpoint;
  if (range === undefined) return [];
  if (backend === undefined) return ['answers of each endpoint: no backend answered'];
  const counts = countBy(seen.endpoints);
  return seen.context.endpointsOf(backend).flatMap((endpoint) => {
    const wrong = rangeMismatch(range, counts.get(endpoint) ?? 0);
    return wrong === undefined ? [] : [`answers of ${endpoint}: ${wrong}`];
  });
}
