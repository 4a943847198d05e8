// A reflector with a real client and the stand-in for an API server.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startApiServer } from '../../../test/support/api-server/start-api-server.ts';
import type { ApiServer } from '../../../test/support/api-server/start-api-server.ts';
import { PATIENCE_MS, poll } from '../../../test/support/polling.ts';
import { createApiClient } from './api-client.ts';
import { apiResources } from './api-resource.ts';
import { createCredentials } from './credentials.ts';
import { ListRequest, runReflector } from './reflector.ts';

let api: ApiServer;

before(async () => {
  api = await startApiServer();
});
after(async () => {
  await api.close();
});

interface Watched {
  readonly known: ReadonlySet<string>;
  readonly listRequest: ListRequest;
  waitFor(names: string): Promise<void>;
  stop(): Promise<void>;
}

/** The names of all Services, as a reflector tells them. */
async function watchServices(watchIdleTimeoutMs = 150_000): Promise<Watched> {
  const stop = new AbortController();
  const nowMs = () => performance.now();
  const credentials = await createCredentials({
    kubeconfig: api.kubeconfig(),
    apiserverHost: '',
    certificateAuthority: '',
    env: {},
    nowMs,
  });
  const timing = { requestTimeoutMs: 5_000, watchIdleTimeoutMs };
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
  const listRequest = new ListRequest();
  const run = runReflector({ client, collection, sink, observer, random: Math.random, nowMs, listRequest }, stop.signal);
  return {
    known,
    listRequest,
    waitFor: async (names) => {
      const isThere = await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, () => [...known].toSorted().join() === names || undefined);
      assert.ok(isThere, `${[...known].join()}, not ${names}`);
    },
    stop: async () => {
      stop.abort();
      await run;
      client.close();
    },
  };
}

const put = (name: string): unknown => api.put({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } });
const waitForLists = async (count: number): Promise<void> => {
  const lists = (): number => api.requests.filter(({ verb, path }) => verb === 'list' && path.includes('limit=500')).length;
  assert.ok(await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, () => lists() >= count || undefined), `${lists()} lists, not ${count}`);
};

it('lists again at once where the server comes back with an older state, from which it would say nothing', async () => {
  for (const name of ['a', 'b', 'c']) put(name);
  const services = await watchServices();
  await services.waitFor('a,b,c');
  await api.kill();
  await api.restart({ isStateLost: true, isRewound: true });
  put('d');
  await services.waitFor('d');
  await services.stop();
});

it('lists again after a watch without a word for longer than bookmarks take', async () => {
  api.forgetRequests();
  const services = await watchServices(200);
  await waitForLists(3);
  await services.stop();
});

it('lists again when somebody asks for it', async () => {
  api.forgetRequests();
  const services = await watchServices();
  await waitForLists(1);
  services.listRequest.ask();
  await waitForLists(2);
  put('e');
  await services.waitFor('d,e');
  await services.stop();
});
