// The rigs of a run: a proxy under test with a raw backend behind it. Without a target each rig starts a Portico of its own, with short
// timeouts, so that a vector that is never completed is answered within the limit of an exchange.
import { catchAllManifests, type Portico, startPortico } from '../feature/portico.ts';
import { Backend } from './backend.ts';
import { Client } from './client.ts';
import type { Target } from './options.ts';
import type { Rig, Timing } from './request.ts';

export interface OwnedRig extends Rig {
  /** The process under test has ended. */
  hasEnded(): boolean;
  /** Why the proxy cannot be used any more; undefined while it runs and accepts connections. */
  failure(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** ConfigMap keys of ingress-nginx: times in seconds. A retry would make one request two, so there is none. */
const shortTimeouts = {
  'client-header-timeout': '6',
  'client-body-timeout': '6',
  'proxy-read-timeout': '6',
  'proxy-send-timeout': '6',
  'proxy-connect-timeout': '1',
  'proxy-next-upstream': 'off',
  'worker-shutdown-timeout': '1s',
};

export interface RigOptions extends Timing {
  readonly target: Target | undefined;
  /** Whether request bodies are taken as a whole before the backend is called. */
  readonly buffers: boolean;
}

export async function openRig(options: RigOptions): Promise<OwnedRig> {
  const { target } = options;
  const timing: Timing = options;
  const backend = new Backend();
  const backendPort = await backend.listen(target?.backendPort ?? 0);
  if (target !== undefined)
    return {
      proxy: target.proxy,
      backend,
      timing,
      hasEnded: () => false,
      failure: () => Promise.resolve(undefined),
      close: () => backend.close(),
    };
  const config = { ...shortTimeouts, ...(options.buffers && { 'proxy-request-buffering': 'on' }) };
  const portico = await startPortico({ manifests: catchAllManifests([backendPort], config) });
  return {
    proxy: { host: '127.0.0.1', port: portico.httpPort },
    backend,
    timing,
    hasEnded: () => !portico.isRunning(),
    failure: () => failureOf(portico),
    close: async () => {
      await portico.stop();
      await backend.close();
    },
  };
}

async function failureOf(portico: Portico): Promise<string | undefined> {
  const output = (): string => portico.output().slice(-2000);
  if (!portico.isRunning()) return `Portico ended: ${output()}`;
  const client = new Client({ host: '127.0.0.1', port: portico.httpPort });
  const isAccepted = await client.ready().then(
    () => true,
    () => false,
  );
  client.destroy();
  return isAccepted ? undefined : `Portico runs and accepts no connection: ${output()}`;
}
