// What a case checks beside its requests: metrics, access log, health, and objects and events where there is an API.
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import type { Checks } from './case-format.ts';
import type { ControllerProcess } from './controller-process.ts';
import { parseRef } from './kubernetes-object.ts';
import { mismatch, rangeMismatch, show } from './matcher.ts';
import type { ObjectSink } from './object-sink.ts';
import { parsePrometheusText } from './prometheus-text.ts';
import type { Series } from './prometheus-text.ts';

export interface CheckContext {
  readonly controller: ControllerProcess;
  readonly sink: ObjectSink;
  /** Length of the controller's standard output before the case. */
  readonly logMark: number;
}

type MetricCheck = Checks['metrics'][number];
type LogCheck = Checks['accessLog'][number];
type EventCheck = Checks['events'][number];
type ObjectCheck = Checks['objects'][number];

/** Much shorter than the grace period of the case that asks after a signal. */
const HEALTH_WAIT_MS = 2000;
const LOG_SETTLE_MS = 1200;
const EVENTS_SETTLE_MS = 1500;

/** What of the checks does not hold. */
export async function runChecks(checks: Checks, context: CheckContext): Promise<string[]> {
  const problems: string[] = [];
  // Health first: after a termination the port is open for a short time only.
  for (const check of checks.health) problems.push(...(await checkHealth(check, context)));
  if (checks.metrics.length > 0) problems.push(...(await checkMetrics(checks.metrics, context)));
  if (checks.accessLog.length > 0) problems.push(...(await checkAccessLog(checks.accessLog, context)));
  for (const check of checks.objects) problems.push(...(await checkObject(check, context)));
  if (checks.events.length > 0) problems.push(...(await checkEvents(checks.events, context)));
  return problems;
}

/** A controller may read a request and the signal before it in one turn of its event loop, and then looks at the request first. */
async function checkHealth(check: Checks['health'][number], context: CheckContext): Promise<string[]> {
  let problem = '';
  const fits = await poll({ timeoutMs: HEALTH_WAIT_MS, everyMs: 20 }, async () => {
    const answer = await get(context.controller.ports.health, check.path);
    if (typeof answer !== 'string' && answer.status === check.status) return true;
    problem = typeof answer === 'string' ? answer : `expected status ${check.status}, saw ${answer.status}`;
    return undefined;
  });
  return fits === true ? [] : [`health ${check.path}: ${problem}`];
}

async function checkMetrics(checks: readonly MetricCheck[], context: CheckContext): Promise<string[]> {
  let problems: string[] = [];
  await poll({ timeoutMs: PATIENCE_MS, everyMs: 100 }, async () => {
    const answer = await get(context.controller.ports.health, '/metrics');
    if (typeof answer === 'string' || answer.status !== 200) {
      problems = [`metrics: ${typeof answer === 'string' ? answer : `status ${answer.status}`}`];
      return undefined;
    }
    const series = parsePrometheusText(answer.body);
    problems = checks.flatMap((check) => metricProblems(check, series));
    return problems.length === 0 ? true : undefined;
  });
  return problems;
}

/** What of one metric check does not hold for the series. */
export function metricProblems(check: MetricCheck, series: readonly Series[]): string[] {
  const label = `metric ${check.name}${show(check.labels)}`;
  const named = series.filter((one) => one.name === check.name);
  const matching = named.filter((one) =>
    Object.entries(check.labels).every(([name, matcher]) => mismatch(matcher, one.labels.get(name) ?? '') === undefined),
  );
  if (check.absent === true)
    return matching.length === 0 ? [] : [`${label}: expected none, saw ${show(Object.fromEntries(matching[0]?.labels ?? []))}`];
  if (matching.length === 0) {
    const seen = named.length === 0 ? 'no series of that name' : show(Object.fromEntries(named[0]?.labels ?? []));
    return [`${label}: no such series, saw ${seen}`];
  }
  const sum = matching.reduce((total, one) => total + one.value, 0);
  const wrong = check.value === undefined ? undefined : rangeMismatch(check.value, sum);
  return wrong === undefined ? [] : [`${label}: ${wrong}`];
}

async function checkAccessLog(checks: readonly LogCheck[], context: CheckContext): Promise<string[]> {
  const lines = (): string[] => context.controller.stdout.slice(context.logMark).split('\n');
  const hasLine = (check: LogCheck): boolean => {
    const pattern = new RegExp(check.regex);
    return lines().some((line) => pattern.test(line));
  };
  const expected = checks.filter((check) => check.absent !== true);
  await poll({ timeoutMs: PATIENCE_MS, everyMs: 50 }, () => (expected.every(hasLine) ? true : undefined));
  const unexpected = checks.filter((check) => check.absent === true);
  if (unexpected.length > 0) await delay(LOG_SETTLE_MS);
  const last =
    lines()
      .filter((line) => line !== '')
      .at(-1) ?? 'no line';
  return [
    ...expected.filter((check) => !hasLine(check)).map((check) => `access log: no line like /${check.regex}/, the last one is: ${last}`),
    ...unexpected.filter(hasLine).map((check) => `access log: a line like /${check.regex}/`),
  ];
}

async function checkObject(check: ObjectCheck, context: CheckContext): Promise<string[]> {
  const { sink } = context;
  if (sink.read === undefined) return ['objects: this source of objects has no status'];
  let seen: unknown;
  const fits = await poll({ timeoutMs: PATIENCE_MS, everyMs: 200 }, async () => {
    seen = fieldAt(await sink.read?.(parseRef(check.object)), check.path);
    return valueFits(check.value, seen) ? true : undefined;
  });
  return fits === true ? [] : [`${check.object} ${check.path}: expected ${show(check.value)}, saw ${show(seen)}`];
}

async function checkEvents(checks: readonly EventCheck[], { sink }: CheckContext): Promise<string[]> {
  if (sink.readEvents === undefined) return ['events: this source of objects has no events'];
  const isTold = async ({ object, type, reason }: EventCheck): Promise<boolean> => {
    const events = await sink.readEvents?.(parseRef(object));
    return events?.some((event) => event.type === (type ?? event.type) && event.reason === (reason ?? event.reason)) ?? false;
  };
  const problems: string[] = [];
  for (const check of checks.filter(({ absent }) => absent !== true)) {
    const isThere = await poll({ timeoutMs: PATIENCE_MS, everyMs: 100 }, async () => ((await isTold(check)) ? true : undefined));
    if (isThere !== true) problems.push(`${check.object}: no event ${show(check)}`);
  }
  const unexpected = checks.filter(({ absent }) => absent === true);
  if (unexpected.length > 0) await delay(EVENTS_SETTLE_MS);
  for (const check of unexpected) if (await isTold(check)) problems.push(`${check.object}: an event ${show(check)}`);
  return problems;
}

function fieldAt(object: unknown, path: string): unknown {
  let value = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function valueFits(expected: unknown, seen: unknown): boolean {
  if (isDeepStrictEqual(expected, { absent: true }))
    return seen === undefined || seen === null || (Array.isArray(seen) && seen.length === 0);
  return isDeepStrictEqual(expected, seen);
}

async function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string } | string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return `no answer on the health port: ${error instanceof Error ? String(error.cause ?? error.message) : String(error)}`;
  }
}
