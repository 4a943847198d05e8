// `npm run conformance [-- DIR|FILE...]`: runs the case files against the real program. Ends with 1 if a case of level must or should fails.
import { accessSync, constants, globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificateIssuer } from '../support/certificates.ts';
import { createFreePorts } from '../support/free-ports.ts';
import { loadCaseFile } from './case-format.ts';
import type { Case, CaseFile } from './case-format.ts';
import { runCase } from './case-runner.ts';
import { createApiServerSink, createStandInSink } from './cluster-sink.ts';
import { createManifestDirectory, ObjectRefused } from './object-sink.ts';
import { countResults, fileLines, summaryLines } from './report.ts';
import type { CaseResult } from './report.ts';
import { loadScope, outOfScopeReasons } from './scope.ts';
import { canSetResolver, World } from './world.ts';
import type { WorldOptions } from './world.ts';

const HELP = `usage: run.ts [options] [DIR|FILE...]

  --only REGEX     only cases whose id matches
  --all            also what scope.yaml declares out of scope
  --jobs N         controllers that run at the same time (default 2)
  --verbose        a line for every case
  --keep           keep the directories with the objects
  --program PATH   the program under test (default bin/portico)
  --source KIND    where the controller reads from: manifests (default), or cluster: a stand-in for an API server
  --kubeconfig FILE   a real API server in its place, in whose namespaces the runner makes and removes objects
  --endpoint-ip LIST  addresses of this machine for the backends of cases, separated by commas: a real API server refuses loopback
`;

interface Run {
  readonly files: readonly CaseFile[];
  readonly isSelected: (one: Case) => boolean;
  readonly reasonsOf: (file: CaseFile, one: Case) => readonly string[];
  readonly isVerbose: boolean;
  /** Aborted when somebody interrupts the run. */
  readonly interruption: AbortController;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', default: '' },
      all: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      verbose: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      program: { type: 'string', default: join(import.meta.dirname, '..', '..', 'bin', 'portico') },
      source: { type: 'string', default: 'manifests' },
      kubeconfig: { type: 'string', default: '' },
      'endpoint-ip': { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const place = choosePlace(values);
  accessSync(values.program, constants.X_OK);
  const scope = loadScope(join(import.meta.dirname, 'scope.yaml'), place.source);
  const pattern = new RegExp(values.only);
  const paths = positionals.length > 0 ? positionals : [join(import.meta.dirname, 'cases')];
  const root = mkdtempSync(join(tmpdir(), 'portico-conformance-'));
  const hasResolver = canSetResolver();
  const missing = new Map(hasResolver ? [] : [['dns', 'the runner may not give the controller a resolver of its own']]);
  const run: Run = {
    files: paths.flatMap(caseFilesIn).map(loadCaseFile),
    isSelected: (one) => pattern.test(one.id),
    reasonsOf: (file, one) => [
      ...one.requires.flatMap((name) => missing.get(name) ?? []),
      ...(values.all ? [] : outOfScopeReasons(scope, file.topic, one)),
    ],
    isVerbose: values.verbose,
    interruption: new AbortController(),
  };
  // On exit, so that a run that is interrupted leaves nothing behind either.
  if (!values.keep) process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  // A real API server has one set of namespaces for everybody.
  const jobs = values.kubeconfig === '' ? Math.max(1, Number(values.jobs) || 1) : 1;
  const results = await runFiles(run, jobs, worldOptions({ root, program: values.program, hasResolver, place }));
  process.stdout.write(`\n${values.keep ? `objects kept in ${root}\n` : ''}${summaryLines(results).join('\n')}\n`);
  return countResults(results).failed > 0 ? 1 : 0;
}

function caseFilesIn(path: string): string[] {
  return statSync(path).isDirectory()
    ? globSync('**/*.yaml', { cwd: path })
        .sort()
        .map((name) => join(path, name))
    : [path];
}

/** Where objects go, and where backends can be. */
interface Place {
  readonly source: 'manifests' | 'cluster';
  readonly createSink: WorldOptions['createSink'];
  /** Empty: any loopback address. */
  readonly endpointAddresses: readonly string[];
}

function choosePlace(values: { readonly source: string; readonly kubeconfig: string; readonly 'endpoint-ip': string }): Place {
  const { source, kubeconfig, 'endpoint-ip': addresses } = values;
  if (kubeconfig !== '') {
    if (addresses === '') throw new Error('--kubeconfig needs --endpoint-ip: a real API server refuses loopback addresses of endpoints');
    return { source: 'cluster', createSink: async () => createApiServerSink(kubeconfig), endpointAddresses: addresses.split(',') };
  }
  if (source === 'cluster') return { source, createSink: createStandInSink, endpointAddresses: [] };
  if (source === 'manifests') return { source, createSink: createManifestDirectory, endpointAddresses: [] };
  throw new Error(`--source ${source}: there are manifests and cluster`);
}

interface WorldParts {
  readonly root: string;
  readonly program: string;
  readonly hasResolver: boolean;
  readonly place: Place;
}

/** Makes the surroundings of the job with that number. */
function worldOptions({ root, program, hasResolver, place }: WorldParts): (job: number) => WorldOptions {
  const { createSink, endpointAddresses } = place;
  const freePorts = createFreePorts(Math.random);
  const issuer = createCertificateIssuer({ poolSize: 3, now: Date.now });
  let addresses = 0;
  const nextAddress = (): string => {
    addresses += 1;
    const chosen = endpointAddresses[addresses % endpointAddresses.length];
    if (chosen !== undefined) return chosen;
    return `127.${1 + (Math.floor(addresses / 64_516) % 250)}.${1 + (Math.floor(addresses / 254) % 254)}.${1 + (addresses % 254)}`;
  };
  return (job) => ({
    directory: join(root, `job-${job}`),
    command: [program],
    freePorts,
    issuer,
    createSink,
    nextAddress,
    canSetResolver: hasResolver,
  });
}

async function runFiles(run: Run, jobs: number, optionsOf: (job: number) => WorldOptions): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const worlds: World[] = [];
  const { interruption } = run;
  const end = async (): Promise<void> => {
    interruption.abort();
    await Promise.all(worlds.map(async (world) => world.close()));
    process.exit(130);
  };
  process.once('SIGINT', () => void end());
  process.once('SIGTERM', () => void end());
  // Long files first, so that no job is left alone with one at the end.
  const queue = [...run.files].sort((a, b) => weight(b) - weight(a));
  await Promise.all(
    Array.from({ length: jobs }, async (_, job) => {
      const world = await World.create(optionsOf(job));
      worlds.push(world);
      try {
        for (let file = queue.shift(); file !== undefined && !interruption.signal.aborted; file = queue.shift()) {
          const fileResults = await runFile(run, file, world);
          results.push(...fileResults);
          if (fileResults.length > 0 && !interruption.signal.aborted)
            process.stdout.write(`${fileLines(file, fileResults, run.isVerbose).join('\n')}\n`);
        }
      } finally {
        if (!interruption.signal.aborted) await world.close();
      }
    }),
  );
  return results;
}

/** Cases with arguments cost a start of the program each. */
function weight(file: CaseFile): number {
  return file.cases.reduce((sum, one) => sum + (one.args.length > 0 ? 4 : 1), 0);
}

async function runFile(run: Run, file: CaseFile, world: World): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of file.cases.filter(run.isSelected)) {
    if (run.interruption.signal.aborted) break;
    results.push(await runOne(run, file, { one, world }));
  }
  return results;
}

async function runOne(run: Run, file: CaseFile, item: { readonly one: Case; readonly world: World }): Promise<CaseResult> {
  const { one, world } = item;
  const about = { id: one.id, name: one.name, level: one.level };
  const reasons = run.reasonsOf(file, one);
  if (reasons.length > 0) return { ...about, seconds: 0, kind: 'out-of-scope', reasons };
  const startMs = performance.now();
  let problems: readonly string[];
  try {
    problems = await runCase(one, world);
  } catch (error) {
    if (error instanceof ObjectRefused)
      return { ...about, seconds: 0, kind: 'out-of-scope', reasons: [`the API server takes no such object: ${error.message}`] };
    problems = [error instanceof Error ? error.message : String(error)];
    await world.stopController();
  }
  const seconds = (performance.now() - startMs) / 1000;
  return problems.length === 0 ? { ...about, seconds, kind: 'passed' } : { ...about, seconds, kind: 'failed', problems };
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
