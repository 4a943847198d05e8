// Addresses of Services of type ExternalName. Translation only knows the name; it is resolved here, again and again, and the rows that
// the workers get have the addresses in them (ingress-nginx reference 6.2). A name that cannot be resolved keeps its last addresses.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { unmapAddress } from '../kit/cidr.ts';
import type { ModelDelta } from '../model/delta.ts';
import type { Endpoint, Upstream, UpstreamKey } from '../model/upstream.ts';

/** The resolver of the system has no times to live to offer; ingress-nginx asks every second. */
const RESOLVE_INTERVAL_MS = 1000;
const MAX_ADDRESSES = 64;
/** How long a change waits for the first addresses of a new name: without the wait its first requests would find no endpoint. */
const FIRST_ANSWER_MS = 300;

export interface ExternalNamesDeps {
  /** Addresses of a host; family 4: only those of IPv4. */
  readonly lookup: (host: string, family: 0 | 4) => Promise<readonly string[]>;
  /** Ports that Portico itself listens on. */
  readonly ownPorts: readonly number[];
  /** Those of them that carry no traffic: health and metrics, the admission webhook. */
  readonly adminPorts: readonly number[];
  /** Rows whose addresses have changed. */
  readonly onChange: (upstreams: readonly Upstream[]) => void;
  /** Told once when a name stops being resolvable. */
  readonly onError: (host: string, error: Error) => void;
}

interface Watched {
  row: Upstream;
  readonly host: string;
  isFailing: boolean;
  isResolving: boolean;
  /** Settles with the first answer, good or bad; undefined once it is there. */
  firstAnswer: Promise<void> | undefined;
}

export class ExternalNames {
  readonly #deps: ExternalNamesDeps;
  readonly #watched = new Map<UpstreamKey, Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** Of the last settings. */
  #isIpv4Only = false;

  constructor(deps: ExternalNamesDeps) {
    this.#deps = deps;
  }

  /** Fills addresses that are known already into the delta's rows, and begins to resolve the others. */
  apply(delta: ModelDelta): ModelDelta {
    this.#isIpv4Only = delta.settings?.resolvesIpv4Only ?? this.#isIpv4Only;
    for (const key of delta.removedUpstreams) this.#watched.delete(key);
    for (const row of delta.upstreams) if (row.externalName === undefined) this.#watched.delete(row.key);
    if (!delta.upstreams.some((row) => row.externalName !== undefined)) {
      this.#setTimer();
      return delta;
    }
    const upstreams = delta.upstreams.map((row) => (row.externalName === undefined ? row : this.#watch(row, row.externalName)));
    this.#setTimer();
    return { ...delta, upstreams };
  }

  /** Resolves when new names have their first answer, or have waited long enough; undefined: nothing to wait for. */
  whenAnswered(): Promise<void> | undefined {
    const waiting = Array.from(this.#watched.values(), ({ firstAnswer }) => firstAnswer).filter((answer) => answer !== undefined);
    if (waiting.length === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FIRST_ANSWER_MS);
    return Promise.race([promise, Promise.all(waiting).then(() => undefined)]).finally(() => clearTimeout(timer));
  }

  /** The delta with the addresses as they are known now. */
  fill(delta: ModelDelta): ModelDelta {
    if (!delta.upstreams.some((row) => row.externalName !== undefined)) return delta;
    return { ...delta, upstreams: delta.upstreams.map((row) => this.#watched.get(row.key)?.row ?? row) };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #watch(row: Upstream, { host, port }: { readonly host: string; readonly port: number }): Upstream {
    if (isIP(host) !== 0) {
      this.#watched.delete(row.key);
      return { ...row, endpoints: [{ address: host, port }] };
    }
    const known = this.#watched.get(row.key);
    const endpoints = known?.host === host ? known.row.endpoints.map(({ address }) => ({ address, port })) : [];
    const watched: Watched = { row: { ...row, endpoints }, host, isFailing: false, isResolving: false, firstAnswer: undefined };
    this.#watched.set(row.key, watched);
    const answer = this.#resolve(watched);
    if (endpoints.length === 0) watched.firstAnswer = answer.finally(() => (watched.firstAnswer = undefined));
    return watched.row;
  }

  #setTimer(): void {
    if (this.#watched.size === 0) {
      this.close();
      return;
    }
    this.#timer ??= setInterval(() => {
      for (const watched of this.#watched.values()) void this.#resolve(watched);
    }, RESOLVE_INTERVAL_MS).unref();
  }

  async #resolve(watched: Watched): Promise<void> {
    if (watched.isResolving) return;
    watched.isResolving = true;
    try {
      const addresses = await this.#deps.lookup(watched.host, this.#isIpv4Only ? 4 : 0);
      watched.isFailing = false;
      this.#take(watched, addresses);
    } catch (error) {
      if (!watched.isFailing && error instanceof Error) this.#deps.onError(watched.host, error);
      watched.isFailing = true;
    } finally {
      watched.isResolving = false;
    }
  }

  #take(watched: Watched, addresses: readonly string[]): void {
    const { row } = watched;
    if (this.#watched.get(row.key) !== watched || row.externalName === undefined) return;
    const { port, mayLeadBack } = row.externalName;
    // A name must not lead back to Portico's own ports (CVE-2021-32783); translation refuses the names that say so openly.
    const ports = mayLeadBack === true ? this.#deps.adminPorts : this.#deps.ownPorts;
    const usable = ports.includes(port) ? addresses.filter((address) => !isOwnAddress(address)) : addresses;
    const endpoints: readonly Endpoint[] = usable
      .toSorted()
      .slice(0, MAX_ADDRESSES)
      .map((address) => ({ address, port }));
    if (JSON.stringify(endpoints) === JSON.stringify(row.endpoints)) return;
    watched.row = { ...row, endpoints };
    this.#deps.onChange([watched.row]);
  }
}

/** Asks the resolver of the operating system. */
export async function lookupHost(host: string, family: 0 | 4): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, family });
  return found.map(({ address }) => address);
}

function isOwnAddress(address: string): boolean {
  const bare = unmapAddress(address);
  if (bare.startsWith('127.') || bare === '::1' || bare === '0.0.0.0' || bare === '::') return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((own) => own.address === bare));
}
