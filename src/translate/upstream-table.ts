// All upstreams that some host refers to, with the index from Services to them. A row is translated when it is new or when its Service
// or one of the Service's EndpointSlices changed, and goes when the last host that refers to it goes.
import { isDeepStrictEqual } from 'node:util';
import type { HostName } from '../model/route.ts';
import type { Upstream, UpstreamKey } from '../model/upstream.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { BackendUsers, PLAIN_SETTINGS } from './backend-settings.ts';
import type { BackendSettings } from './backend-settings.ts';
import type { UpstreamUse } from './ingress/upstream-use.ts';
import { MultiMap } from './multi-map.ts';
import { translateUpstream } from './upstream.ts';
import type { UpstreamOptions, UpstreamProblem, UpstreamRef, UpstreamTranslation } from './upstream.ts';

interface UpstreamEntry {
  readonly ref: UpstreamRef;
  settings: BackendSettings;
  translation: UpstreamTranslation | undefined;
}

export interface UpstreamChanges {
  readonly upstreams: readonly Upstream[];
  readonly removedUpstreams: readonly UpstreamKey[];
}

export class UpstreamTable {
  readonly #entries = new Map<UpstreamKey, UpstreamEntry>();
  readonly #hosts = new MultiMap<UpstreamKey, HostName>();
  readonly #byService = new MultiMap<string, UpstreamKey>();
  readonly #byBackend = new MultiMap<UpstreamKey, UpstreamKey>();
  /** By Service port, whatever is spoken with it. Only those that Ingresses refer to, not flags. */
  readonly #users = new Map<UpstreamKey, BackendUsers>();
  readonly #changedUsers = new Set<UpstreamKey>();
  /** Translated again, or removed where no host refers to it any more. */
  readonly #dirty = new Set<UpstreamKey>();
  /** Since the last `takeTouched`. */
  #touched = new Set<UpstreamKey>();

  /** Those that were translated, or whose hosts were, since the last call. */
  takeTouched(): Iterable<UpstreamKey> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** Why it has no endpoints. */
  problemOf(key: UpstreamKey): UpstreamProblem | undefined {
    return this.#entries.get(key)?.translation?.problem;
  }

  /** Those that refer to it. */
  hostsOf(key: UpstreamKey): Iterable<HostName> {
    return this.#hosts.get(key);
  }

  markAll(): void {
    for (const key of this.#entries.keys()) this.#dirty.add(key);
  }

  markService(namespace: string, service: string): void {
    for (const key of this.#byService.get(serviceKey({ namespace, service }))) this.#dirty.add(key);
  }

  /** Counts what a host refers to now instead of before. */
  replaceUses(host: HostName, before: readonly UpstreamUse[], after: readonly UpstreamUse[]): void {
    const kept = new Set<UpstreamKey>();
    for (const { ref } of after) {
      kept.add(ref.key);
      this.#touched.add(ref.key);
      this.#ensure(ref);
      this.#hosts.add(ref.key, host);
    }
    for (const { ref } of before) {
      this.#touched.add(ref.key);
      if (kept.has(ref.key)) continue;
      if (this.#hosts.delete(ref.key, host) && !this.#hosts.has(ref.key)) this.#dirty.add(ref.key);
    }
    for (const { ref, user } of after) if (user !== undefined) this.#usersOf(ref.backend).add(user);
    for (const { ref, user } of before) if (user !== undefined) this.#usersOf(ref.backend).remove(user);
  }

  #usersOf(backend: UpstreamKey): BackendUsers {
    let users = this.#users.get(backend);
    if (users === undefined) this.#users.set(backend, (users = new BackendUsers()));
    this.#changedUsers.add(backend);
    return users;
  }

  /** Other users may mean other settings, for everything that is spoken with the Service port. */
  #markChangedUsers(): void {
    for (const backend of this.#changedUsers) {
      if (this.#users.get(backend)?.isEmpty === true) this.#users.delete(backend);
      const settings = this.#settingsOf(backend);
      for (const key of this.#byBackend.get(backend)) {
        const entry = this.#entries.get(key);
        if (entry !== undefined && !isDeepStrictEqual(entry.settings, settings)) this.#dirty.add(key);
      }
    }
    this.#changedUsers.clear();
  }

  #settingsOf(backend: UpstreamKey): BackendSettings {
    return this.#users.get(backend)?.settings ?? PLAIN_SETTINGS;
  }

  translateMarked(snapshot: Snapshot, options: UpstreamOptions): UpstreamChanges {
    this.#markChangedUsers();
    const upstreams: Upstream[] = [];
    const removedUpstreams: UpstreamKey[] = [];
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#touched.add(key);
      const before = entry.translation;
      if (!this.#hosts.has(key)) {
        this.#entries.delete(key);
        this.#byService.delete(serviceKey(entry.ref), key);
        this.#byBackend.delete(entry.ref.backend, key);
        if (before !== undefined) removedUpstreams.push(key);
        continue;
      }
      entry.settings = this.#settingsOf(entry.ref.backend);
      const after = translateUpstream(entry, snapshot, options);
      entry.translation = after;
      if (!isDeepStrictEqual(before?.row, after.row)) upstreams.push(after.row);
    }
    this.#dirty.clear();
    return { upstreams, removedUpstreams };
  }

  #ensure(ref: UpstreamRef): void {
    if (this.#entries.has(ref.key)) return;
    this.#entries.set(ref.key, { ref, settings: PLAIN_SETTINGS, translation: undefined });
    this.#byService.add(serviceKey(ref), ref.key);
    this.#byBackend.add(ref.backend, ref.key);
    this.#dirty.add(ref.key);
  }
}

/** Joined, because a template makes a tree of strings that maps would keep. */
function serviceKey({ namespace, service }: { readonly namespace: string; readonly service: string }): string {
  return [namespace, service].join('\0');
}
