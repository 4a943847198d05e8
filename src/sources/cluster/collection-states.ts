// The collections of one source that are watched whole: how far each of them is, and which of them there is no right to read. A kind that
// some Ingress can be served without is not waited for where the right to it is missing: where it was refused after the others could be
// read, since an API server that has just started refuses everything for a moment.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Kind, KubernetesObject } from '../../resources/objects.ts';
import { type ApiError, formatApiError } from './api-error.ts';
import type { ObjectMirror } from './object-mirror.ts';

interface Watched {
  readonly mirror: ObjectMirror;
  readonly isRequired: boolean;
  state: 'unknown' | 'listed' | 'forbidden';
  /** Since all that are required were listed. */
  refusals: number;
}

/** After so many refusals a right is missing, and not only for a moment. */
const REFUSALS = 2;
const REQUIRED: ReadonlySet<Kind> = new Set<Kind>(['Ingress', 'Service', 'EndpointSlice']);

export class CollectionStates {
  readonly #watched = new Map<string, Watched>();
  /** By name of what is watched or fetched. */
  readonly #forbidden = new Map<string, ApiError>();
  #forbiddenRevision = 0;

  /** True: each was listed, or there is no right to it and it is not required. */
  get isComplete(): boolean {
    for (const { state, isRequired, refusals } of this.#watched.values())
      if (state === 'unknown' || (state === 'forbidden' && (isRequired || refusals < REFUSALS))) return false;
    return true;
  }

  get areRequiredListed(): boolean {
    return [...this.#watched.values()].every(({ state, isRequired }) => state === 'listed' || !isRequired);
  }

  /** Another one means other diagnostics. */
  get revision(): number {
    let revision = this.#forbiddenRevision;
    for (const { mirror } of this.#watched.values()) revision += mirror.revision;
    return revision;
  }

  /** `name`: tells it from the others, and is shown. */
  add(name: string, mirror: ObjectMirror): void {
    this.#watched.set(name, { mirror, isRequired: REQUIRED.has(mirror.kind), state: 'unknown', refusals: 0 });
  }

  /** A list is complete. True: with it, all that are required were listed. */
  noteListed(name: string): boolean {
    const watched = this.#watched.get(name);
    if (watched === undefined) return false;
    const wasListed = watched.state === 'listed';
    watched.state = 'listed';
    return watched.isRequired && !wasListed && this.areRequiredListed;
  }

  /** Once more there was no right to it. False: that does not count (yet). */
  countRefusal(name: string): boolean {
    const watched = this.#watched.get(name);
    if (watched === undefined || !this.areRequiredListed) return false;
    watched.refusals++;
    return true;
  }

  /** There is no right to it, and not only for a moment. */
  forbid(name: string, error: ApiError): void {
    this.#forbidden.set(name, error);
    this.#forbiddenRevision++;
    const watched = this.#watched.get(name);
    if (watched?.state === 'unknown') watched.state = 'forbidden';
  }

  allow(name: string): void {
    if (this.#forbidden.delete(name)) this.#forbiddenRevision++;
  }

  mirrorsOf(kind: Kind): readonly ObjectMirror[] {
    return [...this.#watched.values()].flatMap(({ mirror }) => (mirror.kind === kind ? [mirror] : []));
  }

  /** The mirror that would list the object, as long as it has listed nothing itself. */
  findUnlisted(object: KubernetesObject): ObjectMirror | undefined {
    const owner = [...this.#watched.values()].find(({ mirror }) => mirror.owns(object));
    return owner?.state === 'listed' ? undefined : owner?.mirror;
  }

  *diagnostics(): Iterable<Diagnostic> {
    for (const { mirror } of this.#watched.values()) yield* mirror.diagnostics();
    for (const [name, error] of this.#forbidden) {
      const origin = { kind: 'Cluster', namespace: '', name };
      yield diagnostic('PRT-READ-8', `${formatApiError(error)}; what was read before keeps serving`, origin);
    }
  }
}
