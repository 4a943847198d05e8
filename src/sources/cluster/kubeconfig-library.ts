// Credentials from a kubeconfig, read by the Kubernetes client library: contexts, client certificates, tokens, exec plugins, proxies. Import
// this file only where the kubeconfig needs it; it pulls the library in.
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { Cluster, User } from '@kubernetes/client-node';
import { parse as parseYaml } from 'yaml';
import { isMap } from '../../resources/fields.ts';
import type { ApiConnection, ApiTls } from './credentials.ts';
import { runExecPlugin } from './exec-plugin.ts';

/** Reads the current context anew, running its exec plugin if there is one. Rejects where it cannot be used. */
export async function readWithLibrary(path: string): Promise<ApiConnection> {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`there is no cluster for its current context ${JSON.stringify(config.getCurrentContext())}`);
  const named = config.getCurrentUser() ?? { name: 'anonymous' };
  const { user, plugin } = await askPlugin(named, path, cluster);
  const token = readTokenFile(path, user.name);
  // The library applies nothing of the cluster where there is no user, and refuses plain HTTP unless told that there is no TLS to verify.
  const isPlain = cluster.server.startsWith('http:');
  config.loadFromClusterAndUser(isPlain ? { ...cluster, skipTLSVerify: true } : cluster, token === undefined ? user : { ...user, token });
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const agent = cluster.proxyUrl === undefined || typeof options.agent !== 'object' ? undefined : options.agent;
  return {
    server: cluster.server,
    tls: tlsOf(options),
    headers: headersOf(options),
    ...(agent !== undefined && { agent }),
    ...(plugin !== undefined && { plugin }),
  };
}

/** The user without the plugin, with what the plugin gave: the library runs plugins in another way than client-go. */
async function askPlugin(user: User, path: string, cluster: Cluster): Promise<PluginAnswer> {
  const exec: unknown = user.exec;
  if (!isMap(exec)) return { user, plugin: undefined };
  const { server, tlsServerName, skipTLSVerify, caData, proxyUrl } = cluster;
  const info = {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify || undefined,
    'certificate-authority-data': caData,
    'proxy-url': proxyUrl,
  };
  const { token, cert, key, expiresAtMs } = await runExecPlugin(exec, { directory: dirname(path), cluster: info });
  const { exec: _, ...rest } = user;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    user: { ...rest, ...(token !== '' && { token }), ...(cert !== '' && key !== '' && { certData: base64(cert), keyData: base64(key) }) },
    plugin: { expiresAtMs },
  };
}

interface PluginAnswer {
  readonly user: User;
  readonly plugin: ApiConnection['plugin'];
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
