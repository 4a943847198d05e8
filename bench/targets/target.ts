// What a proxy under test looks like to the scenarios. Each target writes its own configuration for the same world: many host names routed
// to one backend, one of them with TLS, the headers of ingress-nginx added, kept connections on both sides.
import type { Backends } from '../backends.ts';
import type { BenchCertificate } from '../certificate.ts';
import type { CoreLayout } from '../machine.ts';
import type { PortAllocator } from '../ports.ts';
import type { ManagedProcess, ProcessKeeper } from '../processes.ts';
import type { HostPolicy } from './portico-manifests.ts';

export type TargetName = 'nginx' | 'haproxy' | 'caddy' | 'portico';

/** What the proxy is configured for. */
export interface Setup {
  /** Host names loaded, each as a route of its own, beside `localhost` with TLS. */
  readonly hosts: number;
  readonly workers: number;
  readonly accessLog: boolean;
  /** Where all hosts are routed to. */
  readonly backendPort: number;
  /** Whether Portico collects metrics, its own and those of requests, which is off by default; other targets have none. */
  readonly metrics: boolean;
  /** How nginx buffers responses; other targets have no such choice. */
  readonly nginxBuffers: NginxBuffers;
  /** Where the admission webhook listens; only Portico has one. */
  readonly webhookPort?: number;
  /** What the hosts ask for beyond being forwarded; only Portico can be asked. */
  readonly policy?: HostPolicy;
}

/** `usual`: nginx's defaults. `ingress`: none, 4 KiB at a time, the default of ingress-nginx. `large`: 16 KiB each, 256 KiB in all, no temporary files. */
export type NginxBuffers = 'usual' | 'ingress' | 'large';

export interface TargetDeps {
  readonly processes: ProcessKeeper;
  readonly ports: PortAllocator;
  readonly cores: CoreLayout;
  readonly certificate: BenchCertificate;
  readonly backends: Backends;
  /** An empty folder of the target's own. */
  readonly directory: string;
  /** For files that are changed while time is measured: see `Bench`. */
  readonly memoryDirectory: string;
}

export interface Target {
  readonly name: TargetName;
  /** Why it cannot take part, in one line, or undefined. */
  unavailable(): string | undefined;
  /** Writes configuration and input files, so that `start` measures nothing but the start. */
  prepare(deps: TargetDeps, setup: Setup): Promise<PreparedTarget>;
}

export interface PreparedTarget {
  /** Spawns the process and returns at once. */
  start(): RunningTarget;
}

export interface RunningTarget {
  readonly process: ManagedProcess;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Where it publishes Prometheus metrics, if it does. */
  readonly metricsPort?: number;
  /** True once it says of itself that it serves its whole configuration; for a target that cannot say so, always true. */
  isReady(): Promise<boolean>;
  /**
   * Routes `changePath(version)` of one host to the marker backend, in place of the earlier version. Returns when the change is handed over: the time
   * of `performance.now()` just before that.
   */
  readonly change?: (host: number, version: number) => Promise<number>;
}
