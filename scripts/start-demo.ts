// `npm start`: serves examples/online-store with backends and a certificate that it makes itself, all in this one process, so that
// nothing is left running when it ends. What the manifests say decides what is made: a backend for every endpoint, a certificate for
// every TLS section. package.json starts it with exec: a shell in between would die of Ctrl-C and npm would report that.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, styleText } from 'node:util';
import { runProgram } from '../src/cli/program.ts';
import type { EchoIdentity } from '../src/echo/echo-answer.ts';
import { startEchoServer } from '../src/echo/echo-server.ts';
import type { EchoServer } from '../src/echo/echo-server.ts';
import { createSelfSignedCertificate } from '../src/proxy/listener/self-signed.ts';
import type { EndpointSlice, KubernetesObject } from '../src/resources/objects.ts';
import { loadManifests } from '../src/sources/manifests/load-manifests.ts';

const storeFolder = fileURLToPath(new URL('../examples/online-store', import.meta.url));
const READY_POLL_MS = 50;

const PORT_FLAGS = ['http-port', 'https-port', 'healthz-port'] as const;
type PortFlag = (typeof PORT_FLAGS)[number];

interface DemoOptions {
  readonly ports: Readonly<Record<PortFlag, number>>;
  readonly bind: string;
}

/** A mistake or a lack on the user's side: its message is all there is to say. */
class DemoError extends Error {}

try {
  await runDemo(readOptions());
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  process.stderr.write(`portico demo: ${error.message}\n`);
  process.exitCode = 1;
}

async function runDemo(options: DemoOptions): Promise<void> {
  for (const flag of PORT_FLAGS) await checkPort(flag, options);
  const objects = loadStore();
  const folder = mkdtempSync(join(tmpdir(), 'portico-demo-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const certificateFile = writeCertificate(folder, objects);
  const backends: EchoServer[] = [];
  try {
    for (const endpoint of listEndpoints(objects)) backends.push(await startBackend(endpoint));
    await serveStore(options, folder, certificateFile);
  } finally {
    await Promise.all(backends.map((backend) => backend.close()));
  }
}

async function serveStore(options: DemoOptions, folder: string, certificateFile: string): Promise<void> {
  const ended = new AbortController();
  const announcement = announceWhenReady(options, certificateFile, ended.signal);
  await runProgram(serveArguments(options, folder));
  ended.abort();
  await announcement;
}

function readOptions(): DemoOptions {
  try {
    const { values } = parseArgs({
      options: {
        'http-port': { type: 'string', default: '8080' },
        'https-port': { type: 'string', default: '8443' },
        'healthz-port': { type: 'string', default: '10254' },
        bind: { type: 'string', default: '127.0.0.1' },
      },
    });
    const ports = {
      'http-port': Number(values['http-port']),
      'https-port': Number(values['https-port']),
      'healthz-port': Number(values['healthz-port']),
    };
    const bad = PORT_FLAGS.find((flag) => !Number.isInteger(ports[flag]) || ports[flag] < 1 || ports[flag] > 65_535);
    if (bad !== undefined) throw new DemoError(`--${bad} must be a number from 1 to 65535`);
    return { ports, bind: values.bind };
  } catch (error) {
    if (error instanceof DemoError || !(error instanceof TypeError)) throw error;
    throw new DemoError(`${error.message}; the options are --${[...PORT_FLAGS, 'bind'].join(', --')}`, { cause: error });
  }
}

/** Looks before Portico does, for the way out is another one here. */
async function checkPort(flag: PortFlag, { ports, bind }: DemoOptions): Promise<void> {
  const port = ports[flag];
  const reason = await findListenProblem(bind, port);
  if (reason === undefined) return;
  const other = port < 1024 ? port + 8000 : port + 1;
  throw new DemoError(`${reason}; choose another port, for example: npm start -- --${flag} ${other}`);
}

async function findListenProblem(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => resolve(undefined));
  });
  if (problem === undefined) await new Promise((resolve) => server.close(resolve));
  return problem === undefined ? undefined : explainListenError(problem, host, port);
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `port ${port} is in use by another program`;
  if (error.code === 'EACCES') return `this user may not listen on port ${port}`;
  return `cannot listen on ${host}:${port} (${error.code ?? error.message})`;
}

function loadStore(): readonly KubernetesObject[] {
  const loaded = loadManifests([storeFolder]);
  if (!loaded.ok) throw new DemoError(loaded.error);
  return loaded.value.objects;
}

interface DemoEndpoint {
  readonly identity: EchoIdentity;
  readonly host: string;
  readonly port: number;
  /** Where the port is written. */
  readonly file: string;
}

function listEndpoints(objects: readonly KubernetesObject[]): readonly DemoEndpoint[] {
  const slices = objects.filter((object): object is EndpointSlice => object.kind === 'EndpointSlice');
  const counts = new Map<string, number>();
  return slices.flatMap(({ serviceName, metadata, ports, endpoints, origin }) =>
    endpoints
      .flatMap(({ addresses }) => addresses)
      .flatMap((host) => {
        const index = counts.get(serviceName) ?? 0;
        counts.set(serviceName, index + 1);
        const identity = { backend: serviceName, endpoint: `${serviceName}-${index}`, namespace: metadata.namespace };
        return ports.flatMap(({ port }) => (port === undefined ? [] : [{ identity, host, port, file: origin.file ?? '' }]));
      }),
  );
}

async function startBackend({ identity, host, port, file }: DemoEndpoint): Promise<EchoServer> {
  try {
    return await startEchoServer({ identity, host, port });
  } catch (error) {
    const reason = explainListenError(error instanceof Error ? error : new Error(String(error)), host, port);
    throw new DemoError(`${reason}; it is the port of a demo backend: change it in ${relative(process.cwd(), file)}`, { cause: error });
  }
}

/** Writes one Secret for all TLS sections, and the certificate alone for curl; answers the file of the latter. */
function writeCertificate(folder: string, objects: readonly KubernetesObject[]): string {
  const sections = objects.flatMap((object) =>
    object.kind === 'Ingress' ? object.spec.tls.map((tls) => ({ tls, namespace: object.metadata.namespace })) : [],
  );
  const hosts = [...new Set(sections.flatMap(({ tls }) => tls.hosts))];
  const { chainPem, privateKeyPem } = createSelfSignedCertificate({
    commonName: hosts[0] ?? 'localhost',
    organization: 'Portico demo',
    dnsNames: hosts,
    days: 30,
    nowMs: Date.now(),
    keyType: 'ec',
  });
  const secrets = new Map(sections.map(({ tls, namespace }) => [`${namespace}/${tls.secretName}`, { namespace, name: tls.secretName }]));
  const items = [...secrets.values()].map((metadata) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': Buffer.from(chainPem).toString('base64'), 'tls.key': Buffer.from(privateKeyPem).toString('base64') },
  }));
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), { mode: 0o600 });
  const certificateFile = join(folder, 'certificate.pem');
  writeFileSync(certificateFile, chainPem);
  return certificateFile;
}

function serveArguments({ ports, bind }: DemoOptions, secretsFolder: string): readonly string[] {
  const manifests = [storeFolder, join(secretsFolder, 'secrets.json')].flatMap((path) => ['--manifests', path]);
  const portFlags = PORT_FLAGS.map((flag) => `--${flag}=${ports[flag]}`);
  const rest = ['--default-backend-service=default/default-backend', '--enable-metrics', '--post-shutdown-grace-period=0'];
  return ['serve', ...manifests, ...portFlags, `--bind=${bind}`, `--healthz-host=${bind}`, ...rest];
}

async function announceWhenReady(options: DemoOptions, certificateFile: string, ended: AbortSignal): Promise<void> {
  const host = reachableHost(options.bind);
  while (!ended.aborted) {
    if (await isReady(`http://${host}:${options.ports['healthz-port']}/readyz`, ended)) {
      process.stdout.write(announcement(host, options.ports, certificateFile));
      return;
    }
    await delay(READY_POLL_MS);
  }
}

async function isReady(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(url, { signal })).status === 200;
  } catch {
    return false;
  }
}

function announcement(host: string, ports: DemoOptions['ports'], certificateFile: string): string {
  const http = `http://${host}:${ports['http-port']}`;
  const bold = (text: string): string => (process.stdout.isTTY ? styleText('bold', text) : text);
  return [
    '',
    bold('The online store is open.'),
    `  HTTP     ${http}`,
    `  HTTPS    https://${host}:${ports['https-port']}`,
    `  metrics  http://${host}:${ports['healthz-port']}/metrics`,
    '',
    'In another terminal:',
    `  curl -H 'Host: my-online-store.com' ${http}/wear`,
    `  curl --cacert ${certificateFile} --resolve watch.my-online-store.com:${ports['https-port']}:${host} https://watch.my-online-store.com:${ports['https-port']}/`,
    `  curl -i -H 'Host: my-online-store.com' ${http}/nothing-here`,
    '',
    `Edit ${relative(process.cwd(), storeFolder)}/ingress.yaml and ask again: the change is live when the file is saved. Ctrl-C ends the demo.`,
    '',
    '',
  ].join('\n');
}

/** An address that curl can use where the demo listens on all of them. */
function reachableHost(bind: string): string {
  return bind === '' || bind === '::' || bind === '0.0.0.0' ? '127.0.0.1' : bind;
}
