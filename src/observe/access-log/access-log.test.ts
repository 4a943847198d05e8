import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { AccessLogSettings } from '../../model/settings.ts';
import { createRecord } from '../record-fixture.ts';
import { WorkerCounters, workerCounter } from '../worker-counters.ts';
import { AccessLog, takeBatch } from './access-log.ts';
import type { AccessLogBatch } from './access-log-batcher.ts';

const deps = { ports: { http: 80, https: 443 }, hostname: 'h', pid: 1 };

function createLog(overrides: Partial<AccessLogSettings> = {}): { log: AccessLog; batches: AccessLogBatch[]; counters: WorkerCounters } {
  const batches: AccessLogBatch[] = [];
  const counters = new WorkerCounters();
  const settings: AccessLogSettings = {
    enabled: true,
    format: 'text',
    textFormat: '$request_uri',
    escape: 'default',
    skipUrls: [],
    defaultBackend: false,
    ...overrides,
  };
  const log = new AccessLog(settings, { ...deps, counters, post: (batch) => batches.push(batch) });
  return { log, batches, counters };
}

test('logs what settings and routes ask for', () => {
  const { log, batches } = createLog({ skipUrls: ['/health', '/ping'] });
  for (const target of ['/health', '/healthy', '/ping', '/ping?x']) log.observe(createRecord({ target }));
  log.observe(createRecord({ target: '/quiet', isLogged: false }));
  log.observe(createRecord({ target: '/default', isDefaultBackend: true }));
  log.flush();
  assert.deepEqual(batches, [{ kind: 'access-log', text: '/healthy\n/ping?x\n', lines: 2 }]);

  const off = createLog({ enabled: false });
  off.log.observe(createRecord());
  off.log.flush();
  assert.deepEqual(off.batches, []);

  const all = createLog({ defaultBackend: true });
  all.log.observe(createRecord({ target: '/default', isDefaultBackend: true }));
  all.log.flush();
  assert.equal(all.batches[0]?.text, '/default\n');
});

test('takes new settings', () => {
  const { log, batches } = createLog();
  log.observe(createRecord({ target: '/a' }));
  log.configure({ enabled: true, format: 'json', textFormat: '', escape: 'default', skipUrls: [], defaultBackend: false }, deps);
  log.observe(createRecord({ target: '/b' }));
  log.flush();
  assert.match(batches[0]?.text ?? '', /^\/a\n\{"time":.*"target":"\/b".*\}\n$/);
});

test('sends a batch when it is large, or some time after its first line, and owns no timer else', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { log, batches } = createLog();
    log.observe(createRecord({ target: '/a' }));
    mock.timers.tick(99);
    log.observe(createRecord({ target: '/b' }));
    assert.equal(batches.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(
      batches.map((batch) => batch.text),
      ['/a\n/b\n'],
    );
    mock.timers.tick(1000);
    assert.equal(batches.length, 1);
    const long = `/${'c'.repeat(1000)}`;
    for (let i = 0; i < 33; i++) log.observe(createRecord({ target: long }));
    assert.equal(batches[1]?.lines, 33);
    mock.timers.tick(1000);
    assert.equal(batches.length, 2);
  } finally {
    mock.timers.reset();
  }
});

test('drops and counts batches while the main thread does not take them', () => {
  const { log, batches, counters } = createLog();
  const target = `/${'c'.repeat(4000)}`;
  for (let i = 0; i < 5000; i++) log.observe(createRecord({ target }));
  log.flush();
  const sent = batches.reduce((total, batch) => total + batch.lines, 0);
  assert.ok(sent < 5000);
  assert.equal(sent + counters.get(workerCounter.logLinesDropped), 5000);
  for (const batch of batches) takeBatch(counters, batch);
  const before = batches.length;
  log.observe(createRecord());
  log.flush();
  assert.equal(batches.length, before + 1);
});
