// Caddy as a target, for the scenarios with one host.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../machine.ts';
import { hostName, secureHost } from '../workload.ts';
import type { Setup, Target, TargetDeps } from './target.ts';

export const caddyTarget: Target = {
  name: 'caddy',
  unavailable: () => (findProgram('caddy') === undefined ? 'caddy is not installed (Debian package caddy)' : undefined),
  async prepare(deps, setup) {
    const { directory } = deps;
    const path = join(directory, 'Caddyfile');
    const httpPort = await deps.ports.next();
    const httpsPort = await deps.ports.next();
    mkdirSync(join(directory, 'home'));
    writeFileSync(path, caddyfile(deps, setup, { httpPort, httpsPort }));
    return {
      start() {
        const home = join(directory, 'home');
        const process = deps.processes.start({
          command: 'caddy',
          args: ['run', '--config', path, '--adapter', 'caddyfile'],
          cores: deps.cores.proxy(setup.workers),
          stdoutPath: join(directory, 'stdout'),
          stderrPath: join(directory, 'stderr'),
          env: { GOMAXPROCS: String(setup.workers), XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, HOME: home },
        });
        return { process, httpPort, httpsPort, isReady: () => Promise.resolve(true) };
      },
    };
  },
};

function caddyfile(deps: TargetDeps, setup: Setup, { httpPort, httpsPort }: { httpPort: number; httpsPort: number }): string {
  const hosts = Array.from({ length: setup.hosts }, (_, index) => `http://${hostName(index)}:${httpPort}`);
  const log = setup.accessLog ? 'log {\n    output stdout\n    format json\n  }' : '';
  const proxy = (port: number): string => `bind 127.0.0.1
  ${log}
  reverse_proxy 127.0.0.1:${setup.backendPort} {
    header_up X-Request-ID {http.request.uuid}
    header_up X-Real-IP {http.request.remote.host}
    header_up X-Forwarded-Port ${port}
    header_up X-Forwarded-Scheme {http.request.scheme}
    header_up X-Scheme {http.request.scheme}
    transport http {
      keepalive 600s
      keepalive_idle_conns_per_host 320
      compression off
    }
  }`;
  return `{
  admin off
  auto_https off
  servers {
    protocols h1
  }
  log default {
    level ERROR
  }
}
http://${secureHost}:${httpPort}, ${hosts.join(', ')} {
  ${proxy(httpPort)}
}
https://${secureHost}:${httpsPort} {
  tls ${deps.certificate.certificatePath} ${deps.certificate.keyPath}
  ${proxy(httpsPort)}
}
`;
}
