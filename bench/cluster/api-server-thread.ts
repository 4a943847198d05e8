// The stand-in API server of a benchmark in a thread of its own: with tens of thousands of objects its garbage collector holds up whatever runs
// in the same thread, and that must be neither the clock nor the probes. Makes changes at a steady rate when it is asked to.
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { startApiServer } from '../../test/support/api-server/start-api-server.ts';
import type { ApiServer } from '../../test/support/api-server/start-api-server.ts';
import { classObject, endpoints, hostObjects } from './cluster-objects.ts';

export interface ApiServerStart {
  readonly hosts: number;
  readonly mainPort: number;
  readonly markerPort: number;
}

export type ToApiServer =
  | { readonly kind: 'change'; readonly total: number; readonly perSecond: number; readonly observeEvery: number }
  /** The change of this host that was to be watched is decided. */
  | { readonly kind: 'decided'; readonly host: number }
  | { readonly kind: 'close' };

export type FromApiServer =
  | { readonly kind: 'started'; readonly kubeconfig: string }
  /** A change to watch: the host goes from the main to the marker backend. Time since the epoch, just after the API server had it. */
  | { readonly kind: 'changed'; readonly host: number; readonly atMs: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'closed' };

class ChangeMaker {
  readonly #api: ApiServer;
  readonly #start: ApiServerStart;
  readonly #post: (message: FromApiServer) => void;
  /** Hosts whose endpoints are the marker backend's now. */
  readonly #moved = new Set<number>();
  /** Hosts whose last change is being watched. */
  readonly #underWay = new Set<number>();
  #made = 0;

  constructor(api: ApiServer, start: ApiServerStart, post: (message: FromApiServer) => void) {
    this.#api = api;
    this.#start = start;
    this.#post = post;
  }

  decide(host: number): void {
    this.#underWay.delete(host);
  }

  /** Catches up where it was late. */
  async run({ total, perSecond, observeEvery }: Extract<ToApiServer, { kind: 'change' }>): Promise<void> {
    const startedAt = performance.now();
    for (let made = 0; made < total; made += 1) {
      this.#change(made % observeEvery === 0);
      const aheadMs = startedAt + ((made + 1) * 1000) / perSecond - performance.now();
      if (aheadMs > 0) await delay(aheadMs);
    }
  }

  #change(isToBeWatched: boolean): void {
    const host = this.#nextHost();
    const isMoved = this.#moved.has(host);
    this.#api.put(endpoints(host, isMoved ? this.#start.mainPort : this.#start.markerPort));
    if (isMoved) this.#moved.delete(host);
    else this.#moved.add(host);
    if (!isToBeWatched || isMoved) return;
    this.#underWay.add(host);
    this.#post({ kind: 'changed', host, atMs: performance.timeOrigin + performance.now() });
  }

  /** Spread over all hosts but the first, which stays where it is. */
  #nextHost(): number {
    const others = this.#start.hosts - 1;
    let other = (this.#made++ * 7919) % others;
    while (this.#underWay.has(other + 1)) other = (other + 1) % others;
    return other + 1;
  }
}

async function serve(port: NonNullable<typeof parentPort>, start: ApiServerStart): Promise<void> {
  const api = await startApiServer();
  api.put(classObject());
  for (let index = 0; index < start.hosts; index += 1) for (const object of hostObjects(index, start.mainPort)) api.put(object);
  const post = (message: FromApiServer): void => port.postMessage(message);
  const changes = new ChangeMaker(api, start, post);
  port.on('message', (message: ToApiServer) => {
    if (message.kind === 'decided') changes.decide(message.host);
    else if (message.kind === 'change') void changes.run(message).then(() => post({ kind: 'done' }));
    else
      void api.close().then(() => {
        post({ kind: 'closed' });
        port.close();
      });
  });
  post({ kind: 'started', kubeconfig: api.kubeconfig() });
}

if (parentPort !== null) await serve(parentPort, workerData as ApiServerStart);
