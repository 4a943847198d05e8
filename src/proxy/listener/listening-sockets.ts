// The sockets that connections come in by: some for each port of each address. The addresses may change while connections are served;
// new ones are opened before old ones are closed, and an accepted connection does not depend on its socket.
import type net from 'node:net';
import type { ListenHost } from '../../model/settings.ts';

const BACKLOG = 4096;
/**
 * Sockets for one port of one address. The event loop takes one connection from a socket in each of its turns, and under full load a turn
 * takes 10 ms and more: from a single socket, 500 new connections then waited for up to three seconds (bench small-1000: p99 1.4 s, 0.1 s with
 * 32 sockets). The kernel spreads connections over all of them, as over those of other workers.
 */
const SOCKETS_PER_PORT = 32;

/** An address that cannot be listened on. */
export interface ListenProblem {
  readonly address: string;
  /** Of the system, such as `EADDRNOTAVAIL`. */
  readonly code: string;
}

export interface ListeningSocketsDeps {
  readonly createServer: (isTls: boolean) => net.Server;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export class ListeningSockets {
  readonly #deps: ListeningSocketsDeps;
  readonly #open = new Map<string, readonly net.Server[]>();
  #isClosed = false;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(deps: ListeningSocketsDeps) {
    this.#deps = deps;
  }

  /**
   * Opens the ports on these addresses, none meaning all, and closes them on others. Where none can be opened, the old ones stay; rejects with
   * the error of the first where there is no old one. Otherwise tells what could not be opened. Changes are carried out one after the other;
   * after `close` they do nothing.
   */
  async listenOn(hosts: readonly ListenHost[]): Promise<readonly ListenProblem[]> {
    const change = this.#lastChange.then(async () => this.#change(hosts.length === 0 ? [EVERYWHERE] : hosts));
    this.#lastChange = change.catch(() => undefined);
    return change;
  }

  close(): void {
    this.#isClosed = true;
    for (const address of this.#open.keys()) this.#close(address);
  }

  async #change(hosts: readonly ListenHost[]): Promise<readonly ListenProblem[]> {
    const problems: ListenProblem[] = [];
    if (this.#isClosed) return problems;
    let firstError: unknown;
    for (const { address, isOptional } of hosts) {
      try {
        await this.#ensure(address);
      } catch (error) {
        firstError ??= error;
        const code = codeOf(error);
        if (!isOptional || !NO_FAMILY.has(code)) problems.push({ address, code });
      }
    }
    const wanted = new Set(hosts.map(({ address }) => address));
    const hasOne = [...wanted].some((address) => this.#open.has(address));
    if (!hasOne && this.#open.size === 0 && firstError !== undefined) throw firstError;
    if (hasOne) for (const address of this.#open.keys()) if (!wanted.has(address)) this.#close(address);
    return problems;
  }

  async #ensure(address: string): Promise<void> {
    if (this.#open.has(address) || this.#isClosed) return;
    const { createServer, httpPort, httpsPort } = this.#deps;
    const http = Array.from({ length: SOCKETS_PER_PORT }, () => createServer(false));
    const https = Array.from({ length: SOCKETS_PER_PORT }, () => createServer(true));
    const servers = [...http, ...https];
    const results = await Promise.allSettled([
      ...http.map(async (server) => listen(server, address, httpPort)),
      ...https.map(async (server) => listen(server, address, httpsPort)),
    ]);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) {
      for (const server of servers) server.close(ignore);
      throw failure.reason;
    }
    this.#open.set(address, servers);
    // A drain has begun meanwhile.
    if (this.#isClosed) this.#close(address);
  }

  #close(address: string): void {
    for (const server of this.#open.get(address) ?? []) server.close();
    this.#open.delete(address);
  }
}

const EVERYWHERE: ListenHost = { address: '', isOptional: false };
/** What a machine without IPv6, or without IPv4, says. */
const NO_FAMILY: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

function ignore(): void {
  // An error of a server that listens must not end the process; that one was not open is no news.
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** All workers listen on the same ports (SO_REUSEPORT); the kernel spreads connections over them. */
async function listen(server: net.Server, address: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // Beside sockets of IPv4, one of IPv6 is for IPv6 alone.
  const host = address === '' ? {} : { host: address, ipv6Only: true };
  server.listen({ port, ...host, backlog: BACKLOG, reusePort: true }, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', ignore);
}
