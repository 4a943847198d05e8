// nginx as a target. A change is what a controller that generates configuration must do: write the whole file again and reload. Changes that
// arrive during a reload wait for its end and then share the next one.
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../load/probe.ts';
import { findProgram } from '../machine.ts';
import type { ManagedProcess } from '../processes.ts';
import { changePath } from '../workload.ts';
import { nginxConfig, nginxServer } from './nginx-config.ts';
import type { NginxConfig } from './nginx-config.ts';
import type { Target } from './target.ts';

const reloadPollMs = 5;

export const nginxTarget: Target = {
  name: 'nginx',
  unavailable: () => (findProgram('nginx') === undefined ? 'nginx is not installed (Debian package nginx)' : undefined),
  async prepare(deps, setup) {
    const { directory, processes } = deps;
    const path = join(directory, 'nginx.conf');
    const httpPort = await deps.ports.next();
    const httpsPort = await deps.ports.next();
    const servers = Array.from({ length: setup.hosts }, (_, index) => nginxServer(index, httpPort));
    const base = { setup, directory, httpPort, httpsPort, markerPort: deps.backends.markerPort, certificate: deps.certificate };
    writeFileSync(path, nginxConfig({ ...base, generation: 0, servers }));
    return {
      start() {
        const process = processes.start({
          command: 'nginx',
          args: ['-p', directory, '-c', path, '-e', join(directory, 'stderr')],
          cores: deps.cores.proxy(setup.workers),
          stdoutPath: join(directory, 'stdout'),
          stderrPath: join(directory, 'stderr'),
        });
        const reloader = createReloader({ process, httpPort, write: (generation) => writeConfig(path, { ...base, generation, servers }) });
        return {
          process,
          httpPort,
          httpsPort,
          isReady: () => Promise.resolve(true),
          change(host, version) {
            const since = performance.now();
            servers[host] = nginxServer(host, httpPort, changePath(version));
            reloader.request();
            return Promise.resolve(since);
          },
        };
      },
    };
  },
};

async function writeConfig(path: string, config: NginxConfig): Promise<void> {
  await writeFile(path, nginxConfig(config));
}

interface ReloaderDeps {
  readonly process: ManagedProcess;
  readonly httpPort: number;
  readonly write: (generation: number) => Promise<void>;
}

/** Reloads when asked, one reload at a time. The signal is the one that `nginx -s reload` sends, without the cost of starting that command. */
function createReloader({ process: nginx, httpPort, write }: ReloaderDeps): { request(): void } {
  let generation = 0;
  let isPending = false;
  let isReloading = false;
  const isLive = async (): Promise<boolean> => {
    const answer = await probe({ port: httpPort, host: 'generation.test', path: '/generation' });
    return answer.body === String(generation);
  };
  const reloadAll = async (): Promise<void> => {
    while (isPending && nginx.isRunning()) {
      isPending = false;
      generation += 1;
      await write(generation);
      process.kill(nginx.pid, 'SIGHUP');
      while (nginx.isRunning() && !(await isLive().catch(() => false))) {
        await delay(reloadPollMs);
      }
    }
  };
  return {
    request() {
      isPending = true;
      if (!isReloading) {
        isReloading = true;
        void reloadAll().finally(() => {
          isReloading = false;
        });
      }
    },
  };
}
