// Portico as a target, started as a user would: `bin/portico serve` on a directory of manifests.
import { existsSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probe } from '../load/probe.ts';
import { changePath } from '../workload.ts';
import { hostManifests, sharedManifests } from './portico-manifests.ts';
import type { RunningTarget, Setup, Target, TargetDeps } from './target.ts';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));

export const porticoTarget: Target = {
  name: 'portico',
  unavailable: () => (existsSync(launcher) ? undefined : 'bin/portico is not there'),
  async prepare(deps, setup) {
    const manifests = mkdtempSync(join(deps.memoryDirectory, 'manifests-'));
    writeFileSync(join(manifests, 'shared.yaml'), sharedManifests({ ...setup, ...deps.backends, certificate: deps.certificate }));
    for (let index = 0; index < setup.hosts; index += 1) {
      writeFileSync(join(manifests, fileName(index)), hostManifests(index, setup));
    }
    const ports = { http: await deps.ports.next(), https: await deps.ports.next(), health: await deps.ports.next() };
    return { start: () => start(deps, setup, { ...ports, manifests }) };
  },
};

function webhookFlags({ certificate }: TargetDeps, port: number): readonly string[] {
  return [
    `--validating-webhook=127.0.0.1:${port}`,
    `--validating-webhook-certificate=${certificate.certificatePath}`,
    `--validating-webhook-key=${certificate.keyPath}`,
  ];
}

interface Places {
  readonly manifests: string;
  readonly http: number;
  readonly https: number;
  readonly health: number;
}

function start(deps: TargetDeps, setup: Setup, { manifests, ...ports }: Places): RunningTarget {
  const { directory } = deps;
  const process = deps.processes.start({
    command: launcher,
    args: [
      ...['serve', '--manifests', manifests, '--bind', '127.0.0.1'],
      ...['--http-port', String(ports.http), '--https-port', String(ports.https), '--healthz-port', String(ports.health)],
      ...['--workers', String(setup.workers), '--configmap', 'bench/controller'],
      ...(setup.metrics ? ['--enable-metrics'] : []),
      ...(setup.webhookPort === undefined ? [] : webhookFlags(deps, setup.webhookPort)),
    ],
    cores: deps.cores.proxy(setup.workers),
    stdoutPath: join(directory, 'stdout'),
    stderrPath: join(directory, 'stderr'),
  });
  return {
    process,
    httpPort: ports.http,
    httpsPort: ports.https,
    metricsPort: ports.health,
    isReady: async () => (await probe({ port: ports.health, host: 'localhost', path: '/readyz' })).status === 200,
    async change(host, version) {
      // As an editor or a mounted volume does it: the new file replaces the old one in one step.
      const written = `${manifests}-change-${version}`;
      await writeFile(written, hostManifests(host, setup, changePath(version)));
      const since = performance.now();
      renameSync(written, join(manifests, fileName(host)));
      return since;
    },
  };
}

function fileName(index: number): string {
  return `app-${String(index).padStart(5, '0')}.yaml`;
}
