// What was written to the API server, object by object, oldest first, and which part of it each replica may still serve. Invariants: a
// version is never changed once written; the floor of a view only rises, and the first version of every object is "not there".

export type Kind = 'ingress' | 'service' | 'slice' | 'secret';

export interface IngressState {
  readonly service: string;
  /** Sent to the backend as the host, so that an answer tells which version it is from. */
  readonly marker: string;
  readonly secret: string | undefined;
}

/** Undefined: the object is not there. */
export interface States {
  readonly ingress: IngressState | undefined;
  readonly service: true | undefined;
  /** Names of the backends. */
  readonly slice: readonly string[] | undefined;
  /** Common name of the certificate. */
  readonly secret: string | undefined;
}

/** What floors are for: the versions of objects, and of Ingresses whose certificate was shown. */
type Floored = Kind | 'shown';

type Versions = { readonly [K in Kind]: Map<string, States[K][]> };

export class History {
  readonly #versions: Versions = { ingress: new Map(), service: new Map(), slice: new Map(), secret: new Map() };
  readonly #nowMs: () => number;
  readonly #writtenMs = new WeakMap<object, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Writes down a version, just before it is written to the API server. */
  write<K extends Kind>(kind: K, name: string, state: States[K]): void {
    this.#of(kind, name).push(state);
    if (typeof state === 'object') this.#writtenMs.set(state, this.#nowMs());
  }

  /** How long ago it was written. */
  ageMs(state: IngressState): number {
    return this.#nowMs() - (this.#writtenMs.get(state) ?? -Infinity);
  }

  newest(kind: Kind, name: string): number {
    return this.#of(kind, name).length - 1;
  }

  state<K extends Kind>(kind: K, name: string, version: number): States[K] | undefined {
    return this.#of(kind, name)[version];
  }

  names(kind: Kind): readonly string[] {
    return [...this.#versions[kind].keys()];
  }

  #of<K extends Kind>(kind: K, name: string): States[K][] {
    const ofKind: Map<string, States[K][]> = this.#versions[kind];
    let versions = ofKind.get(name);
    if (versions === undefined) ofKind.set(name, (versions = [undefined]));
    return versions;
  }
}

/** What one process of Portico is known to have live: the oldest version of each object that it may still serve. */
export class View {
  readonly #floors = new Map<string, number>();
  readonly #workers: number;

  constructor(workers: number) {
    this.#workers = workers;
  }

  floor(kind: Floored, name: string): number {
    return this.#floors.get(`${kind}/${name}`) ?? 0;
  }

  /** An answer came from this version. Of several workers, each may be behind the one that answered. */
  learn(kind: Floored, name: string, version: number): void {
    if (this.#workers === 1) this.raise(kind, name, version);
  }

  /** It serves this version or a later one. */
  raise(kind: Floored, name: string, version: number): void {
    if (version > this.floor(kind, name)) this.#floors.set(`${kind}/${name}`, version);
  }

  /** Floors as they are now, for a request that begins now. */
  snapshot(): ReadonlyMap<string, number> {
    return new Map(this.#floors);
  }
}

export type Floors = ReadonlyMap<string, number>;

/** Versions of an object that a request may have met: from its floor when the request began to the newest now, when it has ended. */
export function* versionsBetween<K extends Kind>(
  history: History,
  floors: Floors,
  kind: K,
  name: string,
): Generator<{ readonly version: number; readonly state: States[K] | undefined }> {
  const newest = history.newest(kind, name);
  for (let version = floors.get(`${kind}/${name}`) ?? 0; version <= newest; version++) {
    yield { version, state: history.state(kind, name, version) };
  }
}

/** Everything that is written now, or was before: a process that begins now reads this or something newer. */
export function newestOfAll(history: History): { readonly kind: Kind; readonly name: string; readonly version: number }[] {
  const kinds: readonly Kind[] = ['ingress', 'service', 'slice', 'secret'];
  return kinds.flatMap((kind) => history.names(kind).map((name) => ({ kind, name, version: history.newest(kind, name) })));
}
