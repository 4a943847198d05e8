// What becomes of requests whose authentication service says nothing, or that are too many for it: refused unless the ConfigMap says
// otherwise.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { waitUntil } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const prefix = 'nginx.ingress.kubernetes.io';

interface Answer {
  readonly status: number;
  readonly code: string;
}

async function listen(handler: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

class World {
  portico!: Portico;
  seen: (IncomingMessage | undefined)[] = [];
  asked = 0;
  auth: RequestListener = (_request, response) => response.end();
  readonly #servers: Server[] = [];

  async open(config: Readonly<Record<string, string>>): Promise<void> {
    const backend = await listen((request, response) => {
      this.seen.push(request);
      response.end('backend');
    });
    const service = await listen((request, response) => {
      this.asked++;
      this.auth(request, response);
    });
    this.#servers.push(backend.server, service.server);
    const manifests = catchAllManifests([backend.port], config);
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'guarded',
        annotations: { [`${prefix}/auth-url`]: `http://127.0.0.1:${service.port}/`, [`${prefix}/auth-response-headers`]: 'X-User' },
      },
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'guarded.example',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'backend', port: { number: 80 } } } }] },
          },
        ],
      },
    };
    this.portico = await startPortico({ manifests: { ...manifests, 'guarded.yaml': JSON.stringify(ingress) }, args: ['--enable-metrics'] });
  }

  async close(): Promise<void> {
    await this.portico.stop();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  /** The end of `signal` is the client going away. */
  async ask(signal?: AbortSignal): Promise<Answer> {
    const headers = { host: 'guarded.example', 'x-user': 'root' };
    const request = get({ host: '127.0.0.1', port: this.portico.httpPort, agent: false, headers, ...(signal !== undefined && { signal }) });
    const [response]: IncomingMessage[] = await once(request, 'response');
    response?.resume();
    return { status: response?.statusCode ?? 0, code: String(response?.headers['x-portico-error'] ?? '') };
  }

  async metric(): Promise<string> {
    const page = await (await fetch(`http://127.0.0.1:${this.portico.healthzPort}/metrics`)).text();
    return /^portico_served_without_auth_total\S* (\d+)/m.exec(page)?.[1] ?? '';
  }
}

const hangUp: RequestListener = (request) => request.socket.destroy();

describe('an authentication service that says nothing', () => {
  const world = new World();
  before(() => world.open({ 'portico-auth-failure': 'serve', 'portico-auth-waiting': '1', 'proxy-read-timeout': '60' }));
  after(() => world.close());
  beforeEach(() => {
    world.seen = [];
    world.asked = 0;
  });

  it('lets requests through where the ConfigMap says serve, without the fields that it alone may set, and counts them', async () => {
    world.auth = hangUp;
    assert.deepEqual(await world.ask(), { status: 200, code: '' });
    world.auth = (_request, response) => response.writeHead(503).end();
    assert.deepEqual(await world.ask(), { status: 200, code: '' });
    assert.deepEqual(
      world.seen.map((request) => request?.headers['x-user']),
      [undefined, undefined],
    );
    assert.equal(await world.metric(), '2');
  });

  it('still refuses when it says no, or something else', async () => {
    for (const [said, answered] of [
      [401, 401],
      [403, 403],
      [302, 500],
      [404, 500],
    ] as const) {
      world.auth = (_request, response) => response.writeHead(said).end();
      assert.equal((await world.ask()).status, answered);
    }
    assert.equal(world.seen.length, 0);
  });

  it('is not asked by more requests than may wait', async () => {
    const held: (() => void)[] = [];
    world.auth = (_request, response) => held.push(() => response.end());
    const first = world.ask();
    await waitUntil('the question', () => world.asked === 1);
    assert.equal((await world.ask()).status, 200);
    assert.equal(world.asked, 1);
    held[0]?.();
    assert.equal((await first).status, 200);
  });
});

describe('an authentication service that hangs', () => {
  const world = new World();
  before(() => world.open({ 'portico-auth-waiting': '1', 'proxy-read-timeout': '60' }));
  after(() => world.close());

  it('has as many requests waiting as may wait; others are refused at once, and a client that goes makes room', async () => {
    world.auth = () => undefined;
    const gone = new AbortController();
    const first = world.ask(gone.signal).catch(() => undefined);
    await waitUntil('the question', () => world.asked === 1);
    assert.deepEqual(await world.ask(), { status: 503, code: 'PRT-AUTH-5' });
    world.auth = (_request, response) => response.end();
    gone.abort();
    await first;
    let answer = await world.ask();
    while (answer.status === 503) answer = await world.ask();
    assert.equal(answer.status, 200);
  });
});
