// All virtual hosts as they were translated last, with the indexes from Secrets and wildcard hosts to the hosts that depend on them.
// Invariants: host `_` always exists; any other host exists while an Ingress that is no canary names it.
import { isDeepStrictEqual } from 'node:util';
import { CATCH_ALL_HOST, hostName } from '../model/route.ts';
import type { HostName, VirtualHost } from '../model/route.ts';
import { compareIngressAge } from '../resources/snapshot.ts';
import type { Finding } from './finding.ts';
import { attachCanaries } from './ingress/canaries.ts';
import type { ServedIngress } from './ingress/served-ingress.ts';
import { translateHost } from './ingress/translate-host.ts';
import type { HostContext, HostTranslation } from './ingress/translate-host.ts';
import { MultiMap } from './multi-map.ts';
import type { ObjectName } from './options.ts';

interface HostEntry {
  /** Oldest first. */
  readonly ingresses: ServedIngress[];
  translation: HostTranslation | undefined;
}

export interface HostChange {
  readonly name: HostName;
  readonly before: HostTranslation | undefined;
  readonly after: HostTranslation | undefined;
  /** The row to publish; undefined where it is as before or gone. */
  readonly row: VirtualHost | undefined;
}

export class HostTable {
  readonly #entries = new Map<HostName, HostEntry>([[CATCH_ALL_HOST, { ingresses: [], translation: undefined }]]);
  /** Canaries by the hosts that they name, oldest first; they make no host by themselves. */
  readonly #canaries = new Map<HostName, ServedIngress[]>();
  readonly #dirty = new Set<HostName>([CATCH_ALL_HOST]);
  readonly #bySecret = new MultiMap<string, HostName>();
  /** From a wildcard host, which need not exist, to the hosts one label below it. */
  readonly #byWildcard = new MultiMap<HostName, HostName>();
  /** The same for the aliases of hosts. */
  readonly #byWildcardOfAlias = new MultiMap<HostName, HostName>();

  /** What there is to say about canaries of hosts that no other Ingress names. */
  *lonelyCanaryFindings(): Iterable<Finding> {
    for (const [name, canaries] of this.#canaries) {
      if (this.#entries.has(name)) continue;
      yield* attachCanaries({ name, ingresses: [], canaries, routes: new Map(), transportOf: () => ({ kind: 'plain' }) }).findings;
    }
  }

  get(name: HostName): HostTranslation | undefined {
    return this.#entries.get(name)?.translation;
  }

  /** Those that name the host, without canaries, oldest first. */
  ingressesOf(name: HostName): readonly ServedIngress[] {
    return this.#entries.get(name)?.ingresses ?? [];
  }

  /** Whether an Ingress names the host, or it is the catch-all. */
  has(name: HostName): boolean {
    return this.#entries.has(name);
  }

  markAll(): void {
    for (const name of this.#entries.keys()) this.#dirty.add(name);
  }

  markSecret(namespace: string, name: string): void {
    for (const host of this.#bySecret.get(secretKey({ namespace, name }))) this.#dirty.add(host);
  }

  /** Takes an Ingress into its hosts, or out of them. */
  replaceIngress(before: ServedIngress | undefined, after: ServedIngress | undefined): void {
    for (const name of before?.hosts ?? []) this.#removeIngress(name, before);
    for (const name of after?.hosts ?? []) this.#addIngress(name, after);
  }

  /** Translates every host that was marked, wildcard hosts first, since their TLS decides about redirects of the hosts below. */
  translateMarked(context: HostContext): readonly HostChange[] {
    const changes = new Map<HostName, HostChange>();
    for (const name of this.#dirty) {
      if (!name.startsWith('*.')) continue;
      this.#dirty.delete(name);
      const change = this.#translate(name, context);
      // A wildcard host with an alias below another one may be translated twice.
      changes.set(name, joinChanges(changes.get(name), change));
      if (hasTls(change.before) === hasTls(change.after)) continue;
      for (const child of this.#byWildcard.get(name)) this.#dirty.add(child);
      for (const child of this.#byWildcardOfAlias.get(name)) this.#dirty.add(child);
    }
    for (const name of this.#dirty) changes.set(name, this.#translate(name, context));
    this.#dirty.clear();
    return [...changes.values()];
  }

  #translate(name: HostName, context: HostContext): HostChange {
    const entry = this.#entries.get(name);
    const before = entry?.translation;
    if (entry === undefined) return { name, before, after: undefined, row: undefined };
    for (const wildcard of wildcardsOfAliases(before)) this.#byWildcardOfAlias.delete(wildcard, name);
    for (const secret of before?.secrets ?? []) this.#bySecret.delete(secretKey(secret), name);
    if (entry.ingresses.length === 0 && name !== CATCH_ALL_HOST) {
      this.#remove(name);
      return { name, before, after: undefined, row: undefined };
    }
    const hasWildcardTls = (asked: HostName): boolean => {
      const wildcard = wildcardAbove(asked);
      return wildcard !== undefined && hasTls(this.get(wildcard));
    };
    const after = translateHost({ name, ingresses: entry.ingresses, canaries: this.#canaries.get(name) ?? [], hasWildcardTls }, context);
    for (const wildcard of wildcardsOfAliases(after)) this.#byWildcardOfAlias.add(wildcard, name);
    for (const secret of after.secrets) this.#bySecret.add(secretKey(secret), name);
    entry.translation = after;
    return { name, before, after, row: isDeepStrictEqual(before?.row, after.row) ? undefined : after.row };
  }

  #addIngress(name: HostName, served: ServedIngress | undefined): void {
    if (served === undefined) return;
    this.#dirty.add(name);
    if (served.canary !== undefined) return this.#addCanary(name, served);
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { ingresses: [], translation: undefined };
      this.#entries.set(name, entry);
      const wildcard = wildcardAbove(name);
      if (wildcard !== undefined) this.#byWildcard.add(wildcard, name);
    }
    entry.ingresses.splice(placeByAge(entry.ingresses, served), 0, served);
  }

  #addCanary(name: HostName, served: ServedIngress): void {
    const canaries = this.#canaries.get(name) ?? [];
    canaries.splice(placeByAge(canaries, served), 0, served);
    this.#canaries.set(name, canaries);
  }

  #removeIngress(name: HostName, served: ServedIngress | undefined): void {
    const isCanary = served?.canary !== undefined;
    const ingresses = (isCanary ? this.#canaries.get(name) : this.#entries.get(name)?.ingresses) ?? [];
    const index = ingresses.findIndex((other) => other === served);
    if (index !== -1) ingresses.splice(index, 1);
    if (isCanary && ingresses.length === 0) this.#canaries.delete(name);
    this.#dirty.add(name);
  }

  #remove(name: HostName): void {
    this.#entries.delete(name);
    const wildcard = wildcardAbove(name);
    if (wildcard !== undefined) this.#byWildcard.delete(wildcard, name);
  }
}

/** One change from two of the same host. */
function joinChanges(first: HostChange | undefined, second: HostChange): HostChange {
  if (first === undefined) return second;
  return { ...second, before: first.before, row: second.after === undefined ? undefined : (second.row ?? first.row) };
}

function wildcardsOfAliases(translation: HostTranslation | undefined): readonly HostName[] {
  return (translation?.derived ?? []).flatMap(({ name, aliasOf }) => (aliasOf === undefined ? [] : (wildcardAbove(name) ?? [])));
}

function hasTls(translation: HostTranslation | undefined): boolean {
  return translation !== undefined && translation.row.tls.kind !== 'none';
}

/** `*.foo.com` for `a.foo.com`; undefined for wildcard hosts, `_` and single labels. */
function wildcardAbove(name: HostName): HostName | undefined {
  const dot = name.indexOf('.');
  return dot === -1 || name.startsWith('*.') ? undefined : hostName(`*${name.slice(dot)}`);
}

function secretKey({ namespace, name }: ObjectName): string {
  return `${namespace}\0${name}`;
}

/** Index at which a list that is sorted by age stays sorted (binary search). */
function placeByAge(ingresses: readonly ServedIngress[], served: ServedIngress): number {
  let low = 0;
  let high = ingresses.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = ingresses[middle];
    if (other !== undefined && compareIngressAge(other.ingress, served.ingress) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
