// What can be known about a wrong answer: whether it stays when asked again, what the replica says of itself (metrics, log), what the API
// server has, and what the test did before. Gathered while the traffic goes on, and only for the first few, since one fault makes many.
import { setTimeout as sleep } from 'node:timers/promises';
import { controllerLog } from '../feature/cluster-rig.ts';
import type { ApiServer } from '../support/api-server/start-api-server.ts';
import type { Journal } from './journal.ts';
import { secondsNow } from './journal.ts';
import type { Life } from './replica.ts';

const AGAIN_AFTER_MS = [0, 20, 50, 100, 200, 500, 1000, 2000] as const;
const JOURNAL_LINES = 40;
const LOG_LINES = 20;
const metricNames = /^(portico_(table_version|propagation_seconds_(sum|count)|api_|event_loop)|nginx_ingress_controller_config_)/;

export interface Suspicion {
  readonly life: Life;
  readonly site: string;
  /** Objects that the answer depends on, for the journal. */
  readonly names: readonly string[];
  /** The same request once more, in a few words. */
  readonly askAgain: () => Promise<string>;
}

/** Some lines of text. */
export async function gatherEvidence(
  { api, journal }: { readonly api: ApiServer; readonly journal: Journal },
  { life, site, names, askAgain }: Suspicion,
): Promise<string> {
  const done = journal.recent(JOURNAL_LINES);
  const object = api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: site });
  const { uid = '', resourceVersion = '' } = object?.metadata ?? {};
  const written = object === undefined ? 'no Ingress' : `Ingress of version ${resourceVersion}, uid ${uid}`;
  const asked = api.requests
    .filter(({ user }) => user === life.name.split('/')[0])
    .slice(-LOG_LINES)
    .map(({ verb, resource, name, status }) => `${verb} ${resource} ${name} ${status}`);
  const metrics = await readMetrics(life);
  const answers: string[] = [];
  for (const afterMs of AGAIN_AFTER_MS) {
    await sleep(afterMs);
    answers.push(`${secondsNow()} s ${await askAgain().catch((error: unknown) => String(error))}`);
  }
  const about = journal.recent(JOURNAL_LINES * 10).filter((line) => names.some((name) => line.includes(name)));
  const parts = [
    ['the API server has', [written]],
    ['asked again', answers],
    ['metrics of the replica', metrics],
    ['before it', done],
    [`all about ${names.join(', ')}`, about],
    ['the replica asked the API server', asked],
    [`log of ${life.name}`, controllerLog(life.portico).split('\n').slice(-LOG_LINES)],
  ] as const;
  return parts.map(([title, lines]) => `  ${title}:\n${lines.map((line) => `    ${line}`).join('\n')}`).join('\n');
}

async function readMetrics({ portico }: Life): Promise<readonly string[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${portico.healthzPort}/metrics`);
    return (await response.text()).split('\n').filter((line) => metricNames.test(line));
  } catch (error) {
    return [String(error)];
  }
}
