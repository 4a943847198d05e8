// Credentials from a kubeconfig, read by the Kubernetes client library: contexts, client certificates, tokens, exec plugins, proxies. Import
// this file only where the kubeconfig needs it; it pulls the library in.
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from '@kubernetes/client-node';
import { parse as parseYaml } from 'yaml';
import { isMap } from '../../resources/fields.ts';
import type { ApiConnection, ApiTls } from './credentials.ts';

/** Reads the current context anew, running its exec plugin if there is one. Rejects where it cannot be used. */
export async function readWithLibrary(path: string): Promise<ApiConnection> {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`there is no cluster for its current context ${JSON.stringify(config.getCurrentContext())}`);
  const named = config.getCurrentUser() ?? { name: 'anonymous' };
  const user = named.exec === undefined ? named : { ...named, exec: preparePlugin(named.exec, path, cluster) };
  const token = readTokenFile(path, user.name);
  // The library applies nothing of the cluster where there is no user, and refuses plain HTTP unless told that there is no TLS to verify.
  const isPlain = cluster.server.startsWith('http:');
  config.loadFromClusterAndUser(isPlain ? { ...cluster, skipTLSVerify: true } : cluster, token === undefined ? user : { ...user, token });
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const agent = cluster.proxyUrl === undefined || typeof options.agent !== 'object' ? undefined : options.agent;
  return { server: cluster.server, tls: tlsOf(options), headers: headersOf(options), ...(agent === undefined ? {} : { agent }) };
}

/**
 * What client-go does for exec plugins and the library does not: a path is relative to the kubeconfig, and the plugin is told what it is
 * asked for (Kubernetes authentication, "client-go credential plugins"), without which some do not run.
 */
function preparePlugin(exec: unknown, path: string, { server, tlsServerName, skipTLSVerify, caData, proxyUrl }: Cluster): unknown {
  if (!isMap(exec)) return exec;
  const { apiVersion, command, provideClusterInfo } = exec;
  const cluster = {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify || undefined,
    'certificate-authority-data': caData,
    'proxy-url': proxyUrl,
  };
  const spec = { interactive: false, ...(provideClusterInfo === true && { cluster }) };
  const env: readonly unknown[] = Array.isArray(exec['env']) ? exec['env'] : [];
  return {
    ...exec,
    command: typeof command === 'string' && command.includes('/') ? resolve(dirname(path), command) : command,
    env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }) }],
  };
}

/** The field `tokenFile` of a user, which the library does not know. */
function readTokenFile(path: string, userName: string): string | undefined {
  const content: unknown = parseYaml(readFileSync(path, 'utf8'));
  const users: unknown = isMap(content) ? content['users'] : undefined;
  if (!Array.isArray(users)) return undefined;
  const entry: unknown = users.find((candidate) => isMap(candidate) && candidate['name'] === userName);
  const user = isMap(entry) ? entry['user'] : undefined;
  const file = isMap(user) ? user['tokenFile'] : undefined;
  return typeof file === 'string' ? readFileSync(resolve(dirname(path), file), 'utf8').trim() : undefined;
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): ApiTls {
  const bytes = (value: unknown): string | Buffer | undefined => (typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined);
  const parts = { ca: bytes(ca), cert: bytes(cert), key: bytes(key), servername, rejectUnauthorized };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const texts = Object.entries(headers ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const basic = typeof auth === 'string' ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return { ...Object.fromEntries(texts), ...basic };
}
