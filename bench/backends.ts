// The backends behind every proxy: nginx for constant answers and files, a small Node program that reads uploads. They run on the cores of the load.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nginxUserLine } from './targets/nginx-config.ts';
import type { PortAllocator } from './ports.ts';
import type { ManagedProcess, ProcessKeeper } from './processes.ts';
import { probe } from './load/probe.ts';
import { waitFor } from './wait.ts';
import { addedHeaders, changedBody, controlPath, responsePaths, smallBody } from './workload.ts';

export interface Backends {
  /** Answers the paths of `responsePaths`. */
  readonly mainPort: number;
  /** Answers everything with `changedBody`. */
  readonly markerPort: number;
  /** Reads uploads. */
  readonly uploadPort: number;
  /** The folder behind `controlPath`. Each request opens its file anew, so that a file that is replaced is another answer at once. */
  readonly controlDirectory: string;
}

interface BackendDeps {
  readonly processes: ProcessKeeper;
  readonly ports: PortAllocator;
  readonly directory: string;
  readonly memoryDirectory: string;
  readonly cores: readonly number[];
}

/** Starts the backends and waits until they answer. Throws if they do not. */
export async function startBackends(deps: BackendDeps): Promise<Backends> {
  const backends = {
    mainPort: await deps.ports.next(),
    markerPort: await deps.ports.next(),
    uploadPort: await deps.ports.next(),
    controlDirectory: join(deps.memoryDirectory, 'control'),
  };
  mkdirSync(backends.controlDirectory);
  const directory = join(deps.directory, 'backend');
  mkdirSync(join(directory, 'files'), { recursive: true });
  writeFileSync(join(directory, 'files', '64k'), Buffer.alloc(64 * 1024, 'x'));
  writeFileSync(join(directory, 'files', '1m'), Buffer.alloc(1024 * 1024, 'x'));
  writeFileSync(join(directory, 'nginx.conf'), backendConfig(directory, backends));
  const start = (name: string, command: string, args: readonly string[]): ManagedProcess =>
    deps.processes.start({
      command,
      args,
      cores: deps.cores,
      stdoutPath: join(directory, `${name}.out`),
      stderrPath: join(directory, `${name}.err`),
    });
  const nginx = start('nginx', 'nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', join(directory, 'nginx.err')]);
  const sink = fileURLToPath(new URL('./load/body-sink.ts', import.meta.url));
  const upload = start('upload', process.execPath, [sink, String(backends.uploadPort)]);
  await waitForBackend(nginx, backends.mainPort);
  await waitForBackend(upload, backends.uploadPort);
  return backends;
}

async function waitForBackend(process: ManagedProcess, port: number): Promise<void> {
  await waitFor({
    what: `the backend on port ${port}`,
    timeoutMs: 10_000,
    pollMs: 20,
    process,
    check: async () => (await probe({ port, host: 'backend.test', path: responsePaths.small })).status === 200,
  });
}

function backendConfig(directory: string, { mainPort, markerPort, controlDirectory }: Backends): string {
  const echoed = addedHeaders.map((name) => `${name}=$http_${name.toLowerCase().replaceAll('-', '_')};`).join('');
  return `daemon off;
${nginxUserLine()}
worker_processes 1;
pid ${directory}/nginx.pid;
worker_rlimit_nofile 16384;
events { worker_connections 8192; multi_accept on; }
http {
  access_log off;
  server_tokens off;
  default_type text/plain;
  keepalive_timeout 600s;
  keepalive_requests 100000000;
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=16 inactive=1h;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${mainPort} backlog=4096;
    location = ${responsePaths.small} { return 200 "${smallBody}"; }
    location = ${responsePaths.receivedHeaders} { return 200 "${echoed}"; }
    location ${controlPath('')} { alias ${controlDirectory}/; open_file_cache off; }
    location / { root ${directory}/files; try_files $uri @other; }
    location @other { return 200 "${smallBody}"; }
  }
  server {
    listen 127.0.0.1:${markerPort} backlog=4096;
    location / { return 200 "${changedBody}"; }
  }
}
`;
}
