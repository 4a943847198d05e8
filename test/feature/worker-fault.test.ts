// A worker thread that dies is replaced by one that serves everything at once, and the others carry the traffic meanwhile.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { ask, controllerLog, ingress, openCluster, putSite, readMetric, waitForAnswer, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';

const fault = new URL('../support/worker-fault.ts', import.meta.url).href;
/** Enough that each of two workers gets some. */
const REQUESTS = 40;

let rig: ClusterRig;

before(async () => {
  rig = await openCluster();
  putSite(rig);
});
after(() => rig.close());

it('a worker that dies takes no route with it', async () => {
  const portico = await rig.start({ workers: 2, env: { NODE_OPTIONS: `--import=${fault}` }, args: ['--enable-metrics'] });
  const hosts = ['shop.test', ...Array.from({ length: 9 }, (_, index) => `later-${index}.test`)];
  for (const host of hosts.slice(1)) rig.api.put(ingress({ host }));
  for (const host of hosts) await waitForAnswer(portico, host, { backend: 'backend' });
  process.kill(portico.pid, 'SIGUSR2');
  let turn = 0;
  const askNext = async (): Promise<void> => {
    const host = hosts[turn++ % hosts.length] ?? '';
    const { status, backend } = await ask(portico, host);
    assert.deepEqual([status, backend], [200, 'backend'], host);
  };
  await waitUntil(
    async () => {
      // The thread may die with the connection; no other failure is forgiven.
      await askNext().catch((error: unknown) => {
        if (error instanceof assert.AssertionError) throw error;
      });
      return (await readMetric(portico, 'portico_table_version', '"worker-2"').catch(() => 0)) > 0;
    },
    () => controllerLog(portico),
  );
  for (let index = 0; index < REQUESTS; index++) await askNext();
  await waitUntil(
    () => /a worker died of a fault; it is started again/.test(controllerLog(portico)),
    () => controllerLog(portico),
  );
});
