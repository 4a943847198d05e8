// The chaos test: rounds of change and breakage under traffic, each of which ends with everything live. Exits 0 when every answer was
// right, no request to a replica that lives failed, every change became live, and memory stayed flat.
import { setTimeout as sleep } from 'node:timers/promises';
import { controllerLog, openCluster } from '../feature/cluster-rig.ts';
import type { ClusterRig } from '../feature/cluster-rig.ts';
import { createCertificateIssuer } from '../support/certificates.ts';
import type { Random } from '../torture/random.ts';
import { createRandom, pickNumber, pickOne } from '../torture/random.ts';
import { startBackends } from './backends.ts';
import { settle } from './barrier.ts';
import { disturb } from './disturb.ts';
import { History } from './history.ts';
import { Journal } from './journal.ts';
import { judgeMemory } from './memory.ts';
import { parseOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { Replica } from './replica.ts';
import { Traffic } from './traffic.ts';
import { issueCertificates, World } from './world.ts';

const ROUND_MS = 6_000;
const JOURNAL_LINES = 60;
/** Part of the rounds without a leader kill. */
const WORKER_KILLS = 0.3;

interface Chaos {
  readonly options: Options;
  readonly rig: ClusterRig;
  readonly history: History;
  readonly journal: Journal;
  readonly world: World;
  readonly traffic: Traffic;
  readonly replicas: readonly Replica[];
  /** Faults that are not of a single request. */
  readonly faults: string[];
  readonly counts: Map<string, number>;
}

/** One for each thing that chooses, so that none depends on how often another chooses. */
interface Randoms {
  readonly changes: Random;
  readonly faults: Random;
  readonly kills: Random;
}

/** Kills the leader, or anybody where none leads, and starts it again. */
async function killLeader({ replicas, faults, journal }: Chaos): Promise<void> {
  const leads = await Promise.all(replicas.map((replica) => replica.isLeader()));
  const victim = replicas[leads.indexOf(true)] ?? replicas[0];
  if (victim === undefined) return;
  journal.note(`kill ${victim.name}`);
  victim.kill();
  await sleep(500);
  await victim.start().catch((error: unknown) => faults.push(`${victim.name} does not start again: ${String(error)}`));
  journal.note(`${victim.name} is ready again`);
}

async function killWorker({ replicas, faults, journal }: Chaos, random: Random): Promise<void> {
  const victim = pickOne(random, replicas);
  journal.note(`kill a worker of ${victim.name}`);
  if (!(await victim.killWorker())) faults.push(`${victim.name} is a worker short`);
  journal.note(`${victim.name} has all workers again`);
}

async function runRounds(chaos: Chaos, random: Randoms): Promise<void> {
  const { options, rig, world, counts, faults, journal } = chaos;
  const lengthMs = options.minutes * 60_000;
  const killEveryMs = Math.max(25_000, lengthMs / 12);
  const startMs = performance.now();
  let nextKillMs = killEveryMs / 2;
  while (performance.now() - startMs < lengthMs && faults.length === 0) {
    const endMs = performance.now() + ROUND_MS;
    const isOver = (): boolean => performance.now() >= endMs;
    const change = async (): Promise<void> => {
      while (!isOver()) {
        world.change();
        await sleep(pickNumber(random.changes, 120));
      }
    };
    const breakThings = async (): Promise<void> => {
      while (!isOver()) count(counts, await disturb(rig.api, random.faults, journal));
    };
    const kill = async (): Promise<void> => {
      const isLeadersTurn = performance.now() - startMs >= nextKillMs;
      await sleep(pickNumber(random.kills, ROUND_MS / 2));
      if (isLeadersTurn) {
        nextKillMs += killEveryMs;
        count(counts, 'leader kill');
        await killLeader(chaos);
      } else if (random.kills() < WORKER_KILLS) {
        count(counts, 'worker kill');
        await killWorker(chaos, random.kills);
      }
    };
    await Promise.all([change(), breakThings(), kill()]);
    faults.push(...(await settle({ ...chaos, api: rig.api })));
    count(counts, 'round');
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

async function runChaos(options: Options, chaos: Chaos): Promise<void> {
  const { traffic, replicas, rig, journal } = chaos;
  await Promise.all(replicas.map((replica) => replica.start()));
  const sampling = setInterval(() => {
    for (const replica of replicas) replica.sampleMemory();
  }, 1_000);
  const sending = replicas.map((replica) => traffic.run(replica));
  try {
    const { seed } = options;
    const randomOf = (chooser: string): Random => createRandom(`${chooser} ${seed}`);
    await runRounds(chaos, { changes: randomOf('changes'), faults: randomOf('faults'), kills: randomOf('kills') });
  } finally {
    clearInterval(sampling);
    traffic.stop();
    await Promise.all(sending);
    await traffic.close();
  }
  for (const { life } of replicas) if (life !== undefined && !life.portico.isRunning()) chaos.faults.push(`${life.name} ended by itself`);
  if (chaos.faults.length + traffic.tally.wrong + traffic.tally.failed > 0) {
    if (chaos.faults.length > 0) console.log(`before the end:\n${journal.recent(JOURNAL_LINES).join('\n')}\n`);
    for (const { life } of replicas) if (life !== undefined) console.log(`log of ${life.name}:\n${controllerLog(life.portico)}`);
  }
  rig.api.forgetRequests();
}

/** Prints what happened; true if nothing was wrong. */
function report({ options, world, traffic, replicas, faults, counts }: Chaos): boolean {
  const { right, wrong, failed, killed, faults: answers } = traffic.tally;
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  const all = [...answers, ...faults];
  let growing = 0;
  for (const { name, memory } of replicas.flatMap(({ lives }) => lives)) {
    const verdict = judgeMemory(memory);
    if (verdict === undefined) continue;
    const line = `memory of ${name}: ${mebibytes(verdict.firstBytes)}, at the end ${mebibytes(verdict.lastBytes)}, ${memory.length} s`;
    console.log(line);
    if (verdict.isFlat) continue;
    growing++;
    all.push(`${line}: not flat`);
  }
  for (const fault of all) console.log(fault);
  console.log([...counts].map(([name, times]) => `${name} ${times}`).join(', '));
  console.log(
    `${world.written} changes, ${right} answers right, ${wrong} wrong, ${failed} failed, ${killed} ended by kills, seed ${options.seed}`,
  );
  const bad = wrong + failed + faults.length + growing;
  console.log(`${right} passed, ${bad} failed`);
  return bad === 0 && right > 0;
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  if (!parsed.ok) {
    console.error(parsed.error);
    return 2;
  }
  const options = parsed.value;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  // An exit ends the replicas, a signal alone would not.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const { servers, backends, port } = await startBackends();
  const rig = await openCluster();
  try {
    const history = new History(() => performance.now());
    const journal = new Journal();
    const certificates = await issueCertificates(createCertificateIssuer({ poolSize: 2, now: Date.now }));
    const random = createRandom(`world ${options.seed}`);
    const world = new World({ api: rig.api, history, journal, random, backends, backendPort: port, certificates });
    const traffic = new Traffic({ api: rig.api, history, journal, world, random: createRandom(`traffic ${options.seed}`) });
    const replicas = Array.from(
      { length: options.replicas },
      (_, index) => new Replica({ name: `replica-${index}`, workers: 1 + (index % 2), rig, history }),
    );
    const chaos: Chaos = { options, rig, history, journal, world, traffic, replicas, faults: [], counts: new Map() };
    await runChaos(options, chaos);
    return report(chaos) ? 0 : 1;
  } finally {
    await rig.close();
    await Promise.all(servers.map((server) => server.close()));
  }
}

process.exitCode = await main();
