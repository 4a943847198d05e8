// Tells when the controller has applied everything that was written: a last Ingress with a host that nobody else has, polled until its
// own backend answers, and the Ingress of the step before, removed after everything else and polled until it is gone (a controller may
// believe in a removal later than in an addition). Requests that the probe causes never reach a backend of a case.
import { randomBytes } from 'node:crypto';
import { startEchoServer } from '../../src/echo/echo-server.ts';
import type { EchoServer } from '../../src/echo/echo-server.ts';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import { CaseClient } from './client/case-client.ts';
import type { ControllerProcess } from './controller-process.ts';
import { refOf } from './kubernetes-object.ts';
import type { KubernetesObject, ObjectRef } from './kubernetes-object.ts';
import type { ObjectSink } from './object-sink.ts';
import { echoAnswerOf } from './observation.ts';
import type { Observation } from './observation.ts';
import type { RequestSpec } from './case-format.ts';

export interface ProbeTarget {
  readonly sink: ObjectSink;
  readonly config: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** Waits until what was written before is live, or gives up and tells why. */
export type WaitUntilLive = (controller: ControllerProcess) => Promise<string | undefined>;

/** Name of the Service, and how the names of the Ingresses begin. */
export const PROBE_NAME = 'conformance-probe';
/** Workers apply a change one after another: so many connections in a row must see it that hardly ever one of two workers gets none. */
const ANSWERS_IN_A_ROW = 12;
const LAST_AGE_SECONDS = 1_000_000;

export class ReadinessProbe {
  readonly #server: EchoServer;
  #previous: { readonly ref: ObjectRef; readonly host: string } | undefined;

  constructor(server: EchoServer) {
    this.#server = server;
  }

  static async start(address: string): Promise<ReadinessProbe> {
    const identity = { backend: PROBE_NAME, endpoint: `${PROBE_NAME}-0`, namespace: 'default' };
    return new ReadinessProbe(await startEchoServer({ identity, host: address, port: 0 }));
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** Writes the probe's objects, after everything else of a step. */
  async place(target: ProbeTarget): Promise<WaitUntilLive> {
    const namespace = probeNamespace(target);
    const host = `${randomBytes(8).toString('hex')}.probe.test`;
    for (const object of backendOf(namespace, this.#server)) await target.sink.apply(object, LAST_AGE_SECONDS);
    const ingress = probeIngress(namespace, host, target);
    await target.sink.apply(ingress, LAST_AGE_SECONDS);
    const previous = this.#previous;
    if (previous !== undefined) await target.sink.delete(previous.ref);
    this.#previous = { ref: refOf(ingress), host };
    return async (controller) => waitForAnswers(controller, { host, goneHost: previous?.host, config: target.config });
  }
}

interface ExpectedHosts {
  readonly host: string;
  /** Must not be answered by the probe any more. */
  readonly goneHost: string | undefined;
  readonly config: Readonly<Record<string, string>>;
}

async function waitForAnswers(controller: ControllerProcess, expected: ExpectedHosts): Promise<string | undefined> {
  const client = new CaseClient({
    host: '127.0.0.1',
    httpPort: controller.ports.http,
    httpsPort: controller.ports.https,
    timeoutMs: 2000,
    clientCertificate: () => {
      throw new Error('the probe has no client certificate');
    },
  });
  let last: Observation | undefined;
  const { config, goneHost } = expected;
  const live = await poll({ timeoutMs: PATIENCE_MS, everyMs: 5 }, async () => {
    if (controller.ending !== undefined) return false;
    for (let count = 0; count < ANSWERS_IN_A_ROW; count++) {
      last = await client.send(probeRequest(expected.host, config));
      if (!isAnswer(last, config)) return undefined;
      if (goneHost !== undefined && isProbe(await client.send(probeRequest(goneHost, config)))) return undefined;
    }
    return true;
  });
  if (live === true) return undefined;
  if (controller.ending !== undefined) return `the controller ended with ${controller.ending}: ${controller.lastWords(5)}`;
  const seen = last?.kind === 'response' ? `status ${last.response.status}` : last?.kind === 'failure' ? last.message : 'nothing';
  return `the step was not live after ${PATIENCE_MS} ms, the last answer to the probe was ${seen}`;
}

function isAnswer(observation: Observation, config: Readonly<Record<string, string>>): boolean {
  if (observation.kind !== 'response') return false;
  // Where the settings refuse every client from here, the refusal is the sign.
  if (config['block-cidrs'] !== undefined) return observation.response.status === 403;
  return isProbe(observation);
}

function isProbe(observation: Observation): boolean {
  return echoAnswerOf(observation)?.backend === PROBE_NAME;
}

function probeRequest(host: string, config: Readonly<Record<string, string>>): RequestSpec {
  return {
    scheme: 'http',
    host,
    path: '/',
    headers: {},
    cookies: {},
    chunked: false,
    httpVersion: '1.1',
    repeat: 1,
    parallel: false,
    ...(config['use-proxy-protocol'] === 'true'
      ? { proxyProtocol: { src: '127.0.0.1', srcPort: 40_000, dst: '127.0.0.1', dstPort: 80 } }
      : {}),
  };
}

function flagValue(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** A namespace that the controller watches. */
function probeNamespace(target: ProbeTarget): string {
  const watched = flagValue(target.args, 'watch-namespace');
  if (watched !== undefined) return watched;
  const [key, value] = (flagValue(target.args, 'watch-namespace-selector') ?? '').split('=');
  if (key === undefined || key === '') return 'default';
  const namespace = target.sink.list().find((object) => {
    const labels = object.metadata['labels'] as Readonly<Record<string, string>> | undefined;
    return object.kind === 'Namespace' && labels?.[key] === value;
  });
  return namespace?.metadata.name ?? 'default';
}

function probeIngress(namespace: string, host: string, target: ProbeTarget): KubernetesObject {
  const annotations: Record<string, string> = {};
  if (target.config['global-auth-url'] !== undefined) annotations['nginx.ingress.kubernetes.io/enable-global-auth'] = 'false';
  if (target.config['whitelist-source-range'] !== undefined)
    annotations['nginx.ingress.kubernetes.io/whitelist-source-range'] = '0.0.0.0/0';
  if (target.config['force-ssl-redirect'] === 'true') annotations['nginx.ingress.kubernetes.io/force-ssl-redirect'] = 'false';
  // The address of a Service leads nowhere where no kube-proxy runs.
  if (target.config['service-upstream'] === 'true') annotations['nginx.ingress.kubernetes.io/service-upstream'] = 'false';
  const className = flagValue(target.args, 'ingress-class') ?? 'nginx';
  const isByName = target.args.includes('--ingress-class-by-name');
  const usesField = className === 'nginx' || isByName;
  if (!usesField) annotations['kubernetes.io/ingress.class'] = className;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: `${PROBE_NAME}-${host.split('.')[0]}`, namespace, annotations },
    spec: {
      ...(usesField ? { ingressClassName: className } : {}),
      rules: [
        { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: PROBE_NAME, port: { number: 80 } } } }] } },
      ],
    },
  };
}

function backendOf(namespace: string, server: EchoServer): KubernetesObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: PROBE_NAME, namespace },
      spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: server.port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: PROBE_NAME, namespace, labels: { 'kubernetes.io/service-name': PROBE_NAME } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [server.host], conditions: { ready: true } }],
      ports: [{ name: 'http', port: server.port, protocol: 'TCP' }],
    },
  ];
}
