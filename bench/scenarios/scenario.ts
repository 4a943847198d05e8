// What a scenario is, and the way all of them take turns: in each round every subject is measured once, and each round begins with another one,
// so that a disturbance of the machine hits all of them alike.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Backends } from '../backends.ts';
import type { BenchCertificate } from '../certificate.ts';
import type { CoreLayout } from '../machine.ts';
import type { Metric, Sample } from '../measure/metric.ts';
import type { BenchOptions } from '../options.ts';
import type { PortAllocator } from '../ports.ts';
import type { ProcessKeeper } from '../processes.ts';
import type { PreparedTarget, Setup, Target, TargetName } from '../targets/target.ts';

/** What one run of the benchmarks shares. */
export interface Bench {
  readonly options: BenchOptions;
  readonly processes: ProcessKeeper;
  readonly ports: PortAllocator;
  readonly cores: CoreLayout;
  readonly certificate: BenchCertificate;
  readonly backends: Backends;
  /** The chosen targets that are there. */
  readonly targets: readonly Target[];
  readonly directory: string;
  /**
   * The same in memory, where the system has such a place. Of changes in it the time is measured; on a disk, replacing a file waits for the journal
   * of the file system now and then, for tens of milliseconds.
   */
  readonly memoryDirectory: string;
  readonly log: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Metric[];
  run(bench: Bench): Promise<readonly SubjectResult[]>;
}

/** One row of a report: a target in one variant of the scenario. */
export interface Subject {
  readonly target: Target;
  /** Empty if the scenario has only one variant. */
  readonly variant: string;
  readonly setup: Setup;
  /** Request headers beside those of a browser, without which it may not answer as expected. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SubjectResult {
  readonly target: TargetName;
  readonly variant: string;
  readonly samples: readonly Sample[];
  /** Why there are no (more) samples, in one line. */
  readonly problem?: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Metric[];
  readonly subjects: readonly SubjectResult[];
}

/** How subjects of a scenario are measured. `begin` runs once before the first round, `end` once after the last. */
export interface RoundSteps<State> {
  begin(subject: Subject): Promise<State>;
  measure(subject: Subject, state: State): Promise<Sample>;
  end(state: State): Promise<void>;
}

interface Progress<State> {
  readonly subject: Subject;
  readonly samples: Sample[];
  state?: { readonly value: State };
  problem?: string;
}

/** Measures all subjects in turns. A subject that fails is reported with its problem and left out of later rounds; the others go on. */
export async function runRounds<State>(
  bench: Bench,
  subjects: readonly Subject[],
  steps: RoundSteps<State>,
): Promise<readonly SubjectResult[]> {
  const all: Progress<State>[] = subjects.map((subject) => ({ subject, samples: [] }));
  try {
    for (const progress of all) {
      await attempt(bench, progress, async () => {
        progress.state = { value: await steps.begin(progress.subject) };
      });
    }
    for (let round = 0; round < bench.options.rounds; round += 1) {
      const first = round % Math.max(1, all.length);
      for (const progress of [...all.slice(first), ...all.slice(0, first)]) {
        const { state, subject } = progress;
        if (state !== undefined && progress.problem === undefined) {
          await attempt(bench, progress, async () => {
            progress.samples.push(await steps.measure(subject, state.value));
          });
        }
      }
    }
  } finally {
    for (const { state } of all) {
      if (state !== undefined) {
        await steps.end(state.value);
      }
    }
  }
  return all.map(({ subject, samples, problem }) => ({
    target: subject.target.name,
    variant: subject.variant,
    samples,
    ...(problem === undefined ? {} : { problem }),
  }));
}

async function attempt<State>(bench: Bench, progress: Progress<State>, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    progress.problem = error instanceof Error ? error.message : String(error);
    bench.log(`  ${progress.subject.target.name}: skipped: ${progress.problem}`);
  }
}

/** One host, one worker, no access log, no metrics, nginx as it comes: what a scenario starts from. */
export function plainSetup(bench: Bench): Setup {
  return { hosts: 1, workers: 1, accessLog: false, backendPort: bench.backends.mainPort, metrics: false, nginxBuffers: 'usual' };
}

/** Writes the configuration of a subject into a folder of its own. */
export function prepareSubject(bench: Bench, { target, setup }: Subject): Promise<PreparedTarget> {
  const directory = mkdtempSync(join(bench.directory, `${target.name}-`));
  return target.prepare({ ...bench, directory }, setup);
}
