// The certificates that hosts show. A certificate that no host shows is not sent to the workers: private keys go no further than needed.
import { isDeepStrictEqual } from 'node:util';
import type { Certificate, CertificateKey } from '../model/certificate.ts';
import type { HostName } from '../model/route.ts';

interface CertificateEntry {
  readonly hosts: Set<HostName>;
  row: Certificate | undefined;
  published: Certificate | undefined;
}

export interface CertificateChanges {
  readonly certificates: readonly Certificate[];
  readonly removedCertificates: readonly CertificateKey[];
}

export class CertificateTable {
  readonly #entries = new Map<CertificateKey, CertificateEntry>();
  readonly #dirty = new Set<CertificateKey>();

  *rows(): Iterable<Certificate> {
    for (const { published } of this.#entries.values()) if (published !== undefined) yield published;
  }

  /** Counts what a host shows now instead of before. */
  replaceUse(host: HostName, before: Certificate | undefined, after: Certificate | undefined): void {
    if (before === after) return;
    if (before !== undefined) {
      this.#entries.get(before.key)?.hosts.delete(host);
      this.#dirty.add(before.key);
    }
    if (after !== undefined) {
      const entry = this.#entries.get(after.key) ?? { hosts: new Set(), row: undefined, published: undefined };
      entry.row = after;
      entry.hosts.add(host);
      this.#entries.set(after.key, entry);
      this.#dirty.add(after.key);
    }
  }

  takeChanges(): CertificateChanges {
    const certificates: Certificate[] = [];
    const removedCertificates: CertificateKey[] = [];
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      if (entry.hosts.size === 0) {
        this.#entries.delete(key);
        if (entry.published !== undefined) removedCertificates.push(key);
      } else if (entry.row !== undefined && !isDeepStrictEqual(entry.row, entry.published)) {
        entry.published = entry.row;
        certificates.push(entry.row);
      }
    }
    this.#dirty.clear();
    return { certificates, removedCertificates };
  }
}
