import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricsSettings } from '../../model/settings.ts';
import { findSamples, parseExposition } from '../exposition-parser.ts';
import type { ParsedSample } from '../exposition-parser.ts';
import { createMetricsSettings, createRecord } from '../record-fixture.ts';
import { RequestMetrics } from './request-metrics.ts';
import { RequestMetricsCollector } from './request-metrics-collector.ts';
import { printRequestMetrics } from './request-metrics-text.ts';
import type { RequestMetricsMessage } from './series-labels.ts';
import { SLOTS_PER_SEGMENT } from './series-labels.ts';

interface Pair {
  readonly metrics: RequestMetrics;
  readonly collector: RequestMetricsCollector;
  readonly messages: RequestMetricsMessage[];
  readonly overflows: () => number;
  find(name: string, labels?: Record<string, string>): readonly ParsedSample[];
}

function createPair(overrides: Partial<MetricsSettings> = {}): Pair {
  const settings = createMetricsSettings(overrides);
  const messages: RequestMetricsMessage[] = [];
  let overflows = 0;
  const collector = new RequestMetricsCollector(settings, { postFree: (_worker, slots) => metrics.free(slots) });
  const metrics = new RequestMetrics(settings, {
    post: (message) => {
      messages.push(message);
      collector.receive(0, message);
    },
    onOverflow: () => overflows++,
  });
  const find = (name: string, labels: Record<string, string> = {}): readonly ParsedSample[] => {
    metrics.flush();
    const page = parseExposition([...printRequestMetrics(collector, 'controller_class="c"')].join(''));
    return findSamples(page, `nginx_ingress_controller_${name}`, labels);
  };
  return { metrics, collector, messages, overflows: () => overflows, find };
}

test('counts by host, method, status and canary of one route', () => {
  const { metrics, find } = createPair();
  const series = metrics.createRouteSeries(createRecord().labels);
  series.observe(createRecord());
  series.observe(createRecord());
  series.observe(createRecord({ method: 'POST' }));
  series.observe(createRecord({ status: 404 }));
  series.observe(createRecord());
  series.observe(createRecord({ alternativeUpstreamName: 'default-canary-80' }));
  series.observe(createRecord({ host: 'other.test' }));
  const count = (labels: Record<string, string>): number | undefined => {
    const samples = find('requests', labels);
    return samples.length === 1 ? samples[0]?.value : undefined;
  };
  assert.equal(count({ host: 'shop.test', method: 'GET', status: '200', canary: '' }), 3);
  assert.equal(count({ host: 'shop.test', method: 'POST', status: '200', canary: '' }), 1);
  assert.equal(count({ host: 'shop.test', method: 'GET', status: '404', canary: '' }), 1);
  assert.equal(count({ canary: 'default-canary-80' }), 1);
  assert.equal(count({ host: 'other.test' }), 1);
  const labels = find('requests', { host: 'other.test' })[0]?.labels;
  assert.deepEqual(labels, {
    controller_class: 'c',
    host: 'other.test',
    namespace: 'default',
    ingress: 'shop',
    service: 'web',
    path: '/app',
    canary: '',
    method: 'GET',
    status: '200',
  });
});

test('counts on in the same series when the route is compiled again', () => {
  const { metrics, find } = createPair();
  const labels = createRecord().labels;
  metrics.createRouteSeries(labels).observe(createRecord());
  metrics.createRouteSeries({ ...labels }).observe(createRecord());
  metrics.observe(createRecord());
  assert.deepEqual(
    find('requests').map((sample) => sample.value),
    [3],
  );
});

test('puts values on a bound into the bucket of that bound', () => {
  const { metrics, find } = createPair();
  metrics.observe(createRecord({ durationSeconds: 0.005, requestBytes: 101, sentBytes: 10 }));
  assert.equal(find('request_duration_seconds_bucket', { le: '0.005' })[0]?.value, 1);
  assert.equal(find('request_size_bucket', { le: '100' })[0]?.value, 0);
  assert.equal(find('request_size_bucket', { le: '+Inf' })[0]?.value, 1);
  assert.equal(find('request_size_sum')[0]?.value, 101);
  assert.equal(find('response_size_bucket', { le: '10' })[0]?.value, 1);
  assert.deepEqual(
    find('bytes_sent_bucket').map((sample) => sample.labels['le']),
    ['10', '100', '1000', '10000', '100000', '1e+06', '1e+07', '+Inf'],
  );
});

test('shows no backend times for requests that no backend answered', () => {
  const { metrics, find } = createPair();
  metrics.observe(createRecord({ status: 503, attempts: [] }));
  const failed = { address: '10.0.0.1:80', status: 0, responseBytes: 0, connectSeconds: -1, headerSeconds: -1, responseSeconds: -1 };
  metrics.observe(createRecord({ status: 502, attempts: [failed] }));
  assert.equal(find('requests').length, 2);
  for (const name of ['connect_duration_seconds_count', 'header_duration_seconds_count', 'response_duration_seconds_count']) {
    assert.deepEqual(find(name), []);
  }
  assert.equal(find('request_duration_seconds_count').length, 2);
});

test('takes backend times from the last attempt', () => {
  const { metrics, find } = createPair();
  const failed = { address: '10.0.0.1:80', status: 0, responseBytes: 0, connectSeconds: -1, headerSeconds: -1, responseSeconds: -1 };
  const answered = { ...failed, status: 200, connectSeconds: 0.25, headerSeconds: 0.5, responseSeconds: 0.75 };
  metrics.observe(createRecord({ attempts: [failed, answered] }));
  assert.equal(find('connect_duration_seconds_sum')[0]?.value, 0.25);
  assert.equal(find('header_duration_seconds_sum')[0]?.value, 0.5);
  assert.equal(find('response_duration_seconds_sum')[0]?.value, 0.75);
});

test('leaves out hosts that no object names, unless told otherwise', () => {
  const unknown = createRecord({ host: 'unknown.test', isHostDefined: false });
  const plain = createPair();
  plain.metrics.observe(unknown);
  assert.deepEqual(plain.find('requests'), []);
  const perUndefined = createPair({ perUndefinedHost: true });
  perUndefined.metrics.observe(unknown);
  assert.equal(perUndefined.find('requests', { host: 'unknown.test' })[0]?.value, 1);
  const withoutHost = createPair({ perHost: false });
  withoutHost.metrics.observe(unknown);
  withoutHost.metrics.observe(createRecord());
  const [sample, ...others] = withoutHost.find('requests');
  assert.equal(sample?.value, 2);
  assert.equal(others.length, 0);
  assert.equal(Object.hasOwn(sample?.labels ?? {}, 'host'), false);
});

test('joins statuses to classes when asked', () => {
  const { metrics, find } = createPair({ statusClasses: true });
  metrics.observe(createRecord({ status: 200 }));
  metrics.observe(createRecord({ status: 204 }));
  metrics.observe(createRecord({ status: 503 }));
  assert.deepEqual(
    find('requests').map(({ labels, value }) => [labels['status'], value]),
    [
      ['2xx', 2],
      ['5xx', 1],
    ],
  );
});

test('counts unregistered methods together', () => {
  const { metrics, find } = createPair();
  metrics.observe(createRecord({ method: 'PROPFIND' }));
  for (let i = 0; i < 50; i++) metrics.observe(createRecord({ method: `X${i}` }));
  assert.deepEqual(
    find('requests').map(({ labels, value }) => [labels['method'], value]),
    [
      ['PROPFIND', 1],
      ['OTHER', 50],
    ],
  );
});

test('leaves out excluded metrics, with or without prefix', () => {
  const { metrics, find } = createPair({ excluded: ['nginx_ingress_controller_request_size', 'header_duration_seconds', 'requests'] });
  metrics.observe(createRecord());
  assert.deepEqual(find('request_size_count'), []);
  assert.deepEqual(find('header_duration_seconds_count'), []);
  assert.deepEqual(find('requests'), []);
  assert.equal(find('connect_duration_seconds_sum')[0]?.value, 0.001);
  assert.equal(find('bytes_sent_sum')[0]?.value, 1234);
});

test('stops at the bound on series and counts what it cannot count', () => {
  const { metrics, find, overflows } = createPair({ maxSeries: 3, perUndefinedHost: true });
  for (let round = 0; round < 2; round++) {
    for (let host = 0; host < 5; host++) metrics.observe(createRecord({ host: `h${host}.test`, isHostDefined: false }));
  }
  assert.equal(find('requests').length, 3);
  assert.equal(find('requests', { host: 'h0.test' })[0]?.value, 2);
  assert.equal(overflows(), 4);
});

test('grows by segments and announces each before its series', () => {
  const { metrics, find, messages } = createPair();
  const hosts = SLOTS_PER_SEGMENT * 2 + 1;
  for (let host = 0; host < hosts; host++) metrics.observe(createRecord({ host: `h${host}.test` }));
  assert.equal(find('requests').length, hosts);
  assert.equal(messages.filter((message) => message.kind === 'request-metrics-segment').length, 3);
  assert.equal(
    find('requests').every((sample) => sample.value === 1),
    true,
  );
});

test('gives slots back for series that went away, while their route still counts', () => {
  const { metrics, collector, find, messages } = createPair();
  const old = metrics.createRouteSeries(createRecord().labels);
  old.observe(createRecord());
  metrics.flush();
  collector.retain(() => false);
  assert.equal(collector.seriesCount, 0);
  // Another series takes the slot; a request of the old route that ends late must not be counted there.
  metrics.observe(createRecord({ labels: { ...createRecord().labels, ingress: 'next' } }));
  old.observe(createRecord());
  assert.equal(find('requests', { ingress: 'next' })[0]?.value, 1);
  assert.equal(find('requests', { ingress: 'shop' })[0]?.value, 1);
  assert.equal(messages.filter((message) => message.kind === 'request-metrics-segment').length, 1);
});
