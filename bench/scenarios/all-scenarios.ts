// All scenarios, in the order in which they run.
import type { TargetName } from '../targets/target.ts';
import { responsePaths, uploadBytes } from '../workload.ts';
import { admissionScenario } from './admission.ts';
import { churnScenario } from './churn.ts';
import { clusterChurnScenario } from './cluster-churn.ts';
import { clusterStartScenario } from './cluster-start.ts';
import { idleScenario } from './idle.ts';
import { loadScenario, plainVariant } from './load-scenario.ts';
import type { LoadVariant } from './load-scenario.ts';
import { policiesScenario } from './policies.ts';
import type { Scenario } from './scenario.ts';
import { startScenario } from './start.ts';

const everyone: readonly TargetName[] = ['nginx', 'haproxy', 'portico', 'caddy'];
const withoutCaddy: readonly TargetName[] = ['nginx', 'haproxy', 'portico'];
const nginxOnly: readonly TargetName[] = ['nginx'];
/** nginx's buffers decide how fast it is with large responses, so all common choices are shown. */
const bufferVariants: readonly LoadVariant[] = [
  plainVariant,
  { ...plainVariant, label: 'buffers of ingress-nginx', setup: { nginxBuffers: 'ingress' }, targets: nginxOnly },
  { ...plainVariant, label: 'large buffers', setup: { nginxBuffers: 'large' }, targets: nginxOnly },
];
const plain = { targets: everyone, variants: [plainVariant], connections: 50 };

export const allScenarios: readonly Scenario[] = [
  loadScenario({ ...plain, name: 'small-50', title: 'Small GET, 50 connections' }),
  loadScenario({ ...plain, name: 'small-1000', title: 'Small GET, 1,000 connections', connections: 1_000 }),
  loadScenario({ ...plain, name: 'post-16k', title: 'POST of 16 KiB, 50 connections', uploadBytes }),
  loadScenario({
    ...plain,
    name: 'body-64k',
    title: 'Response of 64 KiB, 50 connections',
    path: responsePaths.kib64,
    variants: bufferVariants,
  }),
  loadScenario({
    ...plain,
    name: 'body-1m',
    title: 'Response of 1 MiB, 50 connections',
    path: responsePaths.mib1,
    variants: bufferVariants,
  }),
  loadScenario({ ...plain, name: 'tls', title: 'Small GET over TLS, 50 kept connections', secure: true }),
  loadScenario({
    ...plain,
    name: 'tls-handshake',
    title: 'Small GET over TLS, a new connection and full handshake each',
    secure: true,
    headers: { Connection: 'close' },
  }),
  loadScenario({
    ...plain,
    name: 'hosts',
    title: 'Small GET with 1 and with many hosts loaded, 50 connections',
    targets: withoutCaddy,
    variants: [
      { ...plainVariant, label: '1 host' },
      { ...plainVariant, label: '{hosts} hosts', hosts: 'many' },
      { ...plainVariant, label: '10 hosts', hosts: 'few' },
    ],
    picksRequests: true,
  }),
  loadScenario({
    ...plain,
    name: 'workers',
    title: 'Small GET with 1 and with 2 workers, 50 connections',
    targets: withoutCaddy,
    variants: [
      { ...plainVariant, label: '1 worker' },
      { ...plainVariant, label: '2 workers', setup: { workers: 2 } },
    ],
  }),
  loadScenario({
    ...plain,
    name: 'access-log',
    title: 'Small GET with an access log to a file, 50 connections',
    variants: [
      { ...plainVariant, label: 'no log' },
      { ...plainVariant, label: 'log', setup: { accessLog: true } },
      { ...plainVariant, label: 'log and metrics', setup: { accessLog: true, metrics: true }, targets: ['portico'] },
    ],
  }),
  policiesScenario,
  idleScenario,
  churnScenario({ name: 'churn', title: '10 changes a second under a moderate load (50 connections, 2 workers)', workers: 2, pauseMs: 10 }),
  churnScenario({ name: 'churn-full', title: '10 changes a second under full load (50 connections, 1 worker)', workers: 1 }),
  startScenario,
  clusterStartScenario,
  clusterChurnScenario,
  admissionScenario,
];
