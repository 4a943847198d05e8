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
  #settings: BackendSettings | undefined;

  get isEmpty(): boolean {
    return this.#singleCount === 0 && this.#counts === undefined;
  }

  /** Worked out when it is asked for after a change, in time proportional to the users. */
  get settings(): BackendSettings {
    return (this.#settings ??= this.#combine());
  }

  add(user: BackendUser): void {
    if (this.#counts === undefined && (this.#singleCount === 0 || this.#single === user)) {
      if (this.#singleCount === 0) this.#settings = undefined;
      this.#single = user;
      this.#singleCount++;
      return;
    }
    this.#counts ??= this.#single === undefined ? new Map() : new Map([[this.#single, this.#singleCount]]);
    this.#single = undefined;
    this.#singleCount = 0;
    const count = this.#counts.get(user) ?? 0;
    this.#counts.set(user, count + 1);
    if (count === 0) this.#settings = undefined;
  }

  remove(user: BackendUser): void {
    if (this.#single === user) {
      if (--this.#singleCount > 0) return;
      this.#single = undefined;
      this.#settings = undefined;
      return;
    }
    const count = this.#counts?.get(user) ?? 0;
    if (count > 1) this.#counts?.set(user, count - 1);
    else if (count === 1) {
      this.#counts?.delete(user);
      this.#settings = undefined;
      if (this.#counts?.size === 0) this.#counts = undefined;
    }
  }

  #combine(): BackendSettings {
    if (this.#counts === undefined) return this.#single?.backend ?? PLAIN_SETTINGS;
    let oldest: BackendUser | undefined;
    let sticky: BackendUser | undefined;
    for (const user of this.#counts.keys()) {
      if (isOlder(user, oldest)) oldest = user;
      if (user.backend.affinity !== undefined && isOlder(user, sticky)) sticky = user;
    }
    const settings = oldest?.backend ?? PLAIN_SETTINGS;
    const affinity = sticky?.backend.affinity;
    return affinity === undefined || affinity === settings.affinity ? settings : { ...settings, affinity };
  }
}

function isOlder(user: BackendUser, other: BackendUser | undefined): boolean {
  return other === undefined || compareIngressAge(user.ingress, other.ingress) < 0;
}
