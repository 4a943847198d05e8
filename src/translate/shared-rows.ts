// Rows that hosts refer to by key (certificates, trust of backends): published while some host refers to them and not longer, for private
// keys go no further than needed.
import { isDeepStrictEqual } from 'node:util';
import type { HostName } from '../model/route.ts';

interface Entry<Row> {
  readonly hosts: Set<HostName>;
  row: Row | undefined;
  published: Row | undefined;
}

export interface RowChanges<Key, Row> {
  readonly rows: readonly Row[];
  readonly removed: readonly Key[];
}

export class SharedRows<Key extends string, Row extends { readonly key: Key }> {
  readonly #entries = new Map<Key, Entry<Row>>();
  readonly #dirty = new Set<Key>();

  /** Those that are published. */
  *rows(): Iterable<Row> {
    for (const { published } of this.#entries.values()) if (published !== undefined) yield published;
  }

  /** Counts what a host refers to now instead of before. Rows of one key must be the same for all hosts. */
  replaceUses(host: HostName, before: readonly Row[], after: readonly Row[]): void {
    for (const { key } of before) {
      this.#entries.get(key)?.hosts.delete(host);
      this.#dirty.add(key);
    }
    for (const row of after) {
      const entry = this.#entries.get(row.key) ?? { hosts: new Set(), row: undefined, published: undefined };
      entry.row = row;
      entry.hosts.add(host);
      this.#entries.set(row.key, entry);
      this.#dirty.add(row.key);
    }
  }

  takeChanges(): RowChanges<Key, Row> {
    const rows: Row[] = [];
    const removed: Key[] = [];
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      if (entry.hosts.size === 0) {
        this.#entries.delete(key);
        if (entry.published !== undefined) removed.push(key);
      } else if (entry.row !== undefined && !isDeepStrictEqual(entry.row, entry.published)) {
        entry.published = entry.row;
        rows.push(entry.row);
      }
    }
    this.#dirty.clear();
    return { rows, removed };
  }
}
