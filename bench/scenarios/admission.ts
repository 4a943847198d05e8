// Reviews of Ingresses by the admission webhook, over kept HTTPS connections, with many hosts loaded and one change every tenth of a second:
// new hosts, which are allowed, paths that belong to another Ingress, which are refused, and changes of Ingresses that are there.
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sample } from '../measure/metric.ts';
import { percentile } from '../measure/statistics.ts';
import type { RunningTarget } from '../targets/target.ts';
import { busyHosts, hostName } from '../workload.ts';
import { plainSetup, prepareSubject, runRounds } from './scenario.ts';
import type { Bench, Scenario } from './scenario.ts';
import { waitUntilServing } from './serving.ts';

/** API servers ask for each write at once. */
const connections = 4;
const changeEveryMs = 100;
/** Rules of each Ingress that is asked about. */
const rulesPerIngress = 5;

interface Reviewed {
  readonly running: RunningTarget;
  readonly port: number;
}

export const admissionScenario: Scenario = {
  name: 'admission',
  title: `Reviews by the admission webhook, ${connections} connections, 10 changes a second`,
  columns: ['requestsPerSecond', 'p50Ms', 'p99Ms', 'failed'],
  run: (bench) => {
    const hosts = bench.options.manyHosts;
    const subjects = bench.targets
      .filter(({ name }) => name === 'portico')
      .map((target) => ({ target, variant: `${hosts.toLocaleString('en')} hosts`, setup: { ...plainSetup(bench), hosts } }));
    return runRounds(bench, subjects, {
      begin: async (subject): Promise<Reviewed> => {
        const port = await bench.ports.next();
        const running = (await prepareSubject(bench, { ...subject, setup: { ...subject.setup, webhookPort: port } })).start();
        await waitUntilServing(running, busyHosts(hosts));
        await measure(bench, { running, port }, 1);
        return { running, port };
      },
      measure: async (_, reviewed) => {
        const sample = await measure(bench, reviewed, bench.options.seconds);
        bench.log(`  portico ${sample.requestsPerSecond?.toFixed(0)} reviews/s, p99 ${sample.p99Ms?.toFixed(2)} ms`);
        return sample;
      },
      end: ({ running }) => running.process.stop(),
    });
  },
};

async function measure(bench: Bench, { running, port }: Reviewed, seconds: number): Promise<Sample> {
  const hosts = bench.options.manyHosts;
  const endMs = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() >= endMs;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, rejectUnauthorized: false });
  const timesMs: number[] = [];
  let failed = 0;
  let asked = 0;
  const ask = async (): Promise<void> => {
    while (!isOver()) {
      const question = questionOf(asked++, hosts);
      const startedAt = performance.now();
      const isAllowed = await review(question.body, port, agent);
      timesMs.push(performance.now() - startedAt);
      if (isAllowed !== question.isAllowed) failed++;
    }
  };
  const change = async (): Promise<void> => {
    for (let version = 1; !isOver(); version++) {
      await running.change?.(version % hosts, version);
      await delay(changeEveryMs);
    }
  };
  await Promise.all([change(), ...Array.from({ length: connections }, ask)]);
  agent.destroy();
  return { requestsPerSecond: timesMs.length / seconds, p50Ms: percentile(timesMs, 50), p99Ms: percentile(timesMs, 99), failed };
}

function questionOf(index: number, hosts: number): { readonly body: string; readonly isAllowed: boolean } {
  const other = (index * 7919) % hosts;
  switch (index % 4) {
    case 0:
      return { body: reviewOf(`app-${other}`, [hostName(other)]), isAllowed: true };
    case 1:
      return { body: reviewOf('asked', [...newHosts(index, rulesPerIngress - 1), hostName(other)]), isAllowed: false };
    default:
      return { body: reviewOf('asked', newHosts(index, rulesPerIngress)), isAllowed: true };
  }
}

function newHosts(index: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, rule) => `new-${index}-${rule}.bench.test`);
}

function reviewOf(name: string, hosts: readonly string[]): string {
  const namespace = 'bench';
  const backend = { service: { name: 'marker', port: { number: 80 } } };
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '30' } },
    spec: {
      ingressClassName: 'nginx',
      rules: hosts.map((host) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } })),
    },
  };
  const kind = { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' };
  const asked = { uid: 'bench', kind, namespace, name, operation: 'UPDATE', object, oldObject: object };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked });
}

function review(body: string, port: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/networking/v1/ingresses', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text.includes('"allowed":true')));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
