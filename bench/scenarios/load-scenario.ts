// Scenarios that put a steady load on each target and measure throughput, CPU time per request and latency.
import { cutsOf, failuresOf, runWrk } from '../load/wrk.ts';
import type { WrkRun } from '../load/wrk.ts';
import type { Metric, Sample } from '../measure/metric.ts';
import { readCpuMicros } from '../measure/process-stats.ts';
import type { RunningTarget, Setup, TargetName } from '../targets/target.ts';
import { browserHeaders, busyHosts, responsePaths, secureHost, usedHosts } from '../workload.ts';
import { plainSetup, runRounds } from './scenario.ts';
import type { Bench, Scenario, Subject } from './scenario.ts';
import { startServing } from './serving.ts';

const columns: readonly Metric[] = ['requestsPerSecond', 'cpuMicros', 'busyPercent', 'p50Ms', 'p99Ms', 'failed', 'cut'];

export interface LoadPlan {
  readonly name: string;
  readonly title: string;
  readonly targets: readonly TargetName[];
  /** One row for each target and variant. */
  readonly variants: readonly LoadVariant[];
  readonly connections: number;
  readonly path?: string;
  readonly secure?: boolean;
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly uploadBytes?: number;
  /** As in `WrkRun`. */
  readonly picksRequests?: boolean;
}

export interface LoadVariant {
  /** Empty if there is only one; `{hosts}` stands for the number of hosts. */
  readonly label: string;
  /** `few`: as many as receive traffic. */
  readonly hosts: 'one' | 'few' | 'many';
  readonly setup: Partial<Pick<Setup, 'workers' | 'accessLog' | 'metrics' | 'nginxBuffers' | 'policy'>>;
  /** Set: for these targets only. */
  readonly targets?: readonly TargetName[];
}

export const plainVariant: LoadVariant = { label: '', hosts: 'one', setup: {} };

export function loadScenario(plan: LoadPlan): Scenario {
  return {
    name: plan.name,
    title: plan.title,
    columns,
    run: (bench) => {
      const subjects = bench.targets
        .filter(({ name }) => plan.targets.includes(name))
        .flatMap((target) => variantsFor(plan, target.name).map((variant) => loadSubject(bench, plan, { target, variant })));
      return runRounds(bench, subjects, {
        begin: async (subject) => {
          const running = await startServing(bench, subject, busyHosts(subject.setup.hosts));
          await load(bench, subject, running, { plan, seconds: Math.min(2, bench.options.seconds) });
          return running;
        },
        measure: async (subject, running) => {
          const sample = await load(bench, subject, running, { plan, seconds: bench.options.seconds });
          bench.log(`  ${subject.target.name} ${subject.variant} ${describe(sample)}`);
          return sample;
        },
        end: (running) => running.process.stop(),
      });
    },
  };
}

function variantsFor(plan: LoadPlan, name: TargetName): readonly LoadVariant[] {
  return plan.variants.filter(({ targets }) => targets === undefined || targets.includes(name));
}

function loadSubject(bench: Bench, plan: LoadPlan, { target, variant }: { target: Subject['target']; variant: LoadVariant }): Subject {
  const setup: Setup = {
    ...plainSetup(bench),
    hosts: { one: 1, few: usedHosts, many: bench.options.manyHosts }[variant.hosts],
    ...variant.setup,
    backendPort: plan.uploadBytes === undefined ? bench.backends.mainPort : bench.backends.uploadPort,
  };
  return { target, variant: variant.label.replace('{hosts}', setup.hosts.toLocaleString('en')), setup, headers: plan.headers ?? {} };
}

async function load(
  bench: Bench,
  subject: Subject,
  running: RunningTarget,
  { plan, seconds }: { readonly plan: LoadPlan; readonly seconds: number },
): Promise<Sample> {
  const secure = plan.secure ?? false;
  const run: WrkRun = {
    port: secure ? running.httpsPort : running.httpPort,
    secure,
    path: plan.path ?? responsePaths.small,
    hosts: secure ? [secureHost] : busyHosts(subject.setup.hosts),
    headers: { ...browserHeaders, ...plan.headers },
    ...(plan.uploadBytes === undefined ? {} : { uploadBytes: plan.uploadBytes }),
    connections: plan.connections,
    picksRequests: plan.picksRequests ?? false,
    seconds,
  };
  return measureLoad(bench, running, run);
}

/** Runs the load and takes the CPU time of the target over the same span. */
export async function measureLoad(bench: Bench, running: RunningTarget, run: WrkRun): Promise<Sample> {
  const cpuBefore = readCpuMicros(running.process.pid);
  const startedAt = performance.now();
  const result = await runWrk({ processes: bench.processes, directory: bench.directory, cores: bench.cores.load }, run);
  const wallMicros = (performance.now() - startedAt) * 1e3;
  const cpuMicros = readCpuMicros(running.process.pid) - cpuBefore;
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicros: cpuMicros / result.requests,
    busyPercent: (100 * cpuMicros) / wallMicros,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    failed: failuresOf(result),
    cut: cutsOf(result),
  };
}

function describe({ requestsPerSecond = 0, cpuMicros = 0, failed = 0, cut = 0 }: Sample): string {
  const failures = failed + cut > 0 ? `, ${failed} FAILED, ${cut} CUT` : '';
  return `${requestsPerSecond.toFixed(0)} req/s, ${cpuMicros.toFixed(1)} µs CPU/req${failures}`;
}
