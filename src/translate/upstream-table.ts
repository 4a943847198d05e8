// All upstreams that some host refers to, with the index from Services to them. A row is translated when it is new or when its Service
// or one of the Service's EndpointSlices changed, and goes when the last host that refers to it goes.
import { isDeepStrictEqual } from 'node:util';
import type { HostName } from '../model/route.ts';
import type { Upstream, UpstreamKey } from '../model/upstream.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { UpstreamUse } from './ingress/translate-host.ts';
import { MultiMap } from './multi-map.ts';
import { translateUpstream } from './upstream.ts';
import type { UpstreamProblem, UpstreamRef, UpstreamTranslation } from './upstream.ts';

interface UpstreamEntry {
  readonly ref: UpstreamRef;
  readonly hosts: Set<HostName>;
  translation: UpstreamTranslation | undefined;
}

export interface UpstreamChanges {
  readonly upstreams: readonly Upstream[];
  readonly removedUpstreams: readonly UpstreamKey[];
}

export class UpstreamTable {
  readonly #entries = new Map<UpstreamKey, UpstreamEntry>();
  readonly #byService = new MultiMap<string, UpstreamKey>();
  /** Translated again, or removed where no host refers to it any more. */
  readonly #dirty = new Set<UpstreamKey>();

  problemOf(key: UpstreamKey): UpstreamProblem | undefined {
    return this.#entries.get(key)?.translation?.problem;
  }

  markAll(): void {
    for (const key of this.#entries.keys()) this.#dirty.add(key);
  }

  markService(namespace: string, service: string): void {
    for (const key of this.#byService.get(`${namespace}\0${service}`)) this.#dirty.add(key);
  }

  /** Counts what a host refers to now instead of before. */
  replaceUses(host: HostName, before: readonly UpstreamUse[], after: readonly UpstreamUse[]): void {
    const kept = new Set<UpstreamKey>();
    for (const { ref } of after) {
      kept.add(ref.key);
      this.#ensure(ref).hosts.add(host);
    }
    for (const { ref } of before) {
      if (kept.has(ref.key)) continue;
      const entry = this.#entries.get(ref.key);
      if (entry?.hosts.delete(host) === true && entry.hosts.size === 0) this.#dirty.add(ref.key);
    }
  }

  translateMarked(snapshot: Snapshot, disableExternalName: boolean): UpstreamChanges {
    const upstreams: Upstream[] = [];
    const removedUpstreams: UpstreamKey[] = [];
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      const before = entry.translation;
      if (entry.hosts.size === 0) {
        this.#entries.delete(key);
        this.#byService.delete(`${entry.ref.namespace}\0${entry.ref.service}`, key);
        if (before !== undefined) removedUpstreams.push(key);
        continue;
      }
      const after = translateUpstream(entry.ref, snapshot, disableExternalName);
      entry.translation = after;
      if (!isDeepStrictEqual(before?.row, after.row)) upstreams.push(after.row);
    }
    this.#dirty.clear();
    return { upstreams, removedUpstreams };
  }

  #ensure(ref: UpstreamRef): UpstreamEntry {
    let entry = this.#entries.get(ref.key);
    if (entry === undefined) {
      entry = { ref, hosts: new Set(), translation: undefined };
      this.#entries.set(ref.key, entry);
      this.#byService.add(`${ref.namespace}\0${ref.service}`, ref.key);
      this.#dirty.add(ref.key);
    }
    return entry;
  }
}
