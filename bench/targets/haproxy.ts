// HAProxy as a target: hosts are looked up in a map file, which is its fastest way to route many of them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileDescriptorLimit, findProgram } from '../machine.ts';
import { hostName, secureHost } from '../workload.ts';
import type { Setup, Target } from './target.ts';

interface HaproxyConfig {
  readonly setup: Setup;
  readonly mapPath: string;
  readonly certificatePath: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export const haproxyTarget: Target = {
  name: 'haproxy',
  unavailable: () => (findProgram('haproxy') === undefined ? 'haproxy is not installed (Debian package haproxy)' : undefined),
  async prepare(deps, setup) {
    const { directory } = deps;
    const path = join(directory, 'haproxy.cfg');
    const mapPath = join(directory, 'hosts.map');
    const httpPort = await deps.ports.next();
    const httpsPort = await deps.ports.next();
    const hosts = [secureHost, ...Array.from({ length: setup.hosts }, (_, index) => hostName(index))];
    writeFileSync(mapPath, hosts.map((host) => `${host} app\n`).join(''));
    writeFileSync(path, haproxyConfig({ setup, mapPath, certificatePath: deps.certificate.combinedPath, httpPort, httpsPort }));
    return {
      start() {
        const process = deps.processes.start({
          command: 'haproxy',
          args: ['-db', '-f', path],
          cores: deps.cores.proxy(setup.workers),
          stdoutPath: join(directory, 'stdout'),
          stderrPath: join(directory, 'stderr'),
        });
        return { process, httpPort, httpsPort, isReady: () => Promise.resolve(true) };
      },
    };
  },
};

function haproxyConfig({ setup, mapPath, certificatePath, httpPort, httpsPort }: HaproxyConfig): string {
  // HAProxy wants about two descriptors for each connection, and refuses to start with less, unless told otherwise.
  const maxConnections = Math.min(12_000, fileDescriptorLimit() - 1_000);
  return `global
  nbthread ${setup.workers}
  maxconn ${maxConnections}
  no strict-limits
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
  ${setup.accessLog ? 'log stdout format raw local0' : ''}
defaults
  mode http
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 60s
  timeout http-keep-alive 600s
  ${setup.accessLog ? `log global\n  log-format "${logFormat}"` : ''}
frontend plain
  bind 127.0.0.1:${httpPort} backlog 4096
${captureRules(setup)}${headerRules('http')}
  use_backend %[req.hdr(host),lower,map_str(${mapPath},not_found)]
frontend secure
  bind 127.0.0.1:${httpsPort} backlog 4096 ssl crt ${certificatePath} alpn http/1.1
${captureRules(setup)}${headerRules('https')}
  use_backend %[req.hdr(host),lower,map_str(${mapPath},not_found)]
backend app
  server app 127.0.0.1:${setup.backendPort}
backend not_found
  http-request return status 404
`;
}

/** The same facts as in the default format of ingress-nginx, as far as HAProxy knows them. */
const logFormat =
  '%ci - - [%t] \\"%HM %HU %HV\\" %ST %B \\"%[capture.req.hdr(0)]\\" \\"%[capture.req.hdr(1)]\\" %U %Ta [%b] [] %si:%sp %B %Tr %ST %[capture.req.hdr(2)]';

function captureRules({ accessLog }: Setup): string {
  const captured = ['Referer', 'User-Agent', 'X-Request-ID'];
  return accessLog ? captured.map((name) => `  http-request capture req.hdr(${name}) len 256\n`).join('') : '';
}

function headerRules(scheme: 'http' | 'https'): string {
  return `  http-request set-header X-Request-ID %[uuid] unless { req.hdr(X-Request-ID) -m found }
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Forwarded-Scheme ${scheme}
  http-request set-header X-Scheme ${scheme}`;
}
