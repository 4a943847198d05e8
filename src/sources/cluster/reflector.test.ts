// A reflector with a real client and the stand-in for an API server.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startApiServer } from '../../../test/support/api-server/start-api-server.ts';
import type { ApiServer } from '../../../test/support/api-server/start-api-server.ts';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import { createApiClient } from './api-client.ts';
import { apiResources } from './api-resource.ts';
import { createCredentials } from './credentials.ts';
import { runReflector } from './reflector.ts';

let api: ApiServer;
const stop = new AbortController();

before(async () => {
  api = await startApiServer();
});
after(async () => {
  stop.abort();
  await api.close();
});

it('lists again where the server has an older state, from which it would say nothing', async () => {
  const put = (name: string) => api.put({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } });
  for (const name of ['a', 'b', 'c']) put(name);
  const nowMs = () => performance.now();
  const credentials = await createCredentials({
    kubeconfig: api.kubeconfig(),
    apiserverHost: '',
    certificateAuthority: '',
    env: {},
    nowMs,
  });
  const timing = { requestTimeoutMs: 5_000, watchIdleTimeoutMs: 300 };
  const client = createApiClient({ credentials, userAgent: 'test', fieldManager: 'test', timing });
  const known = new Set<string>();
  let listed = new Set<string>();
  const sink = {
    beginList: () => void (listed = new Set()),
    endList: () => {
      for (const name of known) if (!listed.has(name)) known.delete(name);
    },
    upsert: ({ name }: { readonly name: string }) => {
      listed.add(name);
      known.add(name);
    },
    remove: ({ name }: { readonly name: string }) => void known.delete(name),
  };
  const observer = { onContact: () => {}, onFailure: () => {} };
  const collection = { resource: apiResources.Service, namespace: 'default' };
  const run = runReflector({ client, collection, sink, observer, random: Math.random, nowMs }, stop.signal);
  const waitFor = async (names: string): Promise<void> => {
    const isThere = await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, () => [...known].toSorted().join() === names || undefined);
    assert.ok(isThere, `${[...known].join()}, not ${names}`);
  };
  await waitFor('a,b,c');
  await api.kill();
  await api.restart({ isStateLost: true, isRewound: true });
  put('d');
  await waitFor('d');
  stop.abort();
  await run;
  client.close();
});
