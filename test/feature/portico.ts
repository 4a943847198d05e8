// Starts the real program for tests, as a user would: manifests in a directory of its own, ports that are free, ready before the test
// goes on, and gone after it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFreePorts } from '../support/free-ports.ts';
import { PATIENCE_MS } from '../support/polling.ts';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));
const stopLimitMs = 30_000;
/** One for all tests: no port is given to two programs that start at the same time. */
const freePorts = createFreePorts(Math.random);

export interface PorticoOptions {
  /** File name in the manifests directory to YAML. */
  readonly manifests?: Readonly<Record<string, string>>;
  /** Where objects come from instead of the manifests directory. */
  readonly sourceArgs?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags, after the ones that set ports and workers. */
  readonly args?: readonly string[];
  /** Default 1. */
  readonly workers?: number;
}

export interface Portico {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Health, readiness and metrics. */
  readonly healthzPort: number;
  readonly manifestsDir: string;
  readonly pid: number;
  /** Writes a file of the manifests directory, at one moment: Portico sees what was there before, or all of it. */
  write(name: string, yaml: string): void;
  /** Removes a file of the manifests directory. */
  remove(name: string): void;
  /** Everything that was printed so far, on both outputs. */
  output(): string;
  /** False once the process has ended. */
  isRunning(): boolean;
  /** SIGTERM, and SIGKILL when that does not end it; answers the exit code, null after a signal. */
  stop(): Promise<number | null>;
}

/** Starts Portico and waits until it is ready. Throws with its output when it ends or is not ready in time. */
export async function startPortico(options: PorticoOptions): Promise<Portico> {
  for (let attempt = 1; ; attempt++) {
    const portico = await spawnPortico(options);
    try {
      await waitUntilReady(portico);
      return portico;
    } catch (error) {
      // Another program on this machine was faster.
      if (attempt === 3 || !portico.output().includes('is in use by another program')) throw error;
    }
  }
}

/** Starts Portico and does not wait for anything. */
export async function spawnPortico({ manifests = {}, sourceArgs, env = {}, args = [], workers = 1 }: PorticoOptions): Promise<Portico> {
  const manifestsDir = mkdtempSync(join(tmpdir(), 'portico-test-'));
  for (const [name, yaml] of Object.entries(manifests)) writeFileSync(join(manifestsDir, name), yaml);
  const [httpPort, httpsPort, healthzPort] = await findFreePorts(3);
  if (httpPort === undefined || httpsPort === undefined || healthzPort === undefined) throw new Error('no free ports');
  const ports = { 'http-port': httpPort, 'https-port': httpsPort, 'healthz-port': healthzPort };
  const own = {
    ...ports,
    bind: '127.0.0.1',
    workers,
    configmap: 'default/controller',
    'post-shutdown-grace-period': 0,
  };
  const flags = Object.entries(own).map(([name, value]) => `--${name}=${value}`);
  const source = sourceArgs ?? [`--manifests=${manifestsDir}`];
  const child = spawn(launcher, ['serve', ...source, ...flags, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  const running = watchProcess(child);
  return {
    httpPort,
    httpsPort,
    healthzPort,
    manifestsDir,
    pid: child.pid ?? 0,
    write: (name, yaml) => {
      writeFileSync(`${manifestsDir}.new`, yaml);
      renameSync(`${manifestsDir}.new`, join(manifestsDir, name));
    },
    remove: (name) => {
      rmSync(join(manifestsDir, name));
    },
    output: running.output,
    isRunning: running.isRunning,
    stop: async () => {
      const code = await running.end();
      rmSync(manifestsDir, { recursive: true, force: true });
      return code;
    },
  };
}

async function waitUntilReady(portico: Portico): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs && portico.isRunning()) {
    const response = await fetch(`http://127.0.0.1:${portico.healthzPort}/readyz`).catch(() => undefined);
    await response?.arrayBuffer();
    // Of another program on this machine that took the port first, the answer alone would be believed.
    if (response?.status === 200 && portico.output().includes(`serving HTTP on port ${portico.httpPort} `)) return;
    await sleep(20);
  }
  const why = portico.isRunning() ? `is not ready after ${PATIENCE_MS} ms` : 'ended before it was ready';
  await portico.stop();
  throw new Error(`portico serve ${why}:\n${portico.output()}`);
}

interface RunningProcess {
  output(): string;
  isRunning(): boolean;
  end(): Promise<number | null>;
}

/** Collects the output of a child in its own process group, and can end the group. */
function watchProcess(child: ChildProcess): RunningProcess {
  let output = '';
  let isRunning = true;
  const collect = (data: Buffer): void => {
    output = (output + data.toString('utf8')).slice(-200_000);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const signal = (name: NodeJS.Signals): void => {
    if (!isRunning || child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // The group ended between the check and the signal.
    }
  };
  const killOnExit = (): void => {
    signal('SIGKILL');
  };
  process.once('exit', killOnExit);
  const exit = new Promise<number | null>((resolve) => {
    const done = (code: number | null): void => {
      isRunning = false;
      process.removeListener('exit', killOnExit);
      resolve(code);
    };
    // Not at its exit: what it has printed last may be read only after that.
    child.once('close', done);
    child.once('error', (error) => {
      output += `${error.message}\n`;
      done(null);
    });
  });
  return {
    output: () => output,
    isRunning: () => isRunning,
    end: async () => {
      signal('SIGTERM');
      const timer = setTimeout(signal, stopLimitMs, 'SIGKILL');
      const code = await exit;
      clearTimeout(timer);
      return code;
    },
  };
}

/** Ports that nothing uses and no other test gets, below the range that the system gives to outgoing connections. */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePorts.take());
  return ports;
}

/**
 * Manifests that send every host and path to these backends on loopback: an Ingress with a default backend only, its Service, and an
 * EndpointSlice. `config` is the data of the controller's ConfigMap.
 */
export function catchAllManifests(backendPorts: readonly number[], config: Readonly<Record<string, string>>): Record<string, string> {
  return {
    'class.yaml': manifest(
      { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', name: 'nginx' },
      { spec: { controller: 'k8s.io/ingress-nginx' } },
    ),
    'config.yaml': manifest({ apiVersion: 'v1', kind: 'ConfigMap', name: 'controller' }, { data: config }),
    'ingress.yaml': manifest(
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'catch-all' },
      { spec: { ingressClassName: 'nginx', defaultBackend: { service: { name: 'backend', port: { number: 80 } } } } },
    ),
    'service.yaml': manifest(
      { apiVersion: 'v1', kind: 'Service', name: 'backend' },
      { spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] } },
    ),
    ...endpointManifests(backendPorts),
  };
}

/** The EndpointSlices of `catchAllManifests`, one for each port. */
export function endpointManifests(ports: readonly number[]): Record<string, string> {
  const slices = ports.map((port) =>
    manifest(
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        name: `backend-${port}`,
        labels: { 'kubernetes.io/service-name': 'backend' },
      },
      {
        addressType: 'IPv4',
        ports: [{ name: 'http', port, protocol: 'TCP' }],
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
      },
    ),
  );
  return { 'endpoints.yaml': slices.join('---\n') };
}

interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One object as JSON, which is YAML too. */
function manifest({ apiVersion, kind, name, labels }: Identity, rest: object): string {
  const metadata = { name, namespace: kind === 'IngressClass' ? undefined : 'default', labels };
  return `${JSON.stringify({ apiVersion, kind, metadata, ...rest }, undefined, 2)}\n`;
}
