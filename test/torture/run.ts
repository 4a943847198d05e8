// The torture test: raw vectors, the same cut into pieces, and mutations, through a proxy and over real sockets. Exits 0 when every
// verdict is ok.
import { fileURLToPath } from 'node:url';
import { type Judgement, show } from './judge.ts';
import { createMutations, mutableVectors, type Mutation, runMutation } from './mutate.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { type Cut, cutEveryByte, cutRandomly, uncut } from './parts.ts';
import { runPipelining } from './pipelining.ts';
import { createRandom } from './random.ts';
import { formatResult, reportResults, type TortureResult } from './report.ts';
import { type RequestRun, type Rig, runRequest } from './request.ts';
import { type OwnedRig, openRig } from './rig.ts';
import { runUpstream } from './upstream.ts';
import { loadVectors, type PipeliningVector, type RequestVector, type UpstreamVector, type Vector } from './vectors.ts';

/** One unit of work of a rig: it gives one or more results. */
interface Task {
  /** Place in the order of printing. */
  readonly order: number;
  /** Rough cost, to begin the longest first. */
  readonly cost: number;
  readonly name: string;
  readonly run: (rig: Rig) => Promise<TortureResult[]>;
}

const sendings = ['every byte', 'random cuts'] as const;

/** The tasks of a run, in order of the vectors. */
function createTasks(vectors: readonly Vector[], options: Options): Task[] {
  const tasks = options.vectors ? vectors.map((vector) => ({ name: vector.id, ...vectorTask(vector, options) })) : [];
  const mutable = mutableVectors(vectors);
  const mutations = mutable.length === 0 ? [] : createMutations(mutable, createRandom(`mutate ${options.seed}`), options.mutations);
  const fuzz = mutations.map((mutation) => ({
    name: mutation.id,
    cost: 0,
    run: async (rig: Rig) => [await mutationResult(mutation, rig)],
  }));
  return [...tasks, ...fuzz].map((task, order) => ({ ...task, order }));
}

function vectorTask(vector: Vector, options: Options): Pick<Task, 'cost' | 'run'> {
  if (vector.kind === 'pipelining') {
    return { cost: 100, run: async (rig) => [toResult(vector, await runPipelining(vector, rig, options.stride), 'whole')] };
  }
  return { cost: 1, run: (rig) => runWholeAndCut(vector, rig, options) };
}

/** The vector whole, and cut in each way: there the verdict and everything that was observed must be the same. */
async function runWholeAndCut(vector: RequestVector | UpstreamVector, rig: Rig, options: Options): Promise<TortureResult[]> {
  const run = (cut: Cut): Promise<RequestRun> => (vector.kind === 'request' ? runRequest(vector, rig, cut) : runUpstream(vector, rig, cut));
  const whole = await run(uncut);
  const results = [toResult(vector, whole, 'whole')];
  for (const sending of options.splits ? sendings : []) {
    const cut = sending === 'every byte' ? cutEveryByte : cutRandomly(createRandom(`${vector.id} ${options.seed}`));
    results.push(toResult(vector, compareRuns(whole, await run(cut)), sending));
  }
  return results;
}

function compareRuns(whole: RequestRun, other: RequestRun): Judgement & Pick<RequestRun, 'statuses'> {
  if (other.outcome === whole.outcome && other.verdict === whole.verdict) return { ...other, verdict: 'ok', notes: [] };
  const notes = [`differs from the uncut run: ${show(other.outcome)}, not ${show(whole.outcome)}`, ...other.notes];
  return { verdict: 'wrong', notes, statuses: other.statuses };
}

function toResult(
  vector: RequestVector | UpstreamVector | PipeliningVector,
  run: Judgement & Pick<RequestRun, 'statuses'>,
  sending: string,
): TortureResult {
  const { id, kind, level, tags } = vector;
  const expect = vector.kind === 'pipelining' ? '' : vector.expect;
  return { id, kind, expect, level, tags, sending, verdict: run.verdict, notes: run.notes, statuses: run.statuses };
}

async function mutationResult(mutation: Mutation, rig: Rig): Promise<TortureResult> {
  const { verdict, notes } = await runMutation(mutation, rig);
  return { id: mutation.id, kind: 'mutation', expect: '', level: 'must', tags: [], sending: 'whole', verdict, notes, statuses: [] };
}

/** Works through a queue that several rigs share. A task that ended the proxy has failed, and the rig is opened again. */
async function work(queue: Task[], results: Map<number, TortureResult[]>, options: Options): Promise<void> {
  let rig = await openRig(options);
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    const { found, hasEnded } = await runTask(task, rig);
    results.set(task.order, found);
    for (const result of found) if (options.verbose || result.verdict !== 'ok') console.log(formatResult(result));
    if (!hasEnded) continue;
    await rig.close();
    rig = await openRig(options);
  }
  await rig.close();
}

async function runTask(task: Task, rig: OwnedRig): Promise<{ found: TortureResult[]; hasEnded: boolean }> {
  try {
    const found = await task.run(rig);
    if (!rig.hasEnded()) return { found, hasEnded: false };
    return { found: [failedRun(task, await rig.failure())], hasEnded: true };
  } catch (error) {
    const why = await rig.failure();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { found: [failedRun(task, why ?? text)], hasEnded: why !== undefined };
  }
}

function failedRun(task: Task, why: string | undefined): TortureResult {
  const notes = [why ?? 'the proxy has ended'];
  return { id: task.name, kind: 'run', expect: '', level: 'must', tags: [], sending: 'whole', verdict: 'wrong', notes, statuses: [] };
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), fileURLToPath(new URL('vectors', import.meta.url)));
  if (!parsed.ok) {
    console.error(parsed.error);
    return 2;
  }
  const options = parsed.value;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const vectors = loadVectors(options.dirs).filter(
    (vector) => (options.only?.test(vector.id) ?? true) && (options.level === undefined || vector.level === options.level),
  );
  const queue = createTasks(vectors, options).toSorted((a, b) => b.cost - a.cost);
  const results = new Map<number, TortureResult[]>();
  const startMs = Date.now();
  await Promise.all(Array.from({ length: options.jobs }, () => work(queue, results, options)));
  const inOrder = [...results].toSorted(([a], [b]) => a - b).flatMap(([, found]) => found);
  const isGood = reportResults(inOrder, options.json);
  console.log(`${vectors.length} vectors in ${((Date.now() - startMs) / 1000).toFixed(0)} s, seed ${options.seed}`);
  return isGood && inOrder.length > 0 ? 0 : 1;
}

process.exitCode = await main();
