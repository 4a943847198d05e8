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
  /** Translated again, or removed where no host refers to it any more. */
  readonly #dirty = new Set<UpstreamKey>();

  problemOf(key: UpstreamKey): UpstreamProblem | undefined {
    return this.#entries.get(key)?.translation?.problem;
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
      this.#ensure(ref);
      this.#hosts.add(ref.key, host);
    }
    for (const { ref } of before) {
      if (kept.has(ref.key)) continue;
      if (this.#hosts.delete(ref.key, host) && !this.#hosts.has(ref.key)) this.#dirty.add(ref.key);
    }
  }

  translateMarked(snapshot: Snapshot, disableExternalName: boolean): UpstreamChanges {
    const upstreams: Upstream[] = [];
    const removedUpstreams: UpstreamKey[] = [];
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      const before = entry.translation;
      if (!this.#hosts.has(key)) {
        this.#entries.delete(key);
        this.#byService.delete(serviceKey(entry.ref), key);
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

  #ensure(ref: UpstreamRef): void {
    if (this.#entries.has(ref.key)) return;
    this.#entries.set(ref.key, { ref, translation: undefined });
    this.#byService.add(serviceKey(ref), ref.key);
    this.#dirty.add(ref.key);
  }
}

/** Joined, because a template makes a tree of strings that maps would keep. */
function serviceKey({ namespace, service }: { readonly namespace: string; readonly service: string }): string {
  return [namespace, service].join('\0');
}
