// The recorder with a real client and a stand-in for the API server; time and leadership are given.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createApiClient } from '../../sources/cluster/api-client.ts';
import type { ApiClient } from '../../sources/cluster/api-client.ts';
import { createCredentials } from '../../sources/cluster/credentials.ts';
import type { ApiServer } from '../../../test/support/api-server/start-api-server.ts';
import { startApiServer } from '../../../test/support/api-server/start-api-server.ts';
import { EventRecorder } from './event-recorder.ts';
import type { ObjectEvent } from './object-event.ts';

function event(name: string, note = 'Scheduled for sync', type: ObjectEvent['type'] = 'Normal'): ObjectEvent {
  const regarding = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    namespace: 'default',
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
  } as const;
  return { regarding, type, reason: type === 'Normal' ? 'Sync' : 'MissingService', action: 'Sync', note };
}

describe('events', () => {
  let api: ApiServer;
  let client: ApiClient;
  let recorder: EventRecorder;
  let nowMs = 0;
  let isLeader = true;
  let counts = { written: 0, failed: 0, dropped: 0 };
  const term = new AbortController();

  before(async () => {
    api = await startApiServer();
    const credentials = await createCredentials({
      kubeconfig: api.kubeconfig(),
      apiserverHost: '',
      certificateAuthority: '',
      env: {},
      nowMs: () => 0,
    });
    client = createApiClient({ credentials, userAgent: 'test', fieldManager: 'test' });
    api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  });
  after(async () => {
    client.close();
    await api.close();
  });
  beforeEach(() => {
    counts = { written: 0, failed: 0, dropped: 0 };
    isLeader = true;
    nowMs = 1_000_000;
    recorder = new EventRecorder({
      client,
      leadership: {
        get isLeader() {
          return isLeader;
        },
        get term() {
          return isLeader ? term.signal : undefined;
        },
      },
      instance: 'pod-a',
      patienceMs: 60_000,
      nowMs: () => nowMs,
      random: () => 0,
      counts,
      onProblem: () => {},
    });
  });
  afterEach(() => {
    for (const { metadata } of api.list('events.k8s.io/v1', 'Event')) {
      api.delete({ apiVersion: 'events.k8s.io/v1', kind: 'Event', name: metadata.name });
    }
  });

  const drain = async (): Promise<void> => {
    recorder.start();
    await recorder.close(AbortSignal.timeout(10_000));
  };
  const stored = () =>
    api.list('events.k8s.io/v1', 'Event') as unknown as readonly {
      readonly note: string;
      readonly regarding: { readonly name: string };
      readonly series?: { readonly count: number };
    }[];

  it('that repeat while they wait are one with a count', async () => {
    for (let count = 0; count < 5; count++) recorder.record(event('shop'));
    recorder.record(event('other'));
    await drain();
    assert.deepEqual(
      stored()
        .map(({ series }) => series?.count)
        .toSorted((left = 0, right = 0) => right - left),
      [5, undefined],
    );
    assert.equal(counts.written, 2);
  });

  it('of one object are limited, without those of another', async () => {
    for (let count = 0; count < 40; count++) recorder.record(event('restless', `note ${count}`));
    recorder.record(event('calm'));
    assert.equal(counts.dropped, 15);
    // A minute gives one more.
    nowMs += 60_000;
    recorder.record(event('restless', 'later'));
    recorder.record(event('restless', 'too many'));
    assert.equal(counts.dropped, 16);
    await drain();
    assert.equal(stored().length, 27);
    assert.ok(stored().some(({ note }) => note === 'later'));
  });

  it('are kept up to a limit, and warnings take the place of others', () => {
    for (let index = 0; index < 2_010; index++) recorder.record(event(`shop-${index}`));
    assert.equal(counts.dropped, 10);
    recorder.record(event('broken', 'PRT-RULE-3', 'Warning'));
    assert.equal(counts.dropped, 11);
  });

  it('are forgotten by a replica that does not lead for longer than an election takes', async () => {
    isLeader = false;
    recorder.record(event('old'));
    nowMs += 40_000;
    recorder.record(event('new'));
    nowMs += 30_000;
    recorder.start();
    // In time for what happened between two leaders.
    isLeader = true;
    await recorder.close(AbortSignal.timeout(10_000));
    assert.deepEqual(
      stored().map(({ regarding }) => regarding.name),
      ['new'],
    );
  });

  it('have names that the API server takes, however long that of the object is', async () => {
    for (const length of [228, 229, 253]) recorder.record(event(`${'a'.repeat(length)}.b`.slice(0, 253)));
    recorder.record(event(`${'a'.repeat(229)}-${'b'.repeat(23)}`));
    await drain();
    assert.deepEqual({ ...counts, stored: stored().length }, { written: 4, failed: 0, dropped: 0, stored: 4 });
  });

  it('whose first one was deleted begin anew', async () => {
    recorder.start();
    recorder.record(event('shop'));
    while (counts.written < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const [first] = api.list('events.k8s.io/v1', 'Event');
    api.delete({ apiVersion: 'events.k8s.io/v1', kind: 'Event', name: first?.metadata.name ?? '' });
    recorder.record(event('shop'));
    await recorder.close(AbortSignal.timeout(10_000));
    assert.equal(stored().length, 1);
    assert.notEqual(api.list('events.k8s.io/v1', 'Event')[0]?.metadata.name, first?.metadata.name);
  });
});
