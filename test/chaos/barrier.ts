// The quiet end of a round: every change must have become live on every replica, one replica leads, and the status of every Ingress is
// written. What is live then is the floor of all later requests.
import { PATIENCE_MS, poll } from '../support/polling.ts';
import type { ApiServer } from '../support/api-server/start-api-server.ts';
import type { History, IngressState } from './history.ts';
import type { Journal } from './journal.ts';
import { newestOfAll } from './history.ts';
import { DEFAULT_CERTIFICATE } from './oracle.ts';
import type { SeenAnswer } from './oracle.ts';
import type { Replica } from './replica.ts';
import type { Traffic } from './traffic.ts';
import type { World } from './world.ts';
import { hostOf } from './world.ts';
import { ask } from '../feature/cluster-rig.ts';

const WAIT = { timeoutMs: PATIENCE_MS, everyMs: 20 };

export interface Barrier {
  readonly api: ApiServer;
  readonly history: History;
  readonly journal: Journal;
  readonly world: World;
  readonly traffic: Traffic;
  readonly replicas: readonly Replica[];
}

/** Answers what did not come true, one line each. Objects must not change meanwhile. */
export async function settle(barrier: Barrier): Promise<string[]> {
  const sentinel = barrier.world.placeSentinel();
  barrier.journal.note(`barrier: ${sentinel} is written`);
  const faults = await Promise.all([
    ...barrier.replicas.map((replica) => settleReplica(barrier, replica, sentinel)),
    settleWrites(barrier),
  ]);
  return faults.flat();
}

async function settleReplica({ history, journal, world, traffic }: Barrier, replica: Replica, sentinel: string): Promise<string[]> {
  const { life } = replica;
  if (life === undefined) return [`${replica.name} does not run`];
  const isLive = await poll(WAIT, async () => {
    const answer = await ask(life.portico, hostOf(sentinel)).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  if (isLive === undefined) return [`${life.name}: changes are not live after ${WAIT.timeoutMs} ms`];
  journal.note(`barrier: ${sentinel} is live on ${life.name}`);
  const faults: string[] = [];
  for (const site of world.sites) {
    const state = history.state('ingress', site, history.newest('ingress', site));
    if (state === undefined) continue;
    const shown = await poll(WAIT, async () => (isOf(await traffic.send(life, site, 'new'), state) ? true : undefined));
    if (shown === undefined) faults.push(`${life.name}: ${site} does not serve ${state.marker}`);
  }
  faults.push(...(await settleWorkers(replica)));
  for (const { kind, name, version } of newestOfAll(history)) if (kind !== 'secret') life.view.raise(kind, name, version);
  for (const site of world.sites) {
    const secret = world.secretOf(site);
    if (secret === undefined || history.state('ingress', site, history.newest('ingress', site)) === undefined) continue;
    const version = history.newest('secret', secret);
    const wanted = history.state('secret', secret, version) ?? DEFAULT_CERTIFICATE;
    const shown = await poll(WAIT, async () => ((await traffic.send(life, site, 'tls'))?.commonName === wanted ? true : undefined));
    if (shown === undefined) faults.push(`${life.name}: ${site} does not show ${wanted}`);
    faults.push(...(await settleWorkers(replica)));
    life.view.raise('secret', secret, version);
    if (wanted !== DEFAULT_CERTIFICATE) life.view.raise('shown', site, history.newest('ingress', site));
  }
  return faults;
}

/** What one worker serves, all do. */
async function settleWorkers(replica: Replica): Promise<string[]> {
  const isUpToDate = await poll(WAIT, async () => ((await replica.isUpToDate()) ? true : undefined));
  return isUpToDate === undefined ? [`${replica.name}: not every worker has the newest version`] : [];
}

/**
 * Whether the answer is one of this version. The sentinel proves that the Ingress was read, not that it is served: it waits for the Secret
 * that it newly refers to, and later ones do not wait for it. Before that, its host was not served at all.
 */
function isOf(seen: SeenAnswer | undefined, { marker }: IngressState): boolean {
  return seen !== undefined && (seen.status === 503 || (seen.status === 200 && seen.marker === marker));
}

async function settleWrites({ api, history, world, replicas }: Barrier): Promise<string[]> {
  const missing = (): string[] =>
    world.sites.filter((site) => {
      if (history.state('ingress', site, history.newest('ingress', site)) === undefined) return false;
      const found = api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: site });
      return !JSON.stringify(found?.['status'] ?? {}).includes('192.0.2.1');
    });
  const countLeaders = async (): Promise<number> =>
    (await Promise.all(replicas.map((replica) => replica.isLeader()))).filter(Boolean).length;
  const isDone = await poll(WAIT, async () => (missing().length === 0 && (await countLeaders()) === 1 ? true : undefined));
  return isDone === undefined ? [`${await countLeaders()} leaders; no status: ${missing().join(' ')}`] : [];
}
