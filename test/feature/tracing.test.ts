// Tracing over real sockets: what a collector and a backend get, which decisions are taken, and that a collector that is away costs no request.
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { KIND_SERVER, OtlpCollector, STATUS_ERROR } from '../support/otlp-collector.ts';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import { type Portico, startPortico } from './portico.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';
const PARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;
const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/;
const POLLING = { timeoutMs: PATIENCE_MS, everyMs: 10 };

const collector = new OtlpCollector();
const seen = new Map<string, IncomingHttpHeaders>();
const backend: Server = createServer((message, response) => {
  seen.set(message.url ?? '', message.headers);
  const status = /status=(\d+)/.exec(message.url ?? '')?.[1];
  response.writeHead(Number(status ?? 200)).end('ok');
});
let portico: Portico;
let collectorPort = 0;

interface Sent {
  readonly host?: string;
  readonly headers?: Record<string, string>;
}

/** Returns the status. */
async function ask(path: string, { host = 'plain.test', headers = {} }: Sent = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: portico.httpPort, path, agent: false, headers: { host, ...headers } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Trace id, span id and flags that the backend was sent. */
function contextAt(path: string): readonly [traceId: string, spanId: string, flags: string] {
  const value = String(seen.get(path)?.['traceparent']);
  const [, traceId = '', spanId = '', flags = ''] = TRACE_PARENT.exec(value) ?? [];
  assert.notEqual(traceId, '', `traceparent is ${value}`);
  return [traceId, spanId, flags];
}

function ingress(host: string, annotations: Record<string, string>): object {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]);
  const backend = { service: { name: 'backend', port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: host.replaceAll('.', '-'), namespace: 'default', annotations: Object.fromEntries(prefixed) },
    spec: { ingressClassName: 'nginx', rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  };
}

function configMap(data: Record<string, string>): string {
  const all = {
    'enable-opentelemetry': 'true',
    'otlp-collector-host': '127.0.0.1',
    'otlp-collector-port': String(collectorPort),
    'otel-schedule-delay-millis': '20',
    'annotations-risk-level': 'Critical',
    'allow-snippet-annotations': 'true',
    'log-format-upstream': 'LOG $request_uri $opentelemetry_trace_id $opentelemetry_span_id $opentelemetry_context_traceparent',
    ...data,
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller', namespace: 'default' }, data: all });
}

/** Writes the ConfigMap and waits until a request shows what it says. */
async function configure(data: Record<string, string>, isLive: () => Promise<boolean>): Promise<void> {
  portico.write('config.yaml', configMap(data));
  const live = await poll(POLLING, async () => ((await isLive()) ? true : undefined));
  assert.ok(live, 'the ConfigMap did not become live');
}

async function spansBy(result: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${portico.healthzPort}/metrics`)).text();
  return Number(new RegExp(`^portico_spans_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(page)?.[1]);
}

before(async () => {
  collectorPort = await collector.listen();
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const address = backend.address();
  assert.ok(address !== null && typeof address === 'object');
  const objects = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'backend', namespace: 'default' }, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'backend', namespace: 'default', labels: { 'kubernetes.io/service-name': 'backend' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: address.port }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
    ingress('plain.test', {}),
    ingress('off.test', { 'enable-opentelemetry': 'false' }),
    ingress('own.test', {
      'enable-opentelemetry': 'true',
      'opentelemetry-trust-incoming-span': 'false',
      'opentelemetry-operation-name': 'own-$request_method-$http_x_kind',
    }),
    ingress('closed.test', { 'whitelist-source-range': '10.0.0.0/8' }),
    ingress('snippet.test', {
      'configuration-snippet': 'proxy_set_header traceparent "none"; proxy_set_header X-Trace $opentelemetry_trace_id;',
    }),
    ingress('auth.test', {
      'auth-url': `http://127.0.0.1:${address.port}/may-i`,
      'opentelemetry-trust-incoming-span': 'false',
      'enable-opentelemetry': 'true',
    }),
    ingress('mirror.test', { 'mirror-target': `http://127.0.0.1:${address.port}/the-copy` }),
    ingress('limited.test', { 'proxy-body-size': '1' }),
  ];
  portico = await startPortico({
    args: ['--enable-metrics'],
    manifests: { 'all.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n'), 'config.yaml': configMap({}) },
  });
});

after(async () => {
  await portico.stop();
  await collector.close();
  backend.close();
});

describe('a traced request', () => {
  test('is a server span with the attributes of the module of nginx, and tells the backend', async () => {
    await ask('/first?a=1', { headers: { 'user-agent': 'test/1.0' } });
    const [traceId, spanId, flags] = contextAt('/first?a=1');
    const span = await collector.spanOf('/first?a=1');
    assert.deepEqual([span.traceId, span.spanId, span.parentSpanId, flags], [traceId, spanId, '', '01']);
    assert.equal(span.kind, KIND_SERVER);
    assert.equal(span.name, '/');
    assert.equal(span.statusCode, 0);
    assert.ok(span.endNs > span.startNs);
    const ageMs = Math.abs(Date.now() - Number(span.startNs / 1_000_000n));
    assert.ok(ageMs < 60_000, `the span began ${ageMs} ms ago`);
    const { 'net.peer.port': peerPort, ...attributes } = span.attributes;
    assert.ok(typeof peerPort === 'number' && peerPort > 0);
    assert.deepEqual(attributes, {
      'http.method': 'GET',
      'http.flavor': '1.1',
      'http.target': '/first?a=1',
      'http.server_name': 'plain.test',
      'http.host': 'plain.test',
      'http.user_agent': 'test/1.0',
      'http.status_code': 200,
      'http.scheme': 'http',
      'net.host.port': portico.httpPort,
      'net.peer.ip': '127.0.0.1',
      'ingress.namespace': 'default',
      'ingress.service_name': 'backend',
      'ingress.name': 'plain-test',
      'ingress.upstream': 'default-backend-80',
    });
    assert.equal(span.resource['service.name'], 'nginx');
  });

  test('goes on with the trace of its client, and with its tracestate', async () => {
    await ask('/child', { headers: { traceparent: PARENT, tracestate: 'a=1, b=2' } });
    const span = await collector.spanOf('/child');
    assert.deepEqual([span.traceId, span.parentSpanId, span.traceState], [TRACE_ID, PARENT_ID, 'a=1,b=2']);
    assert.deepEqual(contextAt('/child'), [TRACE_ID, span.spanId, '01']);
    assert.equal(seen.get('/child')?.['tracestate'], 'a=1,b=2');
  });

  test('begins a new trace where the context of the client is not valid', async () => {
    await ask('/broken', { headers: { traceparent: `00-${TRACE_ID}-${'0'.repeat(16)}-01`, tracestate: 'a=1' } });
    const span = await collector.spanOf('/broken');
    assert.notEqual(span.traceId, TRACE_ID);
    assert.equal(span.parentSpanId, '');
    assert.equal(seen.get('/broken')?.['tracestate'], undefined);
  });

  test('is not exported where its client does not sample', async () => {
    await ask('/quiet', { headers: { traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` } });
    const [traceId, spanId, flags] = contextAt('/quiet');
    assert.deepEqual([traceId, flags], [TRACE_ID, '00']);
    assert.notEqual(spanId, PARENT_ID);
    await ask('/after-quiet');
    await collector.spanOf('/after-quiet');
    assert.equal(
      collector.spans.some(({ attributes }) => attributes['http.target'] === '/quiet'),
      false,
    );
  });

  test('is an error from status 500 on', async () => {
    await ask('/?status=404');
    await ask('/?status=502');
    assert.equal((await collector.spanOf('/?status=404')).statusCode, 0);
    const span = await collector.spanOf('/?status=502');
    assert.deepEqual([span.statusCode, span.attributes['http.status_code']], [STATUS_ERROR, 502]);
  });

  test('is a span too where Portico answers itself', async () => {
    assert.equal(await ask('/closed', { host: 'closed.test' }), 403);
    const span = await collector.spanOf('/closed');
    assert.deepEqual([span.attributes['http.status_code'], span.attributes['ingress.name']], [403, 'closed-test']);
    assert.equal(await ask('/large', { host: 'limited.test', headers: { 'content-length': '2' } }), 413);
    assert.equal((await collector.spanOf('/large')).attributes['http.status_code'], 413);
    assert.equal(await ask('/nobody', { host: 'unknown.test' }), 404);
    assert.equal((await collector.spanOf('/nobody')).attributes['http.server_name'], '_');
  });

  test('is none where nobody wants to hear of it: health checks and the status page', async () => {
    for (const path of ['/healthz', '/nginx_status']) assert.equal(await ask(path, { host: 'unknown.test' }), 200);
    await ask('/after-healthz');
    await collector.spanOf('/after-healthz');
    const targets = collector.spans.map(({ attributes }) => attributes['http.target']);
    assert.deepEqual([targets.includes('/healthz'), targets.includes('/nginx_status')], [false, false]);
  });

  test('is named in the log', async () => {
    await ask('/logged');
    const { traceId, spanId } = await collector.spanOf('/logged');
    const line = `LOG /logged ${traceId} ${spanId} 00-${traceId}-${spanId}-01`;
    assert.ok(await poll(POLLING, () => (portico.output().includes(line) ? true : undefined)), `the log has no line ${line}`);
  });

  test('is the same for an authentication service', async () => {
    await ask('/asked', { host: 'auth.test', headers: { traceparent: PARENT, tracestate: 'a=1' } });
    const { traceId, spanId } = await collector.spanOf('/asked');
    assert.deepEqual(contextAt('/may-i'), [traceId, spanId, '01']);
    assert.equal(seen.get('/may-i')?.['tracestate'], undefined);
    assert.deepEqual(contextAt('/asked'), [traceId, spanId, '01']);
  });

  test('is the same for a copy of the request', async () => {
    await ask('/copied', { host: 'mirror.test' });
    const { traceId, spanId } = await collector.spanOf('/copied');
    assert.ok(await poll(POLLING, () => (seen.has('/the-copy') ? true : undefined)));
    assert.deepEqual(contextAt('/the-copy'), [traceId, spanId, '01']);
  });

  test('lets a snippet read its trace and replace what the backend is told', async () => {
    await ask('/snippet', { host: 'snippet.test', headers: { traceparent: PARENT } });
    assert.equal(seen.get('/snippet')?.['traceparent'], 'none');
    assert.equal(seen.get('/snippet')?.['x-trace'], TRACE_ID);
  });
});

describe('annotations', () => {
  test('switch tracing off: the context of the client passes untouched', async () => {
    const headers = { traceparent: 'anything at all', tracestate: 'a=1, b=2' };
    await ask('/off', { host: 'off.test', headers });
    assert.equal(seen.get('/off')?.['traceparent'], headers.traceparent);
    assert.equal(seen.get('/off')?.['tracestate'], headers.tracestate);
    await ask('/after-off');
    await collector.spanOf('/after-off');
    assert.equal(
      collector.spans.some(({ attributes }) => attributes['http.target'] === '/off'),
      false,
    );
  });

  test('take away the trust in the client, and name spans with variables', async () => {
    await ask('/own', { host: 'own.test', headers: { traceparent: PARENT, tracestate: 'a=1', 'x-kind': 'kind' } });
    const span = await collector.spanOf('/own');
    assert.equal(span.name, 'own-GET-kind');
    assert.notEqual(span.traceId, TRACE_ID);
    assert.deepEqual([span.parentSpanId, span.traceState], ['', '']);
    assert.deepEqual(contextAt('/own'), [span.traceId, span.spanId, '01']);
    assert.equal(seen.get('/own')?.['tracestate'], undefined);
  });
});

describe('the ConfigMap, without a restart', () => {
  test('samples no root, and a sampled parent only if it is heeded', async () => {
    await configure({ 'otel-sampler': 'AlwaysOff', 'opentelemetry-operation-name': 'all $request_method' }, async () => {
      await ask('/is-off');
      return contextAt('/is-off')[2] === '00';
    });
    await ask('/sampled-child', { headers: { traceparent: PARENT } });
    assert.equal((await collector.spanOf('/sampled-child')).name, 'all GET');
    await configure({ 'otel-sampler': 'AlwaysOff', 'otel-sampler-parent-based': 'false' }, async () => {
      await ask('/is-deaf', { headers: { traceparent: PARENT } });
      return contextAt('/is-deaf')[2] === '00';
    });
    assert.equal(contextAt('/is-deaf')[0], TRACE_ID);
  });

  test('switches tracing on where only annotations ask for it', async () => {
    await configure({ 'enable-opentelemetry': 'false' }, async () => {
      await ask('/untouched', { headers: { traceparent: 'mine' } });
      return seen.get('/untouched')?.['traceparent'] === 'mine';
    });
    await ask('/still-own', { host: 'own.test' });
    await collector.spanOf('/still-own');
  });
});

describe('a collector', () => {
  test('that restarts gets what was traced meanwhile, and no request waits for it', async () => {
    await configure({}, async () => {
      await ask('/again');
      return seen.get('/again')?.['traceparent'] !== undefined;
    });
    await collector.spanOf('/again');
    await collector.close();
    assert.equal(await ask('/while-away'), 200);
    assert.ok(await poll(POLLING, () => (portico.output().includes('spans cannot be exported for now') ? true : undefined)));
    await collector.listen(collectorPort);
    await collector.spanOf('/while-away');
    assert.ok(await poll(POLLING, () => (portico.output().includes('spans are exported again') ? true : undefined)));
  });

  test('that never answers costs the spans for which there is no room, and those are counted', async () => {
    const limits = { 'otel-max-queuesize': '4', 'otel-max-export-batch-size': '2' };
    await configure(limits, async () => (await ask('/limits')) === 200 && portico.output().includes('LOG /limits'));
    collector.grpcStatus = undefined;
    const before = await spansBy('dropped');
    const dropped = await poll(POLLING, async () => {
      await Promise.all(Array.from({ length: 10 }, async () => assert.equal(await ask('/flood'), 200)));
      return (await spansBy('dropped')) > before ? true : undefined;
    });
    assert.ok(dropped, 'no span was dropped');
    collector.grpcStatus = 0;
  });

  test('that refuses spans is not asked again, and they count as failed', async () => {
    await collector.close();
    collector.grpcStatus = 3;
    const failedBefore = await spansBy('failed');
    await collector.listen(collectorPort);
    const failed = await poll(POLLING, async () => {
      await ask('/refused');
      return (await spansBy('failed')) > failedBefore ? true : undefined;
    });
    assert.ok(failed, 'no span counts as failed');
    collector.grpcStatus = 0;
    // Spans of the requests above may still fill the queue.
    const taken = await poll(POLLING, async () => {
      await ask('/taken');
      return collector.spans.find((span) => span.attributes['http.target'] === '/taken');
    });
    assert.ok(taken, 'no span is taken again');
    assert.ok((await spansBy('exported')) > 0);
  });
});

test('spans that wait leave before the program ends', async () => {
  await configure({ 'otel-schedule-delay-millis': '3600000', 'opentelemetry-trust-incoming-span': 'false' }, async () => {
    await ask('/configured', { headers: { traceparent: PARENT } });
    return contextAt('/configured')[0] !== TRACE_ID;
  });
  await ask('/last');
  assert.equal(await portico.stop(), 0);
  await collector.spanOf('/last');
});
