// Changes that were read and not handed over yet: of each object the newest, in the place of the first. Decides which of them may be handed
// over now. Invariants: an Ingress waits, for a bounded time, for the answer about what it newly refers to; and while it waits, no change
// behind it that concerns one of its hosts overtakes it, so that a host that goes from one Ingress to another is never without both. An Ingress
// that is not ours is not handed over at all, or is removed where an earlier version of it was ours.
import type { Ingress, KubernetesObject } from '../../resources/objects.ts';
import { objectKey } from '../../resources/objects.ts';
import type { ObjectBatch, ObjectRef } from '../../resources/store.ts';

export interface PendingChangesOptions {
  /** By object key, what was handed over. Kept up to date by `take`. */
  readonly served: Map<string, KubernetesObject>;
  readonly isOurs: (ingress: Ingress) => boolean;
  /** Whether there was an answer about everything that it refers to. */
  readonly isSettled: (ingress: Ingress) => boolean;
  /** The longest time that an Ingress waits for that. */
  readonly holdIngressMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

interface Change {
  /** Undefined: it was removed. */
  readonly object: KubernetesObject | undefined;
  readonly ref: ObjectRef;
  readonly sinceMs: number;
}

export interface TakenChanges {
  readonly changes: ObjectBatch;
  /** Ingresses that are not ours. */
  readonly foreign: readonly Ingress[];
  /** When to look again although nothing happens; Infinity: never. */
  readonly nextLookMs: number;
}

export class PendingChanges {
  readonly #options: PendingChangesOptions;
  readonly #changes = new Map<string, Change>();

  constructor(options: PendingChangesOptions) {
    this.#options = options;
  }

  /** By object key. */
  has(key: string): boolean {
    return this.#changes.has(key);
  }

  put(ref: ObjectRef, object: KubernetesObject | undefined): void {
    const key = objectKey(ref.kind, ref.namespace, ref.name);
    const sinceMs = this.#changes.get(key)?.sinceMs ?? this.#options.nowMs();
    this.#changes.set(key, { object, ref, sinceMs });
  }

  /** Takes out what may be handed over now. */
  take(): TakenChanges {
    const { served, isOurs, nowMs } = this.#options;
    const foreign: Ingress[] = [];
    const upserts: KubernetesObject[] = [];
    const removals: ObjectRef[] = [];
    const heldHosts = new Set<string>();
    const now = nowMs();
    let nextLookMs = Infinity;
    for (const [key, change] of this.#changes) {
      const { ref } = change;
      const isForeign = change.object?.kind === 'Ingress' && !isOurs(change.object);
      const object = isForeign ? undefined : change.object;
      const waitMs = this.#waitMs(change, now);
      if (waitMs > 0) nextLookMs = Math.min(nextLookMs, waitMs);
      if (waitMs > 0 || (heldHosts.size > 0 && this.#hostsOf(key, object).some((host) => heldHosts.has(host)))) {
        for (const host of this.#hostsOf(key, object)) heldHosts.add(host);
        continue;
      }
      this.#changes.delete(key);
      if (change.object?.kind === 'Ingress' && isForeign) foreign.push(change.object);
      if (object !== undefined) {
        upserts.push(object);
        served.set(key, object);
      } else if (served.delete(key)) removals.push(ref);
    }
    return { changes: { upserts, removals }, foreign, nextLookMs };
  }

  #waitMs({ object, sinceMs }: Change, now: number): number {
    const { isSettled, holdIngressMs } = this.#options;
    return object?.kind === 'Ingress' && !isSettled(object) ? sinceMs + holdIngressMs - now : 0;
  }

  /** As it is served and as it will be; none for other kinds. */
  #hostsOf(key: string, object: KubernetesObject | undefined): readonly string[] {
    return [this.#options.served.get(key), object].flatMap((version) =>
      version?.kind === 'Ingress' ? version.spec.rules.map(({ host }) => host) : [],
    );
  }
}
