// Hosts with a cipher list of their own (annotation `ssl-ciphers`). OpenSSL takes the list from where the handshake began, not from the context
// that a server name leads to, so such handshakes need a server of their own; all others have nothing to do with this.
import type { HostName, VirtualHost } from '../../model/route.ts';
import { normaliseHost } from '../../routing/normalise-host.ts';
import type { RoutingTable } from '../../routing/table.ts';

export class HostCiphers {
  readonly #table: RoutingTable<unknown>;
  readonly #names = new Set<HostName>();

  constructor(table: RoutingTable<unknown>) {
    this.#table = table;
  }

  /** False: nobody has to look at server names before the handshake. */
  get isNeeded(): boolean {
    return this.#names.size > 0;
  }

  setHost({ name, ciphers }: VirtualHost): void {
    if (ciphers === undefined) this.#names.delete(name);
    else this.#names.add(name);
  }

  removeHost(name: HostName): void {
    this.#names.delete(name);
  }

  /** The list of the host that a server name leads to; undefined: it has none of its own. */
  find(serverName: string): string | undefined {
    return this.#table.findHost(normaliseHost(serverName)).host.ciphers;
  }
}
