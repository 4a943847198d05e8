// How to reach the API server and who to be there. A `Credentials` answers before each request, from memory as long as that is good: tokens
// of service accounts rotate in their file, and client certificates and CAs may too; what an exec plugin gave is good until it expires.
// `refresh` forgets what is kept, after a 401.
import type { Agent } from 'node:http';
import { readFile } from 'node:fs/promises';

export interface ApiConnection {
  /** `https://10.96.0.1:443`, possibly with a path prefix; without a slash at the end. */
  readonly server: string;
  readonly tls: ApiTls;
  /** Authorization, and headers of impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  /** Only where requests go through a proxy of the kubeconfig. */
  readonly agent?: Agent;
  /** Set where an exec plugin gave the credentials. `expiresAtMs`: since the epoch; undefined: they are good until they are refused. */
  readonly plugin?: { readonly expiresAtMs: number | undefined };
}

/** The names are those of Node's TLS options. */
export interface ApiTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  /** Rejects with a message for the operator where something cannot be read. */
  load(): Promise<ApiConnection>;
  /** The API server refused `used`, which `load` gave: read everything anew the next time, unless that was done since. */
  refresh(used: ApiConnection): void;
}

export interface CredentialOptions {
  /** `--kubeconfig`; empty: none. */
  readonly kubeconfig: string;
  /** `--apiserver-host`; empty: that of the kubeconfig or of the cluster that Portico runs in. */
  readonly apiserverHost: string;
  /** `--certificate-authority`; empty: that of the kubeconfig or of the service account. */
  readonly certificateAuthority: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds since the epoch; the clock of the machine if not given. */
  readonly epochMs?: () => number;
  /** Where the files of the service account are; `/var/run/secrets/kubernetes.io/serviceaccount` in a pod. */
  readonly serviceAccountPath?: string;
  /** How long reading may take. */
  readonly readLimitMs?: number;
}

const SERVICE_ACCOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** client-go reads the token anew after a minute; a rotated token is good long before the old one ends. */
const REREAD_AFTER_MS = 60_000;
/** An exec plugin runs again this long before its credentials expire, or after nine tenths of their time. */
const BEFORE_EXPIRY_MS = 60_000;
/** Even where they expire sooner. */
const LEAST_PLUGIN_MS = 10_000;
/** How long earlier credentials are used before what could not be read is read again: a plugin may be a large program. */
const AGAIN_AFTER_MS = 5_000;
/** An exec plugin may wait for a person or for a server that is gone. */
const READ_LIMIT_MS = 10_000;

/**
 * Chooses by the flags, as client-go's `BuildConfigFromFlags` does: a kubeconfig if one is given; a plain address if only that is given; else
 * the service account of the pod. Flags override single fields.
 */
export async function createCredentials(options: CredentialOptions): Promise<Credentials> {
  if (options.kubeconfig !== '') {
    // With the parser of YAML behind it.
    const { loadKubeconfig } = await import('./kubeconfig.ts');
    return new CachedCredentials(options, async () => override(options, await loadKubeconfig(options.kubeconfig)));
  }
  return new CachedCredentials(options, async () =>
    override(options, options.apiserverHost === '' ? await readServiceAccount(options) : anonymous(options.apiserverHost)),
  );
}

/** Keeps what was read for a minute, and what a plugin gave until shortly before it expires. While a file cannot be read anew, what it said before is used. */
class CachedCredentials implements Credentials {
  readonly #nowMs: () => number;
  readonly #epochMs: () => number;
  readonly #limitMs: number;
  readonly #read: () => Promise<ApiConnection>;
  #last: ApiConnection | undefined;
  #goodUntilMs = -Infinity;
  #reading: Promise<ApiConnection> | undefined;
  /** The same without the limit: while it hangs, it is not begun again. */
  #underway: Promise<ApiConnection> | undefined;

  constructor({ nowMs, epochMs = Date.now, readLimitMs = READ_LIMIT_MS }: CredentialOptions, read: () => Promise<ApiConnection>) {
    this.#nowMs = nowMs;
    this.#epochMs = epochMs;
    this.#limitMs = readLimitMs;
    this.#read = read;
  }

  async load(): Promise<ApiConnection> {
    if (this.#last !== undefined && this.#nowMs() < this.#goodUntilMs) return this.#last;
    this.#reading ??= this.#readAnew().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  refresh(used: ApiConnection): void {
    if (used === this.#last) this.#goodUntilMs = -Infinity;
  }

  async #readAnew(): Promise<ApiConnection> {
    try {
      this.#last = await this.#readInTime();
      this.#goodUntilMs = this.#nowMs() + this.#goodForMs(this.#last);
      return this.#last;
    } catch (error) {
      if (this.#last === undefined) throw error;
      this.#goodUntilMs = this.#nowMs() + AGAIN_AFTER_MS;
      return this.#last;
    }
  }

  #goodForMs({ plugin }: ApiConnection): number {
    if (plugin === undefined) return REREAD_AFTER_MS;
    if (plugin.expiresAtMs === undefined) return Infinity;
    const leftMs = plugin.expiresAtMs - this.#epochMs();
    return Math.max(LEAST_PLUGIN_MS, leftMs - Math.min(BEFORE_EXPIRY_MS, leftMs / 10));
  }

  async #readInTime(): Promise<ApiConnection> {
    this.#underway ??= this.#read().finally(() => {
      this.#underway = undefined;
    });
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`the credentials cannot be read within ${this.#limitMs / 1000} s`)), this.#limitMs);
    try {
      return await Promise.race([this.#underway, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readServiceAccount({ env, serviceAccountPath: path = SERVICE_ACCOUNT_PATH }: CredentialOptions): Promise<ApiConnection> {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT_HTTPS'] ?? env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === '') {
    throw new Error(
      'this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): give --kubeconfig FILE, --apiserver-host ADDRESS or --manifests PATH',
    );
  }
  const [token, ca] = await Promise.all([readFile(`${path}/token`, 'utf8'), readFile(`${path}/ca.crt`)]);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca },
    headers: { Authorization: `Bearer ${token.trim()}` },
  };
}

/** `--apiserver-host` alone, for `kubectl proxy` and the like. */
function anonymous(server: string): ApiConnection {
  return { server, tls: {}, headers: {} };
}

async function override({ apiserverHost, certificateAuthority }: CredentialOptions, connection: ApiConnection): Promise<ApiConnection> {
  const server = (apiserverHost === '' ? connection.server : apiserverHost).replace(/\/+$/, '');
  const tls = certificateAuthority === '' ? connection.tls : { ...connection.tls, ca: await readFile(certificateAuthority) };
  return { ...connection, server: server.includes('://') ? server : `https://${server}`, tls };
}
