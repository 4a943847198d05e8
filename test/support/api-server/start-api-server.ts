// How tests get a stand-in API server: it is started with one call, and everything that a test does to it is a method here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { User } from './access.ts';
import { HttpApiServer } from './api-server.ts';
import type { LoggedRequest } from './api-server.ts';
import type { ApiObject } from './api-object.ts';
import type { Fault } from './faults.ts';
import { findByKind, storedKind } from './resource-kinds.ts';
import type { ResourceKind } from './resource-kinds.ts';
import type { WatchStream, WatchManner } from './watch-stream.ts';

export interface ApiServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one, which it keeps over restarts. */
  readonly port?: number;
  /** For chunk sizes; default Math.random. */
  readonly random?: () => number;
}

export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** An object as a test writes it. */
export interface GivenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface ApiServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly caPem: string;
  /** File with the CA. */
  readonly caPath: string;
  /** Creates or replaces an object, status included, whatever its version, with the uid and creation time that it names; a namespace that is missing is made. Answers it as stored. */
  put(object: GivenObject): ApiObject;
  delete(name: ObjectName): void;
  get(name: ObjectName): ApiObject | undefined;
  list(apiVersion: string, kind: string, namespace?: string): readonly ApiObject[];
  /** What was asked since the start or the last `forgetRequests`, without discovery. */
  readonly requests: readonly LoggedRequest[];
  forgetRequests(): void;
  /** Writes a kubeconfig with a new bearer token for the user; answers its path. Default: an administrator. */
  kubeconfig(user?: Partial<User>): string;
  /** The same with a client certificate; its groups cannot be chosen, so it is for mode `everything`. */
  certificateKubeconfig(userName: string): Promise<string>;
  addToken(token: string, user: User): void;
  revokeToken(token: string): void;
  /** `rbac`: only what stored roles and bindings allow. Default `everything`. */
  setAuthorization(mode: 'everything' | 'rbac'): void;
  /** Makes requests fail from now on; answers with what ends it. */
  fail(fault: Fault): () => void;
  readonly manner: WatchManner;
  readonly watches: readonly WatchStream[];
  /** `end`: in an orderly way. `cut`: the connection breaks, within a line where `torn`. */
  breakWatches(how: 'end' | 'cut' | 'torn' | 'expired' | 'garbage', plural?: string): void;
  sendBookmarks(): void;
  /** Forgets the history and the rest of lists: what goes on from an old version is answered with 410. */
  compact(): void;
  /** Stops as a killed process. */
  kill(): Promise<void>;
  /** Listens again on the same port; `isStateLost`: with nothing in it; `isRewound`: and versions begin anew, as with an older etcd. */
  restart(options?: { readonly isStateLost?: boolean; readonly isRewound?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export async function startApiServer({ host = '127.0.0.1', port = 0, random = Math.random }: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await HttpApiServer.create({ host, random });
  const directory = mkdtempSync(join(tmpdir(), 'api-server-'));
  await server.listen(host, port);
  const caPath = join(directory, 'ca.crt');
  writeFileSync(caPath, server.authority.certificatePem);
  return new StandIn(server, { host, directory, caPath });
}

class StandIn implements ApiServer {
  readonly #server: HttpApiServer;
  readonly #host: string;
  readonly #directory: string;
  readonly caPath: string;
  #files = 0;

  constructor(
    server: HttpApiServer,
    { host, directory, caPath }: { readonly host: string; readonly directory: string; readonly caPath: string },
  ) {
    this.#server = server;
    this.#host = host;
    this.#directory = directory;
    this.caPath = caPath;
  }

  get url(): string {
    return `https://${this.#host}:${this.#server.port}`;
  }

  get caPem(): string {
    return this.#server.authority.certificatePem;
  }

  get requests(): readonly LoggedRequest[] {
    return this.#server.requests;
  }

  get manner(): WatchManner {
    return this.#server.manner;
  }

  get watches(): readonly WatchStream[] {
    return [...this.#server.watches];
  }

  put(object: GivenObject): ApiObject {
    const kind = kindOf(object.apiVersion, object.kind);
    const { store, writer } = this.#server;
    const { name, namespace = kind.isNamespaced ? 'default' : '' } = object.metadata;
    if (namespace !== '') this.#ensureNamespace(namespace);
    const target = { kind, namespace, name, subresource: undefined, manager: 'test', keepsIdentity: true } as const;
    const before = store.get(storedKind(kind), namespace, name);
    const { resourceVersion: _, ...metadata } = object.metadata;
    const given = {
      ...object,
      metadata: { ...metadata, ...(before !== undefined && { resourceVersion: before.object.metadata.resourceVersion }) },
    };
    const written = before === undefined ? writer.create(target, given) : writer.update(target, given);
    if (!kind.hasStatus || object['status'] === undefined) return written;
    return writer.update({ ...target, subresource: 'status' }, { ...written, status: object['status'] });
  }

  delete({ apiVersion, kind: kindName, namespace, name }: ObjectName): void {
    const kind = kindOf(apiVersion, kindName);
    this.#server.writer.delete({ kind, namespace: namespace ?? (kind.isNamespaced ? 'default' : ''), name }, undefined);
  }

  get({ apiVersion, kind: kindName, namespace, name }: ObjectName): ApiObject | undefined {
    const kind = kindOf(apiVersion, kindName);
    return this.#server.store.get(storedKind(kind), namespace ?? (kind.isNamespaced ? 'default' : ''), name)?.object;
  }

  list(apiVersion: string, kind: string, namespace = ''): readonly ApiObject[] {
    return this.#server.store.list(storedKind(kindOf(apiVersion, kind)), namespace).map(({ object }) => object);
  }

  forgetRequests(): void {
    this.#server.requests.length = 0;
  }

  kubeconfig({ name = 'admin', groups = ['system:masters'] }: Partial<User> = {}): string {
    const token = `token-${name}-${++this.#files}`;
    this.addToken(token, { name, groups });
    return this.#writeKubeconfig({ token });
  }

  async certificateKubeconfig(userName: string): Promise<string> {
    const { issuer, authority } = this.#server;
    const issued = await issuer.issue({ commonName: userName, hosts: [], issuer: authority });
    return this.#writeKubeconfig({
      'client-certificate-data': Buffer.from(issued.certificatePem).toString('base64'),
      'client-key-data': Buffer.from(issued.privateKeyPem).toString('base64'),
    });
  }

  addToken(token: string, user: User): void {
    this.#server.access.addToken(token, user);
  }

  revokeToken(token: string): void {
    this.#server.access.revokeToken(token);
  }

  setAuthorization(mode: 'everything' | 'rbac'): void {
    this.#server.access.mode = mode;
  }

  fail(fault: Fault): () => void {
    return this.#server.faults.add(fault);
  }

  breakWatches(how: 'end' | 'cut' | 'torn' | 'expired' | 'garbage', plural?: string): void {
    for (const watch of this.#server.watches) {
      if (plural !== undefined && watch.request.kind.plural !== plural) continue;
      if (how === 'end') watch.end();
      else if (how === 'expired') watch.sendExpired();
      else if (how === 'garbage') watch.sendLine('<html>502 Bad Gateway</html>');
      else watch.cut(how === 'torn');
    }
  }

  sendBookmarks(): void {
    for (const watch of this.#server.watches) watch.bookmark();
  }

  compact(): void {
    this.#server.store.compact();
    this.#server.lists.expire();
  }

  async kill(): Promise<void> {
    await this.#server.kill();
  }

  async restart({ isStateLost = false, isRewound = false }: Parameters<ApiServer['restart']>[0] = {}): Promise<void> {
    await this.kill();
    if (isStateLost) this.#server.store.clear({ isRewound });
    // The watch cache begins anew with the process.
    this.compact();
    await this.#server.listen(this.#host, 0);
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #ensureNamespace(name: string): void {
    const kind = kindOf('v1', 'Namespace');
    if (this.#server.store.get(kind, '', name) === undefined) this.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  #writeKubeconfig(user: Readonly<Record<string, string>>): string {
    const path = join(this.#directory, `kubeconfig-${++this.#files}`);
    const cluster = { server: this.url, 'certificate-authority-data': Buffer.from(this.caPem).toString('base64') };
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'stand-in', cluster }],
      users: [{ name: 'user', user }],
      contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'user' } }],
      'current-context': 'stand-in',
    };
    writeFileSync(path, JSON.stringify(content, undefined, 2), { mode: 0o600 });
    return path;
  }
}

function kindOf(apiVersion: string, kind: string): ResourceKind {
  const found = findByKind(apiVersion, kind);
  if (found === undefined) throw new RangeError(`the stand-in does not serve ${kind} (${apiVersion})`);
  return found;
}
