// Which derived rows count: a rule's host goes before a redirect of `from-to-www-redirect`, that before aliases, and of several aliases that
// of the first host by name, as in ingress-nginx's configuration.
// Invariant: a name has a row here only while no Ingress names it, and it is the row that its claimants' translations say.
import { isDeepStrictEqual } from 'node:util';
import type { HostName, VirtualHost } from '../model/route.ts';
import { annotationField, finding } from './finding.ts';
import type { Finding } from './finding.ts';
import type { HostChange, HostTable } from './host-table.ts';
import { aliasOwner, wwwRedirectOwner } from './ingress/derived-rows.ts';
import { MultiMap } from './multi-map.ts';

export interface DerivedChanges {
  readonly rows: readonly VirtualHost[];
  /** Names that nothing stands for any more. */
  readonly removed: readonly HostName[];
}

export class DerivedHosts {
  readonly #hosts: HostTable;
  readonly #rows = new Map<HostName, VirtualHost>();
  /** From a derived name to the hosts that claim it. */
  readonly #claimants = new MultiMap<HostName, HostName>();
  /** Hosts that claim names. */
  readonly #claiming = new Set<HostName>();
  readonly #prefix: string;

  /** `prefix`: of annotations, without the slash. */
  constructor(hosts: HostTable, prefix: string) {
    this.#hosts = hosts;
    this.#prefix = prefix;
  }

  /** `changes`: all that was translated since the last call. */
  update(changes: readonly HostChange[]): DerivedChanges {
    const affected = new Set<HostName>();
    for (const { name, before, after } of changes) {
      affected.add(name);
      if (after === undefined || after.derived.length === 0) this.#claiming.delete(name);
      else this.#claiming.add(name);
      for (const { name: derived } of before?.derived ?? []) {
        this.#claimants.delete(derived, name);
        affected.add(derived);
      }
      for (const { name: derived } of after?.derived ?? []) {
        this.#claimants.add(derived, name);
        affected.add(derived);
      }
    }
    const rows: VirtualHost[] = [];
    const removed: HostName[] = [];
    for (const name of affected) {
      const before = this.#rows.get(name);
      const after = this.#decide(name);
      if (after === undefined) this.#rows.delete(name);
      else this.#rows.set(name, after);
      if (after !== undefined && !isDeepStrictEqual(before, after)) rows.push(after);
      else if (before !== undefined && after === undefined && !this.#hosts.has(name)) removed.push(name);
    }
    return { rows, removed };
  }

  /** What claims in vain. */
  *findings(): Iterable<Finding> {
    for (const name of this.#claiming) {
      const translation = this.#hosts.get(name);
      if (translation === undefined) continue;
      const { row, ingresses, derived } = translation;
      for (const claimed of derived) {
        const winner = this.#rows.get(claimed.name);
        if (winner !== undefined && isSameClaim(winner, claimed)) continue;
        const isAlias = claimed.aliasOf !== undefined;
        const owner = isAlias ? aliasOwner(ingresses) : wwwRedirectOwner(ingresses);
        if (owner === undefined) continue;
        const field = annotationField(`${this.#prefix}/${isAlias ? 'server-alias' : 'from-to-www-redirect'}`);
        const code = isAlias ? 'PRT-HOST-1' : 'PRT-HOST-2';
        yield finding(code, describeLoss(claimed, winner, row.name), owner.ingress, field);
      }
    }
  }

  #decide(name: HostName): VirtualHost | undefined {
    if (this.#hosts.has(name)) return undefined;
    let best: VirtualHost | undefined;
    for (const claimant of this.#claimants.get(name)) {
      for (const row of this.#hosts.get(claimant)?.derived ?? []) {
        if (row.name === name && (best === undefined || goesBefore(row, best))) best = row;
      }
    }
    return best;
  }
}

/** Redirects have no `aliasOf`. */
function goesBefore(row: VirtualHost, other: VirtualHost): boolean {
  if (row.aliasOf === undefined || other.aliasOf === undefined) return row.aliasOf === undefined;
  return row.aliasOf < other.aliasOf;
}

function isSameClaim(winner: VirtualHost, claimed: VirtualHost): boolean {
  return winner.aliasOf === claimed.aliasOf;
}

function describeLoss(claimed: VirtualHost, winner: VirtualHost | undefined, host: HostName): string {
  if (claimed.aliasOf === undefined) return `a rule has the host ${claimed.name}, so it is not redirected to ${host}`;
  const reason =
    winner === undefined
      ? 'is the host of a rule'
      : winner.aliasOf === undefined
        ? 'is redirected because of from-to-www-redirect'
        : `is an alias of ${winner.aliasOf} already`;
  return `the alias ${claimed.name} ${reason} and is no alias of ${host}`;
}
