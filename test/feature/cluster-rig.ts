// What the tests with an API server share: a stand-in, an echo backend, Portico between them, objects in few words, and requests that are
// repeated until the answer is the wanted one.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { startEchoServer } from '../../src/echo/echo-server.ts';
import type { EchoServer } from '../../src/echo/echo-server.ts';
import { startApiServer } from '../support/api-server/start-api-server.ts';
import type { ApiServer, GivenObject } from '../support/api-server/start-api-server.ts';
import { PATIENCE_MS } from '../support/polling.ts';
import { spawnPortico, startPortico } from './portico.ts';
import type { Portico, PorticoOptions } from './portico.ts';

export interface ClusterRig {
  readonly api: ApiServer;
  /** Answers with `backend` in its JSON. */
  readonly backend: EchoServer;
  /** Starts Portico as this user, or as an administrator; it ends with the rig. */
  start(options?: PorticoOptions & { readonly kubeconfig?: string }): Promise<Portico>;
  /** The same without waiting until it is ready. */
  spawn(options?: PorticoOptions & { readonly kubeconfig?: string }): Promise<Portico>;
  /** Another echo backend, closed with the rig. */
  startBackend(name: string): Promise<EchoServer>;
  close(): Promise<void>;
}

export async function openCluster(): Promise<ClusterRig> {
  const api = await startApiServer();
  const backends: EchoServer[] = [];
  const running: Promise<Portico>[] = [];
  const startBackend = async (name: string): Promise<EchoServer> => {
    const server = await startEchoServer({ identity: { backend: name, endpoint: name, namespace: 'default' }, host: '127.0.0.1', port: 0 });
    backends.push(server);
    return server;
  };
  const backend = await startBackend('backend');
  const keep = (starting: Promise<Portico>): Promise<Portico> => {
    running.push(starting);
    return starting;
  };
  const withSource = ({
    kubeconfig = api.kubeconfig(),
    ...options
  }: PorticoOptions & { readonly kubeconfig?: string }): PorticoOptions => ({
    sourceArgs: ['--kubeconfig', kubeconfig],
    ...options,
  });
  return {
    api,
    backend,
    startBackend,
    start: (options = {}) => keep(startPortico(withSource(options))),
    spawn: (options = {}) => keep(spawnPortico(withSource(options))),
    close: async () => {
      // Also what was starting beside one that could not.
      await Promise.all(running.map((starting) => starting.then((portico) => portico.stop()).catch(() => undefined)));
      await Promise.all(backends.map((server) => server.close()));
      await api.close();
    },
  };
}

export function ingressClass(name = 'nginx', controller = 'k8s.io/ingress-nginx'): GivenObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller } };
}

export interface RouteSpec {
  readonly host: string;
  /** Default the first label of the host. */
  readonly name?: string;
  readonly namespace?: string;
  readonly service?: string;
  readonly secretName?: string;
  readonly className?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An Ingress that routes a host to one Service. */
export function ingress({
  host,
  name = host.split('.')[0] ?? '',
  namespace = 'default',
  service = 'web',
  secretName,
  className = 'nginx',
  annotations = {},
}: RouteSpec): GivenObject {
  const backend = { service: { name: service, port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations },
    spec: {
      ingressClassName: className,
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
      ...(secretName === undefined ? {} : { tls: [{ hosts: [host], secretName }] }),
    },
  };
}

export function service(name = 'web', namespace = 'default'): GivenObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }] },
  };
}

export function endpoints(server: EchoServer, name = 'web', namespace = 'default'): GivenObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [server.host], conditions: { ready: true } }],
    ports: [{ name: 'http', port: server.port, protocol: 'TCP' }],
  };
}

/** Class, Service and endpoints, and an Ingress for the host. */
export function putSite({ api, backend }: ClusterRig, host = 'shop.test'): void {
  for (const object of [ingressClass(), service(), endpoints(backend), ingress({ host })]) api.put(object);
}

export interface HttpAnswer {
  readonly status: number;
  /** Of the echo backend that answered; empty for an answer of Portico. */
  readonly backend: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One request on a connection of its own. */
export function ask({ httpPort }: Portico, host: string, path = '/'): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: httpPort, path, headers: { Host: host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, backend: backendIn(body), headers: response.headers }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** The common name of the certificate that is shown for a host. */
export function askCertificate({ httpsPort }: Portico, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: httpsPort, servername: host, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN ?? ''));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** Waits until a host is answered by this backend; `status` is 200 if nothing else is said. */
export async function waitForAnswer(
  portico: Portico,
  host: string,
  wanted: { readonly status?: number; readonly backend?: string; readonly path?: string },
): Promise<void> {
  const { status = 200, backend, path } = wanted;
  let last: HttpAnswer | undefined;
  await waitUntil(
    async () => {
      last = await ask(portico, host, path).catch(() => undefined);
      return last?.status === status && (backend === undefined || last.backend === backend);
    },
    () => `${host} answers ${JSON.stringify(last)} and not ${JSON.stringify(wanted)}\n${controllerLog(portico)}`,
  );
}

/** Polls until it is true; fails with the message after a while. */
export async function waitUntil(isTrue: () => Promise<boolean> | boolean, message: () => string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    if (performance.now() > endMs) assert.fail(message());
    await sleep(10);
  }
}

export async function isReady({ healthzPort }: Portico): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${healthzPort}/readyz`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
}

/** Value of the first sample with this name, and this text in its labels. Throws where there is none. */
export async function readMetric({ healthzPort }: Portico, name: string, label = ''): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${healthzPort}/metrics`);
  const line = (await response.text()).split('\n').find((text) => text.startsWith(name) && text.includes(label));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.split(' ').at(-1));
}

function backendIn(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'backend' in value ? String(value.backend) : '';
  } catch {
    return '';
  }
}

/** What Portico said, without the access log. */
export function controllerLog(portico: Portico): string {
  const lines = portico.output().split('\n');
  return lines
    .filter((line) => !/^[\d.]+ - /.test(line))
    .slice(-60)
    .join('\n');
}
