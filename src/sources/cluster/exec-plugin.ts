// Runs the exec plugin of a kubeconfig as client-go does (Kubernetes authentication, "client-go credential plugins"): a path is relative to the
// kubeconfig, the plugin is told what it is asked for, and what it prints is an ExecCredential. The client library of Node does neither of the
// first two, and keeps to itself how long a credential is good.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { isMap } from '../../resources/fields.ts';

type Entry = Readonly<Record<string, unknown>>;

export interface PluginCredential {
  /** Empty: it gave none. */
  readonly token: string;
  /** PEM; empty: it gave none. */
  readonly cert: string;
  readonly key: string;
  /** Since the epoch; undefined: good until it is refused. */
  readonly expiresAtMs: number | undefined;
}

export interface PluginRequest {
  /** Where the kubeconfig is. */
  readonly directory: string;
  /** The cluster in the form of `spec.cluster` of an ExecCredential, for a plugin that wants it. */
  readonly cluster: Entry;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;
const run = promisify(execFile);

/** `exec`: that field of a user. Rejects with a message for the operator, a SyntaxError where something else than JSON was printed. */
export async function runExecPlugin(exec: Entry, { directory, cluster }: PluginRequest): Promise<PluginCredential> {
  const { command, apiVersion, interactiveMode, installHint } = exec;
  if (typeof command !== 'string' || command === '') throw new Error('its exec plugin has no command');
  if (interactiveMode === 'Always') throw new Error('its exec plugin asks a person (interactiveMode: Always)');
  const spec = { interactive: false, ...(exec['provideClusterInfo'] === true && { cluster }) };
  const env = {
    ...process.env,
    ...readEnvironment(exec['env']),
    KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
  };
  const running = run(command.includes('/') ? resolve(directory, command) : command, readTexts(exec['args']), {
    env,
    maxBuffer: MAX_OUTPUT_BYTES,
    encoding: 'utf8',
  });
  // Nobody is there to answer.
  running.child.stdin?.end();
  const { stdout } = await running.catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const hint = isMissing && typeof installHint === 'string' ? `: ${installHint}` : '';
    throw new Error(`its exec plugin failed: ${failureOf(error)}${hint}`);
  });
  return readCredential(JSON.parse(stdout), apiVersion);
}

/** What the plugin itself said, if it did. */
function failureOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return stderr === '' ? (error instanceof Error ? error.message : String(error)) : stderr;
}

function readCredential(value: unknown, apiVersion: unknown): PluginCredential {
  const status = isMap(value) ? value['status'] : undefined;
  if (!isMap(value) || value['kind'] !== 'ExecCredential' || !isMap(status)) throw new Error('its exec plugin printed no ExecCredential');
  if (value['apiVersion'] !== apiVersion) throw new Error(`its exec plugin answers in another version than ${String(apiVersion)}`);
  const text = (key: string): string => (typeof status[key] === 'string' ? status[key] : '');
  const credential = { token: text('token'), cert: text('clientCertificateData'), key: text('clientKeyData') };
  if (credential.token === '' && (credential.cert === '' || credential.key === ''))
    throw new Error('its exec plugin gave neither a token nor a client certificate with its key');
  const expiresAtMs = Date.parse(text('expirationTimestamp'));
  return { ...credential, expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs };
}

function readEnvironment(value: unknown): Readonly<Record<string, string>> {
  const entries = Array.isArray(value) ? value.filter((entry) => isMap(entry)) : [];
  return Object.fromEntries(entries.map((entry) => [String(entry['name']), String(entry['value'] ?? '')]));
}

function readTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
