// What the barrier raises floors on must be true of a right program: an Ingress that waits for its Secret is not live yet, though the
// sentinel that was written after it is.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { EchoServer } from '../../src/echo/echo-server.ts';
import { ask, openCluster, waitForAnswer } from '../feature/cluster-rig.ts';
import type { ClusterRig } from '../feature/cluster-rig.ts';
import { createCertificateIssuer } from '../support/certificates.ts';
import { createRandom } from '../torture/random.ts';
import { startBackends } from './backends.ts';
import { settle } from './barrier.ts';
import { History } from './history.ts';
import { Journal } from './journal.ts';
import { Replica } from './replica.ts';
import { Traffic } from './traffic.ts';
import { hostOf, issueCertificates, World } from './world.ts';

let rig: ClusterRig;
let servers: readonly EchoServer[] = [];

before(async () => {
  rig = await openCluster();
});

after(async () => {
  await rig.close();
  await Promise.all(servers.map((server) => server.close()));
});

it('waits for an Ingress whose Secret is long in coming', async () => {
  const { backends, port, servers: started } = await startBackends();
  servers = started;
  const { api } = rig;
  const [history, journal, random] = [new History(() => performance.now()), new Journal(), createRandom('barrier')];
  const certificates = await issueCertificates(createCertificateIssuer({ poolSize: 2, now: Date.now }));
  const world = new World({ api, history, journal, random, backends, backendPort: port, certificates });
  const traffic = new Traffic({ api, history, journal, world, random });
  const replica = new Replica({ name: 'replica-0', workers: 1, rig, history });
  await replica.start();
  const { life } = replica;
  const site = world.sites.find((name) => world.secretOf(name) !== undefined);
  const state = site === undefined ? undefined : history.state('ingress', site, history.newest('ingress', site));
  assert.ok(life !== undefined && site !== undefined && state !== undefined);
  world.write('ingress', site, undefined);
  await waitForAnswer(life.portico, hostOf(site), { status: 404 });
  const hasten = api.fail({ verbs: ['get'], resource: 'secrets', status: 200, delayMs: 600 });
  world.write('ingress', site, state);
  const faults = await settle({ api, history, journal, world, traffic, replicas: [replica] });
  hasten();
  assert.deepEqual([...faults, ...traffic.tally.faults], []);
  assert.ok(traffic.tally.right > 0);
  assert.equal((await ask(life.portico, hostOf(site))).status === 404, false);
  await traffic.close();
});
