// The benchmarks: `npm run bench`. Starts backends and targets, runs the scenarios one after the other, and reports. Everything that it starts, it
// stops: at the end, on an error, and on Ctrl-C. It installs nothing.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackends } from './backends.ts';
import { judgeBars } from './bars.ts';
import { createCertificate } from './certificate.ts';
import { describeMachine, missingPackages, pinSelf, planCores } from './machine.ts';
import { helpText, parseOptions } from './options.ts';
import type { BenchOptions } from './options.ts';
import { createPortAllocator } from './ports.ts';
import { createProcessKeeper } from './processes.ts';
import type { ProcessKeeper } from './processes.ts';
import { barLines, jsonReport, machineLine, markdownTable, scenarioTable } from './report.ts';
import type { Report } from './report.ts';
import { allScenarios } from './scenarios/all-scenarios.ts';
import type { Bench, Scenario, ScenarioResult } from './scenarios/scenario.ts';
import { allTargets } from './targets/all-targets.ts';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options.ok) {
    process.stderr.write(`bench: ${options.error}\n\n${helpText}`);
    return 2;
  }
  if (options.value.action === 'help') {
    print(helpText);
    return 0;
  }
  if (options.value.action === 'list') {
    print(allScenarios.map(({ name, title }) => `${name.padEnd(16)}${title}`).join('\n'));
    return 0;
  }
  const scenarios = chooseScenarios(options.value.scenarios);
  if (typeof scenarios === 'string') {
    process.stderr.write(`bench: ${scenarios}\n`);
    return 2;
  }
  const missing = missingPackages();
  if (missing.length > 0) {
    process.stderr.write(
      `bench: some programs are missing; on Debian: apt-get install ${missing.join(' ')} (caddy as well, if you like)\n`,
    );
    return 2;
  }
  return withCleanup((processes, directories) => runAll({ options: options.value, scenarios, processes, ...directories }));
}

function chooseScenarios(names: readonly string[]): readonly Scenario[] | string {
  const unknown = names.find((name) => !allScenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    return `unknown scenario ${unknown}; --list shows all`;
  }
  return allScenarios.filter(({ name }) => names.length === 0 || names.includes(name));
}

interface Directories {
  readonly directory: string;
  readonly memoryDirectory: string;
}

/** A file system in memory on every Linux. */
const memoryFileSystem = '/dev/shm';

/** Runs the work with private folders, and leaves neither processes nor files behind, however it ends. */
async function withCleanup(work: (processes: ProcessKeeper, directories: Directories) => Promise<number>): Promise<number> {
  const processes = createProcessKeeper();
  const makeIn = (parent: string): string => mkdtempSync(join(parent, 'portico-bench-'));
  const directory = makeIn(tmpdir());
  const memoryDirectory = makeIn(existsSync(memoryFileSystem) ? memoryFileSystem : directory);
  process.once('exit', () => {
    processes.killAllNow();
    for (const path of [memoryDirectory, directory]) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      print(`bench: ${signal}, everything is stopped`);
      process.exit(130);
    });
  }
  try {
    return await work(processes, { directory, memoryDirectory });
  } finally {
    await processes.stopAll();
  }
}

interface RunInput extends Directories {
  readonly options: BenchOptions;
  readonly scenarios: readonly Scenario[];
  readonly processes: ProcessKeeper;
}

async function runAll({ options, scenarios, processes, directory, memoryDirectory }: RunInput): Promise<number> {
  const cores = planCores(cpus().length);
  const machine = describeMachine(cores, new Date());
  pinSelf(cores.load);
  const ports = createPortAllocator(Math.random);
  const chosen = allTargets.filter(({ name }) => options.targets.includes(name));
  const skipped = chosen.flatMap((target) => {
    const reason = target.unavailable();
    return reason === undefined ? [] : [`${target.name}: skipped: ${reason}`];
  });
  skipped.forEach(print);
  const targets = chosen.filter((target) => target.unavailable() === undefined);
  const backends = await startBackends({ processes, ports, directory, memoryDirectory, cores: cores.load });
  const bench: Bench = {
    options,
    processes,
    ports,
    cores,
    certificate: createCertificate(directory),
    backends,
    targets,
    directory,
    memoryDirectory,
    log: print,
  };
  const results: ScenarioResult[] = [];
  for (const { name, title, columns, run } of scenarios) {
    print(`\n${name}: ${title}`);
    const result = { name, title, columns, subjects: await run(bench) };
    results.push(result);
    print(`\n${scenarioTable(result)}`);
  }
  const { rounds, seconds, manyHosts } = options;
  return publish({ machine, rounds, seconds, manyHosts, skipped, scenarios: results }, options);
}

/** Prints and writes the report. The exit status: 1 if a request failed, a target had a problem, or (with --enforce-bars) a bar was missed. */
function publish(report: Report, options: BenchOptions): number {
  const bars = judgeBars(report.scenarios, report.manyHosts);
  print(`\n${barLines(bars)}\n\n${machineLine(report)}`);
  if (report.machine.loadBefore > 0.5) {
    print(`The machine was busy before the run (load ${report.machine.loadBefore}): do not trust these numbers.`);
  }
  if (options.jsonPath !== undefined) {
    writeFileSync(options.jsonPath, jsonReport(report));
  }
  if (options.markdownPath === '') {
    print(`\n${markdownTable(report)}`);
  } else if (options.markdownPath !== undefined) {
    writeFileSync(options.markdownPath, markdownTable(report));
  }
  const rows = report.scenarios.flatMap(({ subjects }) => subjects);
  const isBroken = rows.some(({ problem }) => problem !== undefined);
  const hasFailures = rows.some(
    ({ target, samples }) => target === 'portico' && samples.some(({ failed = 0, cut = 0 }) => failed + cut > 0),
  );
  const missesBar = options.enforceBars && bars.some(({ verdict }) => verdict !== 'ok');
  return isBroken || hasFailures || missesBar ? 1 : 0;
}

process.exitCode = await main();
