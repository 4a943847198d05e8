// Steady requests to every living replica, each judged when it ends: over HTTP on connections that are kept and on new ones, and over TLS
// with the certificate that is shown. What fails because its replica or a worker was killed meanwhile does not count.
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { ApiServer } from '../support/api-server/start-api-server.ts';
import type { Random } from '../torture/random.ts';
import { pickOne } from '../torture/random.ts';
import { gatherEvidence } from './evidence.ts';
import type { History, Kind } from './history.ts';
import type { Journal } from './journal.ts';
import { secondsNow } from './journal.ts';
import { judgeAnswer, judgeCertificate } from './oracle.ts';
import type { SeenAnswer } from './oracle.ts';
import type { Life, Replica } from './replica.ts';
import { hostOf } from './world.ts';
import type { World } from './world.ts';

const LOOPS = 3;
const PAUSE_MS = 15;
const LIMIT_MS = 30_000;
/** One fault makes many wrong answers. */
const EXPLAINED_FAULTS = 3;

export interface Tally {
  right: number;
  wrong: number;
  failed: number;
  /** Ended with a killed replica, or with a worker. */
  killed: number;
  readonly faults: string[];
}

export interface TrafficOptions {
  readonly api: ApiServer;
  readonly journal: Journal;
  readonly history: History;
  readonly world: World;
  readonly random: Random;
}

type Way = 'kept' | 'new' | 'tls';

interface SeenExchange extends SeenAnswer {
  /** Undefined without TLS. */
  readonly commonName: string | undefined;
}

export class Traffic {
  readonly tally: Tally = { right: 0, wrong: 0, failed: 0, killed: 0, faults: [] };
  readonly #options: TrafficOptions;
  readonly #agents = new Map<Life, Agent>();
  readonly #evidence: Promise<void>[] = [];
  #isOn = true;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** Sends until `stop`; resolves when the last request has ended. */
  async run(replica: Replica): Promise<void> {
    await Promise.all(Array.from({ length: LOOPS }, () => this.#loop(replica)));
  }

  /** Begins no further request. */
  stop(): void {
    this.#isOn = false;
  }

  /** After the last request has ended. */
  async close(): Promise<void> {
    await Promise.all(this.#evidence);
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** One request, judged. Undefined where it failed. */
  async send(life: Life, site: string, way: Way): Promise<SeenExchange | undefined> {
    const { history } = this.#options;
    const { view, name, workerKills, isRecovering } = life;
    const floors = view.snapshot();
    try {
      const seen = await exchange(life, { site, way, agent: this.#agentOf(life) });
      const context = { history, view, floors };
      const isAnswer = judgeAnswer(context, site, seen);
      const isCertificate = seen.commonName === undefined || judgeCertificate(context, site, seen.commonName);
      if (isAnswer && isCertificate) this.tally.right++;
      else {
        this.tally.wrong++;
        this.#note(
          { life, site, way },
          `wrong: ${name} ${way} ${site}: ${JSON.stringify(seen)}; possible: ${describe(history, floors, site)}`,
        );
      }
      return seen;
    } catch (error) {
      if (life.isKilled || isRecovering || life.workerKills > workerKills) this.tally.killed++;
      else {
        this.tally.failed++;
        this.#note({ life, site, way }, `failed: ${name} ${way} ${site}: ${error instanceof Error ? error.message : String(error)}`);
      }
      return undefined;
    }
  }

  #note({ life, site, way }: { readonly life: Life; readonly site: string; readonly way: Way }, text: string): void {
    const { history, api, journal } = this.#options;
    const { faults } = this.tally;
    journal.note(`${life.name} ${site}: a wrong answer, or none`);
    if (faults.length >= 20) return;
    const index = faults.push(`${secondsNow()} s ${text}`) - 1;
    if (index >= EXPLAINED_FAULTS) return;
    const askAgain = async (): Promise<string> => {
      const { status, backend, marker, commonName } = await exchange(life, { site, way, agent: this.#agentOf(life) });
      return [status, backend, marker, commonName].filter((part) => part !== undefined && part !== '').join(' ');
    };
    const service = history.state('ingress', site, history.newest('ingress', site))?.service;
    const names = [site, ...(service === undefined ? [] : [service])];
    const gathering = gatherEvidence({ api, journal }, { life, site, names, askAgain }).then((evidence) => {
      faults[index] += `\n${evidence}`;
    });
    this.#evidence.push(gathering);
  }

  async #loop(replica: Replica): Promise<void> {
    const { world, random } = this.#options;
    while (this.#isOn) {
      const { life } = replica;
      const site = pickOne(random, world.sites);
      const isTls = world.secretOf(site) !== undefined && random() < 0.4;
      if (life !== undefined) await this.send(life, site, isTls ? 'tls' : random() < 0.7 ? 'kept' : 'new');
      await sleep(PAUSE_MS);
    }
  }

  #agentOf(life: Life): Agent {
    let agent = this.#agents.get(life);
    if (agent === undefined) this.#agents.set(life, (agent = new Agent({ keepAlive: true, maxSockets: LOOPS })));
    return agent;
  }
}

function exchange(
  { portico }: Life,
  { site, way, agent }: { readonly site: string; readonly way: Way; readonly agent: Agent },
): Promise<SeenExchange> {
  const host = hostOf(site);
  const base = { host: '127.0.0.1', path: '/', headers: { Host: host }, timeout: LIMIT_MS } satisfies RequestOptions;
  return new Promise((resolve, reject) => {
    let commonName: string | undefined;
    const read = (response: IncomingMessage): void => {
      let body = '';
      if (response.socket instanceof TLSSocket) commonName = String(response.socket.getPeerCertificate().subject.CN ?? '');
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, ...readEcho(body), commonName }));
      response.on('error', reject);
    };
    const request =
      way === 'tls'
        ? httpsRequest({ ...base, port: portico.httpsPort, servername: host, rejectUnauthorized: false, agent: false }, read)
        : httpRequest({ ...base, port: portico.httpPort, agent: way === 'kept' ? agent : false }, read);
    request.on('timeout', () => request.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    request.on('error', reject);
    request.end();
  });
}

/** What the echo backend says of itself and of the host that it was asked for. */
function readEcho(body: string): Pick<SeenAnswer, 'backend' | 'marker'> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'backend' in value && 'host' in value) {
      return { backend: String(value.backend), marker: String(value.host) };
    }
  } catch {
    // An answer of Portico.
  }
  return { backend: '', marker: '' };
}

/** The versions that the oracle allowed, for the report of a wrong answer. */
function describe(history: History, floors: ReadonlyMap<string, number>, site: string): string {
  const window = (kind: Kind, name: string): string => {
    const from = floors.get(`${kind}/${name}`) ?? 0;
    const states = Array.from(
      { length: history.newest(kind, name) - from + 1 },
      (_, index) => history.state(kind, name, from + index) ?? null,
    );
    return `${kind} ${name} ${JSON.stringify(states)}`;
  };
  const services = new Set<string>();
  for (let version = floors.get(`ingress/${site}`) ?? 0; version <= history.newest('ingress', site); version++) {
    const state = history.state('ingress', site, version);
    if (state !== undefined) services.add(state.service);
  }
  const parts = [...services].flatMap((name) => [window('service', name), window('slice', name)]);
  return [window('ingress', site), ...parts, window('secret', site)].join('; ');
}
