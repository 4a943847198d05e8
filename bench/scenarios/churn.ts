// Many hosts, ten changes a second, and a load that must not notice. Half of the changes go to hosts under load, half to others; each routes one
// more path of the host to another backend. Measured: how long until a change is live in all workers, failed requests, and p99 latency with and without churn.
// Between two changes there is a control: a file of the backend is replaced, which the proxy knows nothing of and which changes the answer at once. It is
// watched in the same way, through the proxy; what that takes, the observer and the request take, and it is in the time of every change as well.
import { setTimeout as delay } from 'node:timers/promises';
import { observeChange } from '../load/change-observer.ts';
import type { Observation } from '../load/change-observer.ts';
import { observeControl } from '../load/control.ts';
import type { WrkRun } from '../load/wrk.ts';
import { collectOwnGarbage } from '../measure/own-garbage.ts';
import { histogramPercentile, histogramSince, parseHistogram } from '../measure/prometheus-histogram.ts';
import type { Histogram } from '../measure/prometheus-histogram.ts';
import { percentile, sum } from '../measure/statistics.ts';
import type { Sample } from '../measure/metric.ts';
import type { RunningTarget } from '../targets/target.ts';
import { browserHeaders, busyHosts, changePath, hostName, responsePaths } from '../workload.ts';
import { measureLoad } from './load-scenario.ts';
import { plainSetup, runRounds } from './scenario.ts';
import type { Bench, Scenario, Subject } from './scenario.ts';
import { startServing } from './serving.ts';

const changeEveryMs = 100;
/** By then the load is under way. */
const connectMs = 300;
const connections = 50;
const propagationHistogram = 'portico_propagation_seconds';

export interface ChurnPlan {
  readonly name: string;
  readonly title: string;
  readonly workers: number;
  /** Mean pause of each connection between two requests; undefined: as fast as the target answers. */
  readonly pauseMs?: number;
}

interface ChurnState {
  readonly running: RunningTarget;
  readonly change: (host: number, version: number) => Promise<number>;
  version: number;
}

export function churnScenario(plan: ChurnPlan): Scenario {
  return {
    name: plan.name,
    title: plan.title,
    columns: [
      ...(['changes', 'propagationP50Ms', 'propagationP99Ms', 'propagationMaxMs', 'controlP50Ms', 'controlP99Ms'] as const),
      ...(['reportedP50Ms', 'reportedP99Ms'] as const),
      ...(['failed', 'cut', 'p99Ms', 'quietP99Ms', 'requestsPerSecond', 'busyPercent'] as const),
    ],
    run: (bench) => {
      const setup = { ...plainSetup(bench), hosts: bench.options.manyHosts, workers: plan.workers, metrics: true };
      const subjects = bench.targets
        .filter(({ name }) => name === 'nginx' || name === 'portico')
        .map((target) => ({ target, variant: target.name === 'nginx' ? 'reload' : '', setup }));
      return runRounds(bench, subjects, {
        begin: (subject) => beginChurn(bench, subject, plan),
        measure: (subject, state) => measureChurn(bench, subject, { plan, state }),
        end: ({ running }) => running.process.stop(),
      });
    },
  };
}

async function beginChurn(bench: Bench, subject: Subject, plan: ChurnPlan): Promise<ChurnState> {
  const running = await startServing(bench, subject, busyHosts(subject.setup.hosts));
  const { change } = running;
  if (change === undefined) {
    await running.process.stop();
    throw new Error('it cannot be changed while it runs');
  }
  const state = { running, change, version: 0 };
  // With changes, too: the code that the first one runs through is read and compiled for it.
  await loadWithChanges(bench, subject, { plan, state, seconds: Math.min(2, bench.options.seconds) });
  return state;
}

async function measureChurn(
  bench: Bench,
  subject: Subject,
  { plan, state }: { readonly plan: ChurnPlan; readonly state: ChurnState },
): Promise<Sample> {
  const { running } = state;
  const seconds = bench.options.seconds * 2;
  const quiet = await measureLoad(bench, running, churnLoad(subject, running, { plan, seconds: bench.options.seconds }));
  collectOwnGarbage();
  const before = await readPropagation(running);
  const { loaded, observations, controls } = await loadWithChanges(bench, subject, { plan, state, seconds });
  const after = await readPropagation(running);
  const reported = after === undefined ? undefined : histogramSince(before, after);
  const liveMs = observations.map((observation) => observation.liveMs);
  const controlMs = controls.map((observation) => observation.liveMs);
  const sample: Sample = {
    changes: observations.length,
    propagationP50Ms: percentile(liveMs, 50),
    propagationP99Ms: percentile(liveMs, 99),
    propagationMaxMs: Math.max(...liveMs),
    controlP50Ms: percentile(controlMs, 50),
    controlP99Ms: percentile(controlMs, 99),
    ...(reported === undefined
      ? {}
      : { reportedP50Ms: histogramPercentile(reported, 50) * 1e3, reportedP99Ms: histogramPercentile(reported, 99) * 1e3 }),
    failed: (loaded.failed ?? 0) + (quiet.failed ?? 0) + sum([...observations, ...controls].map(({ failedProbes }) => failedProbes)),
    cut: (loaded.cut ?? 0) + (quiet.cut ?? 0),
    ...pick(loaded),
    ...(quiet.p99Ms === undefined ? {} : { quietP99Ms: quiet.p99Ms }),
  };
  bench.log(
    `  ${subject.target.name} ${observations.length} changes, live p50 ${sample.propagationP50Ms?.toFixed(1)} ms, ` +
      `p99 ${sample.propagationP99Ms?.toFixed(1)} ms (control ${sample.controlP50Ms?.toFixed(1)} and ${sample.controlP99Ms?.toFixed(1)} ms), ` +
      `${sample.failed} failed, ${sample.cut} cut`,
  );
  return sample;
}

interface LoadedChanges {
  readonly loaded: Sample;
  readonly observations: readonly Observation[];
  readonly controls: readonly Observation[];
}

/** Changes begin when the load has opened its connections, and end with it. */
async function loadWithChanges(
  bench: Bench,
  subject: Subject,
  { plan, state, seconds }: { readonly plan: ChurnPlan; readonly state: ChurnState; readonly seconds: number },
): Promise<LoadedChanges> {
  const stop = new AbortController();
  const changing = delay(connectMs).then(() => changeUntil(stop.signal, { bench, subject, state }));
  const loaded = await measureLoad(bench, state.running, churnLoad(subject, state.running, { plan, seconds })).finally(() => {
    stop.abort();
  });
  const { changes: observations, controls } = await changing;
  return { loaded, observations, controls };
}

function pick({ requestsPerSecond, busyPercent, p99Ms }: Sample): Sample {
  return {
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(busyPercent === undefined ? {} : { busyPercent }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
  };
}

interface Churned {
  readonly changes: readonly Observation[];
  readonly controls: readonly Observation[];
}

interface ChurnParts {
  readonly bench: Bench;
  readonly subject: Subject;
  readonly state: ChurnState;
}

/** Makes a change every 100 ms, and a control between two of them, and answers, once all are decided, how each of them went. */
async function changeUntil(signal: AbortSignal, { bench, subject, state }: ChurnParts): Promise<Churned> {
  const { hosts } = subject.setup;
  const busy = busyHosts(hosts);
  const underWay = new Set<number>();
  const changes: Promise<Observation>[] = [];
  const controls: Promise<Observation>[] = [];
  const startedAt = performance.now();
  const until = (steps: number): Promise<void> => delay(Math.max(0, startedAt + steps * changeEveryMs - performance.now()));
  for (let made = 0; !signal.aborted; made += 1) {
    state.version += 1;
    const host = chooseHost({ version: state.version, hosts, busy, underWay });
    underWay.add(host);
    const since = await state.change(host, state.version);
    const change = { port: state.running.httpPort, host: hostName(host), path: changePath(state.version), since };
    changes.push(
      observeChange(change).finally(() => {
        underWay.delete(host);
      }),
    );
    await until(made + 0.5);
    const control = { port: state.running.httpPort, host: hostName(0), name: `${state.version}` };
    controls.push(observeControl(bench.backends.controlDirectory, control));
    await until(made + 1);
  }
  return { changes: await Promise.all(changes), controls: await Promise.all(controls) };
}

interface HostChoice {
  readonly version: number;
  readonly hosts: number;
  readonly busy: readonly string[];
  /** Hosts whose last change is not live yet: another change to them would hide it. */
  readonly underWay: ReadonlySet<number>;
}

/** Every second change goes to one of the hosts under load, unless that one is still under way. */
function chooseHost({ version, hosts, busy, underWay }: HostChoice): number {
  const busyPosition = Math.floor(version / 2) % busy.length;
  const busyIndex = Math.floor((busyPosition * hosts) / busy.length);
  if (version % 2 === 0 && !underWay.has(busyIndex)) {
    return busyIndex;
  }
  let index = (version * 7919) % hosts;
  while (underWay.has(index)) {
    index = (index + 1) % hosts;
  }
  return index;
}

function churnLoad(
  subject: Subject,
  running: RunningTarget,
  { plan, seconds }: { readonly plan: ChurnPlan; readonly seconds: number },
): WrkRun {
  return {
    port: running.httpPort,
    secure: false,
    path: responsePaths.small,
    hosts: busyHosts(subject.setup.hosts),
    headers: browserHeaders,
    connections,
    seconds,
    ...(plan.pauseMs === undefined ? {} : { pauseMs: plan.pauseMs }),
  };
}

async function readPropagation({ metricsPort }: RunningTarget): Promise<Histogram | undefined> {
  if (metricsPort === undefined) {
    return undefined;
  }
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined);
  return response === undefined ? undefined : parseHistogram(await response.text(), propagationHistogram);
}
