// What the benchmark runs on: which cores belong to whom, which programs are there, and the facts that a reader of the numbers needs.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

/** Which cores the proxy under test and the load (generator and backends) may use. Empty: no restriction. */
export interface CoreLayout {
  /** Cores for a proxy with this many workers. */
  proxy(workers: number): readonly number[];
  readonly load: readonly number[];
  readonly description: string;
}

/**
 * One core for a proxy with one worker and another one for everything else. With two workers the proxy gets cores 0 and 1; only
 * a machine of four cores or more can keep the load away from them.
 */
export function planCores(count: number): CoreLayout {
  if (count < 2) {
    return { proxy: () => [], load: [], description: 'one core shared by everything: only CPU times mean something' };
  }
  if (count < 4) {
    return {
      proxy: (workers) => (workers > 1 ? [0, 1] : [0]),
      load: [1],
      description: 'proxy on core 0, load and backends on core 1; with 2 workers the proxy uses both cores and shares core 1',
    };
  }
  return {
    proxy: (workers) => (workers > 1 ? [0, 1] : [0]),
    load: [2, 3],
    description: 'proxy on core 0 (cores 0 and 1 with 2 workers), load and backends on cores 2 and 3',
  };
}

/** Pins this process and what it starts without a choice of its own. Failure is no error: the numbers only get noisier. */
export function pinSelf(cores: readonly number[]): void {
  if (cores.length > 0) {
    spawnSync('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)], { stdio: 'ignore' });
  }
}

/** The path of an executable, searched in PATH and in the places for administrators, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Programs that every benchmark needs, with the Debian package of each. */
const requiredPrograms: readonly { readonly program: string; readonly debianPackage: string }[] = [
  { program: 'nginx', debianPackage: 'nginx' },
  { program: 'haproxy', debianPackage: 'haproxy' },
  { program: 'wrk', debianPackage: 'wrk' },
  { program: 'openssl', debianPackage: 'openssl' },
  { program: 'taskset', debianPackage: 'util-linux' },
];

/** The Debian packages that are missing; empty if the benchmarks can run. */
export function missingPackages(): readonly string[] {
  return requiredPrograms.filter(({ program }) => findProgram(program) === undefined).map(({ debianPackage }) => debianPackage);
}

/** File descriptors that a process may open at most. Node raises its own soft limit to this, and children inherit it. */
export function fileDescriptorLimit(): number {
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((text) => text.startsWith('Max open files'));
  const soft = Number(line?.split(/\s+/)[3]);
  return Number.isFinite(soft) ? soft : 1024;
}

export interface MachineFacts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMegabytes: number;
  readonly kernel: string;
  readonly layout: string;
  readonly fileDescriptors: number;
  /** Load average over the last minute before the benchmark began: above 0.3 or so, something else disturbs the numbers. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Collects the facts. Starts each program once to ask for its version. */
export function describeMachine(layout: CoreLayout, now: Date): MachineFacts {
  const processors = cpus();
  return {
    date: now.toISOString(),
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryMegabytes: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    layout: layout.description,
    fileDescriptors: fileDescriptorLimit(),
    loadBefore: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
    versions: {
      node: process.version,
      nginx: firstVersion('nginx', '-v'),
      haproxy: firstVersion('haproxy', '-v'),
      caddy: firstVersion('caddy', 'version'),
      wrk: firstVersion('wrk', '-v'),
      openssl: firstVersion('openssl', 'version'),
    },
  };
}

function firstVersion(program: string, flag: string): string {
  const path = findProgram(program);
  if (path === undefined) {
    return 'absent';
  }
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
