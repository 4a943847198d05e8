// Credentials from a kubeconfig. One that holds or names all that is needed (certificates, tokens, passwords, exec plugins: what clusters hand
// out) is read here. Everything else, such as proxies and files with a mistake, is the business of the Kubernetes client library, which is loaded
// only then: it takes 300 ms and 60 MB for as long as the program runs.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { isMap } from '../../resources/fields.ts';
import type { ApiConnection, ApiTls } from './credentials.ts';
import { runExecPlugin } from './exec-plugin.ts';

/** Holds what the plugin is to know of the cluster. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

type Entry = Readonly<Record<string, unknown>>;

/** Reads the current context anew. Rejects with a message for the operator. */
export function loadKubeconfig(path: string): Promise<ApiConnection> {
  return readConnection(path).catch((error: unknown) => {
    // Without its cause, which may be logged with all that it says.
    throw new Error(`the kubeconfig ${path} cannot be used: ${publicMessage(error)}`);
  });
}

async function readConnection(path: string): Promise<ApiConnection> {
  const plain = await readPlain(path);
  if (plain !== undefined) return plain;
  const { readWithLibrary } = await import('./kubeconfig-library.ts');
  return readWithLibrary(path);
}

/** Parsers show the text that they could not read, which holds tokens and keys here; the place is in the first line. */
function publicMessage(error: unknown): string {
  if (error instanceof SyntaxError) return 'what its exec plugin printed is not JSON';
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return line.replace(/:$/, '');
}

/** Whatever else a cluster or user says is for the library to understand. */
const clusterFields: ReadonlySet<string> = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'extensions',
]);
const userFields: ReadonlySet<string> = new Set([
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'username',
  'password',
  'as',
  'exec',
]);

/** Undefined where the library is needed. Rejects where a file that is named cannot be read. */
async function readPlain(path: string): Promise<ApiConnection | undefined> {
  const content: unknown = parseYaml(await readFile(path, 'utf8'));
  if (!isMap(content)) return undefined;
  const context = findNamed(content, 'context', content['current-context']);
  const cluster = findNamed(content, 'cluster', context?.['cluster']);
  const user = findNamed(content, 'user', context?.['user']);
  if (cluster === undefined || user === undefined || !hasOnly(cluster, clusterFields) || !hasOnly(user, userFields)) return undefined;
  const server = textOf(cluster, 'server');
  if (server === '') return undefined;
  const directory = dirname(path);
  const connection: ApiConnection = {
    server: server.replace(/\/$/, ''),
    tls: await readTls(cluster, user, directory),
    headers: await readHeaders(user, directory),
  };
  const exec = user['exec'];
  return isMap(exec) ? askPlugin(exec, cluster, { connection, directory }) : connection;
}

/** The same connection with the credentials of the plugin. */
async function askPlugin(
  exec: Entry,
  cluster: Entry,
  { connection, directory }: { readonly connection: ApiConnection; readonly directory: string },
): Promise<ApiConnection> {
  const { ca } = connection.tls;
  const { 'certificate-authority': _, extensions, ...info } = cluster;
  const data = ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const list: readonly unknown[] = Array.isArray(extensions) ? extensions : [];
  const own = list.find((one) => isMap(one) && one['name'] === EXEC_EXTENSION);
  const config = isMap(own) ? { config: own['extension'] } : {};
  const { token, cert, key, expiresAtMs } = await runExecPlugin(exec, { directory, cluster: { ...info, ...data, ...config } });
  return {
    ...connection,
    tls: { ...connection.tls, ...(cert !== '' && key !== '' && { cert: Buffer.from(cert), key: Buffer.from(key) }) },
    headers: { ...connection.headers, ...(token !== '' && { Authorization: `Bearer ${token}` }) },
    plugin: { expiresAtMs },
  };
}

async function readTls(cluster: Entry, user: Entry, directory: string): Promise<ApiTls> {
  const [ca, cert, key] = await Promise.all([
    readBytes(cluster, 'certificate-authority', directory),
    readBytes(user, 'client-certificate', directory),
    readBytes(user, 'client-key', directory),
  ]);
  const servername = textOf(cluster, 'tls-server-name');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== '' && { servername }),
    ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
  };
}

/** As client-go, a file goes before a token, and a token before a password. */
async function readHeaders(user: Entry, directory: string): Promise<Readonly<Record<string, string>>> {
  const file = textOf(user, 'tokenFile');
  const token = file === '' ? textOf(user, 'token') : (await readFile(resolve(directory, file), 'utf8')).trim();
  const password = `${textOf(user, 'username')}:${textOf(user, 'password')}`;
  const impersonated = textOf(user, 'as');
  return {
    ...(password !== ':' && { Authorization: `Basic ${Buffer.from(password).toString('base64')}` }),
    ...(token !== '' && { Authorization: `Bearer ${token}` }),
    ...(impersonated !== '' && { 'Impersonate-User': impersonated }),
  };
}

/** Of `client-key-data`, which holds it in base64, else of the file that `client-key` names. */
async function readBytes(fields: Entry, name: string, directory: string): Promise<Buffer | undefined> {
  const data = textOf(fields, `${name}-data`);
  if (data !== '') return Buffer.from(data, 'base64');
  const file = textOf(fields, name);
  return file === '' ? undefined : readFile(resolve(directory, file));
}

/** The entry of this name in the list of contexts, clusters or users. */
function findNamed(content: Entry, kind: 'context' | 'cluster' | 'user', name: unknown): Entry | undefined {
  const entries: unknown = content[`${kind}s`];
  if (!Array.isArray(entries)) return undefined;
  const entry: unknown = entries.find((candidate: unknown) => isMap(candidate) && candidate['name'] === name);
  const value = isMap(entry) ? entry[kind] : undefined;
  return isMap(value) ? value : undefined;
}

/** Whether all fields are known, and texts where they should be. */
function hasOnly(fields: Entry, known: ReadonlySet<string>): boolean {
  return Object.entries(fields).every(
    ([key, value]) =>
      known.has(key) &&
      (typeof value === 'string' || value === null || key === 'insecure-skip-tls-verify' || key === 'extensions' || key === 'exec'),
  );
}

function textOf(fields: Entry, key: string): string {
  const value = fields[key];
  return typeof value === 'string' ? value : '';
}
