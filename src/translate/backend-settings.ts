// What Ingresses say about a Service port as a whole, whichever host or path refers to it: how it is reached and balanced. The oldest
// Ingress that refers to it decides; affinity comes from the oldest that asks for it (ingress-nginx: `createUpstreams`).
import type { CookieAffinity } from '../model/policies/cookie-affinity.ts';
import type { LoadBalancing } from '../model/policies/load-balancing.ts';
import type { Ingress } from '../resources/objects.ts';
import { compareIngressAge } from '../resources/snapshot.ts';

export interface BackendSettings {
  /** `cluster-ip`: the address of the Service instead of its endpoints (annotation `service-upstream`). */
  readonly via: 'endpoints' | 'cluster-ip';
  readonly affinity?: CookieAffinity;
  readonly loadBalancing?: LoadBalancing;
}

export const PLAIN_SETTINGS: BackendSettings = { via: 'endpoints' };

/** An Ingress that refers to the Service port. */
export interface BackendUser {
  readonly ingress: Ingress;
  readonly backend: BackendSettings;
}

/** All users of one Service port, with the number of times that they refer to it. Nearly all have one user. */
export class BackendUsers {
  #counts: Map<BackendUser, number> | undefined;
  #single: BackendUser | undefined;
  #singleCount = 0;
  /** Of `#counts`; undefined where it is to be looked for. */
  #deciding: Deciding | undefined;

  get isEmpty(): boolean {
    return this.#singleCount === 0 && this.#counts === undefined;
  }

  /** Takes time proportional to the users after one of those who decide is gone. */
  get settings(): BackendSettings {
    if (this.#counts === undefined) return this.#single?.backend ?? PLAIN_SETTINGS;
    this.#deciding ??= findDeciding(this.#counts.keys());
    const { oldest, sticky } = this.#deciding;
    const settings = oldest?.backend ?? PLAIN_SETTINGS;
    const affinity = sticky?.backend.affinity;
    return affinity === undefined || affinity === settings.affinity ? settings : { ...settings, affinity };
  }

  add(user: BackendUser): void {
    if (this.#counts === undefined && (this.#singleCount === 0 || this.#single === user)) {
      this.#single = user;
      this.#singleCount++;
      return;
    }
    this.#counts ??= this.#single === undefined ? new Map() : new Map([[this.#single, this.#singleCount]]);
    this.#single = undefined;
    this.#singleCount = 0;
    const count = this.#counts.get(user) ?? 0;
    this.#counts.set(user, count + 1);
    if (count === 0 && this.#deciding !== undefined) addDeciding(this.#deciding, user);
  }

  remove(user: BackendUser): void {
    if (this.#single === user) {
      if (--this.#singleCount > 0) return;
      this.#single = undefined;
      return;
    }
    const count = this.#counts?.get(user) ?? 0;
    if (count > 1) this.#counts?.set(user, count - 1);
    else if (count === 1) {
      this.#counts?.delete(user);
      if (user === this.#deciding?.oldest || user === this.#deciding?.sticky) this.#deciding = undefined;
      if (this.#counts?.size === 0) this.#counts = undefined;
    }
  }
}

interface Deciding {
  oldest: BackendUser | undefined;
  /** The oldest that asks for affinity. */
  sticky: BackendUser | undefined;
}

function findDeciding(users: Iterable<BackendUser>): Deciding {
  const deciding: Deciding = { oldest: undefined, sticky: undefined };
  for (const user of users) addDeciding(deciding, user);
  return deciding;
}

function addDeciding(deciding: Deciding, user: BackendUser): void {
  if (isOlder(user, deciding.oldest)) deciding.oldest = user;
  if (user.backend.affinity !== undefined && isOlder(user, deciding.sticky)) deciding.sticky = user;
}

function isOlder(user: BackendUser, other: BackendUser | undefined): boolean {
  return other === undefined || compareIngressAge(user.ingress, other.ingress) < 0;
}
