// Keeps `status.loadBalancer.ingress` of the served Ingresses at the addresses of this installation. Written by the leader only, and only
// where something else stands there.
//
// By server-side apply on the status subresource, for three reasons: it names no field but this one, so it cannot touch those of others;
// it works whether `status.loadBalancer` is there or not, where a JSON patch must know; and `metadata.managedFields` then says that
// Portico wrote the address. Forced, because in a migration the field belongs to ingress-nginx, which will not write it again. The
// apply carries the resourceVersion that the decision was made on, so it is a compare-and-swap like the `test` of a JSON patch: what was
// decided on an old state, by a replica that slept meanwhile for instance, is answered with 409 and decided anew.
import type { Ingress, StatusAddress } from '../../resources/objects.ts';
import type { ApiClient } from '../../sources/cluster/api-client.ts';
import type { ApiError } from '../../sources/cluster/api-error.ts';
import { isAborted } from '../../sources/cluster/api-error.ts';
import { apiResources } from '../../sources/cluster/api-resource.ts';
import { pause } from '../../sources/cluster/pause.ts';
import type { Result } from '../../kit/result.ts';
import type { Leadership } from '../leader-election.ts';
import { areSameAddresses } from './addresses.ts';

/** Requests under way at the same time. */
const CONCURRENCY = 8;
/** From a change to the round that it causes: many come together. */
const BATCH_MS = 500;
/** After a round that left something undone, at first and at most. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const CLEAR_TRIES = 3;
const CLEAR_PAUSE_MS = 200;

export interface StatusWriterDeps {
  readonly client: ApiClient;
  readonly leadership: Leadership;
  /** The Ingresses that are served, as they are known now. */
  readonly listIngresses: () => Iterable<Ingress>;
  readonly findAddresses: (signal: AbortSignal) => Promise<Result<readonly StatusAddress[]>>;
  readonly intervalMs: number;
  readonly counts: StatusCounts;
  /** What stands in the way, once until it changes. */
  readonly onProblem: (message: string) => void;
}

export interface StatusCounts {
  written: number;
  failed: number;
}

interface Round {
  /** Ingresses that still have something else than they should. */
  undone: number;
  retryAfterSeconds: number;
  problem: string;
}

export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  /** What was written to an Ingress whose new version was not seen yet. */
  readonly #written = new WeakMap<Ingress, string>();
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = Infinity;
  #retries = 0;
  #lastProblem = '';
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
  }

  /** Something may have changed that the status depends on. Cheap; a replica that does not lead does nothing then. */
  schedule(waitMs = BATCH_MS): void {
    if (this.#stop.signal.aborted) return;
    const dueAtMs = performance.now() + waitMs;
    if (dueAtMs >= this.#dueAtMs) return;
    this.#dueAtMs = dueAtMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#wake(), waitMs).unref();
  }

  /** No round begins after it; one under way is cut short. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Takes the addresses away again, on the way out. */
  async clear(signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < CLEAR_TRIES; tries++) {
      const { undone } = await this.#writeAll([], signal);
      if (undone === 0 || signal.aborted) return;
      // What was written last may not have come back yet.
      await pause(CLEAR_PAUSE_MS, signal);
    }
  }

  async #wake(): Promise<void> {
    this.#dueAtMs = Infinity;
    if (this.#running !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#running = this.#round();
    await this.#running;
    this.#running = undefined;
    this.schedule(this.#isAskedAgain ? BATCH_MS : this.#deps.intervalMs);
    this.#isAskedAgain = false;
  }

  async #round(): Promise<void> {
    const { leadership, findAddresses } = this.#deps;
    if (leadership.term === undefined) return;
    const signal = AbortSignal.any([leadership.term, this.#stop.signal]);
    const addresses = await findAddresses(signal);
    if (signal.aborted) return;
    if (!addresses.ok) {
      this.#tell(addresses.error);
      this.#retry(0);
      return;
    }
    const { undone, problem, retryAfterSeconds } = await this.#writeAll(addresses.value, signal);
    if (signal.aborted) return;
    this.#tell(problem);
    if (undone > 0) this.#retry(retryAfterSeconds);
    else this.#retries = 0;
  }

  async #writeAll(addresses: readonly StatusAddress[], signal: AbortSignal): Promise<Round> {
    const round: Round = { undone: 0, retryAfterSeconds: 0, problem: '' };
    const text = JSON.stringify(addresses);
    const queue = this.#listWrong(addresses, text).values();
    /** Namespaces; a right is given for all Ingresses of one. */
    const forbidden = new Set<string>();
    let isOver = false;
    const work = async (): Promise<void> => {
      for (const ingress of queue) {
        // A process that was stopped must not go on with what it had begun.
        if (isOver || signal.aborted || this.#deps.leadership.term === undefined) {
          round.undone++;
          return;
        }
        const { namespace } = ingress.metadata;
        if (forbidden.has(namespace)) {
          round.undone++;
          continue;
        }
        const error = await this.#write(ingress, addresses, signal);
        if (error !== undefined && isMissingRight(error)) forbidden.add(namespace);
        if (error === undefined) this.#written.set(ingress, text);
        else if (isRefusal(error)) isOver = this.#note(round, error);
        // It is gone, or newer than what is known here; then its new state comes, or has come meanwhile.
        else if (error.status === 409) round.undone++;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return round;
  }

  #listWrong(addresses: readonly StatusAddress[], text: string): readonly Ingress[] {
    const wrong: Ingress[] = [];
    for (const ingress of this.#deps.listIngresses()) {
      if (ingress.isBeingDeleted) continue;
      const written = this.#written.get(ingress);
      const isRight = written === undefined ? areSameAddresses(ingress.statusAddresses, addresses) : written === text;
      if (!isRight) wrong.push(ingress);
    }
    return wrong;
  }

  async #write({ metadata }: Ingress, addresses: readonly StatusAddress[], signal: AbortSignal): Promise<ApiError | undefined> {
    const { namespace, name, resourceVersion } = metadata;
    const { apiVersion, kind } = apiResources.Ingress;
    const ingress = addresses.map(({ ip, hostname }) => (ip === '' ? { hostname } : { ip }));
    const object = { apiVersion, kind, metadata: { name, namespace, resourceVersion }, status: { loadBalancer: { ingress } } };
    const path = { resource: apiResources.Ingress, namespace, name, subresource: 'status' } as const;
    const answer = await this.#deps.client.patch(path, { kind: 'apply', object, force: true }, signal);
    if (answer.ok) this.#deps.counts.written++;
    else if (isRefusal(answer.error)) this.#deps.counts.failed++;
    return answer.ok ? undefined : answer.error;
  }

  /** True: the others would fare no better now. */
  #note(round: Round, { status, reason, message, retryAfterSeconds = 0 }: ApiError): boolean {
    round.undone++;
    round.retryAfterSeconds = Math.max(round.retryAfterSeconds, retryAfterSeconds);
    round.problem = `the status of Ingresses cannot be written: ${status === 0 ? reason : status}: ${message}`;
    return status === 0 || status === 429 || status >= 500;
  }

  #retry(retryAfterSeconds: number): void {
    const waitMs = Math.min(RETRY_MS * 2 ** Math.min(this.#retries++, 10), LONGEST_RETRY_MS, this.#deps.intervalMs);
    this.schedule(Math.max(waitMs, retryAfterSeconds * 1000));
  }

  #tell(problem: string): void {
    if (problem !== '' && problem !== this.#lastProblem) this.#deps.onProblem(problem);
    this.#lastProblem = problem;
  }
}

/** Said by the authorizer; a policy may forbid the change of one Ingress with the same status. */
function isMissingRight({ status, message }: ApiError): boolean {
  return status === 403 && message.includes(' cannot patch resource ');
}

function isRefusal(error: ApiError): boolean {
  return !isAborted(error) && error.status !== 409 && error.status !== 404;
}
