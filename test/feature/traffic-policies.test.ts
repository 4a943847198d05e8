// Policies over real sockets: those that touch bodies, with bodies that do not fit anywhere (buffering, copies, error backends,
// compression), snippets, variables.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { waitUntil } from './engine-rig.ts';
import { type Portico, startPortico } from './portico.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

class HttpBackend {
  /** Requests whose head has arrived. */
  heads = 0;
  readonly seen: Seen[] = [];
  answer: (message: IncomingMessage, response: ServerResponse, body: Buffer) => void = (_message, response) => response.end('ok');
  readonly #server: Server = createServer((message, response) => {
    this.heads++;
    const pieces: Buffer[] = [];
    message.on('data', (piece: Buffer) => pieces.push(piece));
    message.on('end', () => {
      const body = Buffer.concat(pieces);
      this.seen.push({ method: message.method ?? '', url: message.url ?? '', headers: message.headers, body });
      this.answer(message, response, body);
    });
  });

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

interface Asked {
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sent one after another, with a pause between. */
  readonly pieces?: readonly Buffer[];
  readonly pauseMs?: number;
  readonly beforeLastPiece?: () => void;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const VARIABLES = [
  'host',
  'http_host',
  'request_uri',
  'uri',
  'args',
  'is_args',
  'arg_q',
  'cookie_sid',
  'http_x_custom',
  'remote_addr',
  'request_method',
  'scheme',
  'server_protocol',
  'proxy_add_x_forwarded_for',
  'namespace',
  'ingress_name',
  'service_name',
  'service_port',
  'location_path',
  'remote_user',
  'content_type',
  'https',
  'req_id',
  'msec',
  'time_iso8601',
  'pass_port',
  'best_http_host',
  'proxy_upstream_name',
  'server_name',
];

const backend = new HttpBackend();
const second = new HttpBackend();
let portico: Portico;

async function ask({ host, path = '/', method = 'GET', headers = {}, pieces = [], pauseMs = 0, beforeLastPiece }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: portico.httpPort, path, method, agent: false, headers: { host, ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    const send = async (): Promise<void> => {
      for (const piece of pieces) {
        if (piece === pieces.at(-1)) beforeLastPiece?.();
        outgoing.write(piece);
        if (pauseMs > 0) await sleep(pauseMs);
      }
      outgoing.end();
    };
    send().catch(reject);
  });
}

function service(name: string, port: number): object[] {
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80, targetPort: port }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
  ];
}

function ingress(host: string, annotations: Record<string, string>): object {
  const given = Object.entries({ 'proxy-body-size': '0', ...annotations });
  const prefixed = Object.fromEntries(given.map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: host.replaceAll('.', '-'),
      namespace: 'default',
      annotations: prefixed,
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'backend', port: { number: 80 } } } }] } },
      ],
    },
  };
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

before(async () => {
  const backendPort = await backend.listen();
  const secondPort = await second.listen();
  const objects = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'controller', namespace: 'default' },
      data: { 'use-gzip': 'true', 'enable-brotli': 'true', 'annotations-risk-level': 'Critical', 'allow-snippet-annotations': 'true' },
    },
    ...service('backend', backendPort),
    ...service('second', secondPort),
    ingress('plain.test', {}),
    ingress('straight-errors.test', { 'custom-http-errors': '500,404', 'default-backend': 'second' }),
    ingress('buffered.test', { 'proxy-request-buffering': 'on' }),
    ingress('ahead.test', { 'proxy-buffering': 'on' }),
    ingress('mirrored.test', { 'mirror-target': `http://127.0.0.1:${secondPort}/copy` }),
    ingress('errors.test', { 'custom-http-errors': '500,404', 'default-backend': 'second', 'proxy-request-buffering': 'on' }),
    ingress('too-large.test', { 'custom-http-errors': '413', 'default-backend': 'second', 'proxy-body-size': '5' }),
    ingress('variables.test', {
      'configuration-snippet': VARIABLES.map((name) => `proxy_set_header V-${name.replaceAll('_', '-')} "[$${name}]";`).join('\n'),
    }),
    ingress('snippet.test', {
      'configuration-snippet': `set $kind none;
        if ($request_uri ~ "^/api/(v[0-9])") { set $kind $1; add_header X-In "$kind" always; }
        rewrite ^/api/v1/(.*)$ /internal/$1 break;
        rewrite ^/moved(/.*)$ https://new.example$1 permanent;
        if ($arg_deny) { return 403; }
        if ($http_x_teapot = 'yes') { return 418 "short and $kind"; }
        proxy_set_header X-Kind $kind;
        more_clear_headers "X-Inner-*";
        more_set_headers -s 404 "X-Missing: $upstream_http_etag";
        expires -1;`,
    }),
  ];
  portico = await startPortico({ manifests: { 'all.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') } });
});

after(async () => {
  await portico.stop();
  backend.close();
  second.close();
});

describe('request buffering', () => {
  test('the backend sees nothing before the body is complete, then all of it with its length', async () => {
    const pieces = Array.from({ length: 8 }, () => randomBytes(40_000));
    const before = backend.heads;
    let early = -1;
    const beforeLastPiece = (): void => {
      early = backend.heads;
    };
    const answer = await ask({ host: 'buffered.test', method: 'POST', pieces, pauseMs: 40, beforeLastPiece });
    const seen = backend.seen.at(-1);
    assert.equal(answer.status, 200);
    assert.ok(seen !== undefined);
    assert.equal(early, before, 'the backend was called early');
    assert.equal(seen.headers['content-length'], '320000');
    assert.equal(seen.headers['transfer-encoding'], undefined);
    assert.equal(digest(seen.body), digest(Buffer.concat(pieces)));
  });

  test('a body that is much larger than memory goes through a file', async () => {
    const body = randomBytes(20_000_000);
    const answer = await ask({ host: 'buffered.test', method: 'PUT', headers: { 'content-length': String(body.length) }, pieces: [body] });
    assert.equal(answer.status, 200);
    assert.equal(digest(backend.seen.at(-1)?.body ?? Buffer.alloc(0)), digest(body));
  });

  test('a small one is sent as it is', async () => {
    const answer = await ask({ host: 'buffered.test', method: 'POST', pieces: [Buffer.from('a'), Buffer.from('b')], pauseMs: 20 });
    assert.equal(answer.status, 200);
    assert.equal(backend.seen.at(-1)?.body.toString(), 'ab');
  });
});

test('a response is taken from the backend ahead of a client that does not read', async () => {
  const body = randomBytes(8_000_000);
  const finished = new Promise<void>((resolve) => {
    backend.answer = (_message, response) => {
      response.setHeader('Content-Type', 'application/octet-stream');
      response.end(body, resolve);
    };
  });
  const answer = await new Promise<Answer>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: portico.httpPort, agent: false, headers: { host: 'ahead.test' } }, (response) => {
      response.pause();
      finished.then(() => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
        response.resume();
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  backend.answer = (_message, response) => response.end('ok');
  assert.equal(digest(answer.body), digest(body));
});

test('a copy has the whole of a large body, and a target that does not answer costs the client nothing', async () => {
  second.seen.length = 0;
  second.answer = () => undefined;
  const body = randomBytes(600_000);
  const answer = await ask({ host: 'mirrored.test', path: '/x?q=1', method: 'POST', pieces: [body] });
  assert.equal(answer.status, 200);
  await waitUntil('the copy', () => second.seen.length > 0);
  const copy = second.seen[0];
  assert.equal(copy?.url, '/copy?q=1');
  assert.equal(digest(copy.body), digest(body));
  second.answer = (_message, response) => response.end('ok');
});

describe('error backends', () => {
  test('get the body again where all of it is at hand, and else none', async () => {
    second.seen.length = 0;
    backend.answer = (_message, response) => response.writeHead(500).end('broken');
    second.answer = (_message, response) => response.writeHead(200).end('sorry');
    const small = await ask({ host: 'errors.test', path: '/a?b', method: 'POST', pieces: [Buffer.from('payload')] });
    assert.deepEqual(
      [small.status, small.body.toString(), second.seen[0]?.body.toString(), second.seen[0]?.url],
      [200, 'sorry', 'payload', '/?b'],
    );
    const body = randomBytes(500_000);
    const large = await ask({ host: 'errors.test', method: 'POST', pieces: [body] });
    assert.deepEqual(
      [large.status, digest(second.seen[1]?.body ?? Buffer.alloc(0)), second.seen[1]?.headers['x-code']],
      [200, digest(body), '500'],
    );
    const straight = await ask({ host: 'straight-errors.test', method: 'POST', pieces: [body] });
    assert.deepEqual([straight.status, second.seen[2]?.body.length, second.seen[2]?.headers['x-code']], [200, 0, '500']);
    backend.answer = (_message, response) => response.end('ok');
  });

  test('answer for a body that is too large, of which they get nothing', async () => {
    second.answer = (_message, response) => response.end('sorry');
    second.seen.length = 0;
    const answer = await ask({
      host: 'too-large.test',
      method: 'POST',
      pieces: [Buffer.from('123456')],
      headers: { 'content-length': '6' },
    });
    assert.deepEqual(
      [answer.status, answer.body.toString(), second.seen[0]?.headers['x-code'], second.seen[0]?.body.length],
      [200, 'sorry', '413', 0],
    );
  });

  test('answer HEAD without a body, and the connection goes on', async () => {
    backend.answer = (_message, response) => response.writeHead(404).end('no');
    const answer = await ask({ host: 'errors.test', method: 'HEAD' });
    assert.deepEqual([answer.status, answer.body.length], [200, 0]);
    backend.answer = (_message, response) => response.end('ok');
  });
});

describe('compression', () => {
  test('of a body of unknown length is a stream, of a short one is not', async () => {
    const text = Buffer.from(Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join(''));
    backend.answer = (_message, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', ETag: '"x"', 'Accept-Ranges': 'bytes' });
      response.write(text.subarray(0, 100_000));
      response.end(text.subarray(100_000));
    };
    const long = await ask({ host: 'plain.test', headers: { 'Accept-Encoding': 'gzip' } });
    assert.deepEqual(
      [long.headers['content-encoding'], long.headers['etag'], long.headers['accept-ranges'], long.headers.vary],
      ['gzip', 'W/"x"', undefined, 'Accept-Encoding'],
    );
    assert.equal(digest(gunzipSync(long.body)), digest(text));
    backend.answer = (_message, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': '2000' });
      response.end(text.subarray(0, 2000));
    };
    const short = await ask({ host: 'plain.test', headers: { 'Accept-Encoding': 'gzip, br' } });
    assert.equal(short.headers['content-encoding'], 'br');
    assert.deepEqual(brotliDecompressSync(short.body), text.subarray(0, 2000));
    const head = await ask({ host: 'plain.test', method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(head.headers['content-encoding'], undefined);
    backend.answer = (_message, response) => response.end('ok');
  });

  test('passes an event stream on as it comes', async () => {
    backend.answer = (_message, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.write('first\n');
    };
    const first = await new Promise<Buffer>((resolve, reject) => {
      const headers = { host: 'plain.test', 'Accept-Encoding': 'gzip' };
      const outgoing = request({ host: '127.0.0.1', port: portico.httpPort, agent: false, headers }, (response) => {
        response.once('data', (part: Buffer) => {
          outgoing.destroy();
          resolve(part);
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
    assert.ok(first.length > 0);
    backend.answer = (_message, response) => response.end('ok');
  });
});

describe('a snippet', () => {
  test('runs its steps in order', async () => {
    backend.answer = (_message, response) => {
      response.writeHead(404, { 'X-Inner-A': '1', 'X-Inner-B': '2', 'X-Outer': '3', ETag: '"e"' });
      response.end();
    };
    const answer = await ask({ host: 'snippet.test', path: '/api/v1/a%20b?c=d' });
    const seen = backend.seen.at(-1);
    assert.deepEqual([seen?.url, seen?.headers['x-kind']], ['/internal/a%20b?c=d', 'v1']);
    assert.deepEqual(
      [
        answer.headers['x-in'],
        answer.headers['x-inner-a'],
        answer.headers['x-inner-b'],
        answer.headers['x-outer'],
        answer.headers['x-missing'],
      ],
      ['v1', undefined, undefined, '3', '"e"'],
    );
    assert.equal(answer.headers['cache-control'], undefined);
    backend.answer = (_message, response) => response.end('ok');
  });

  test('answers, redirects and sets dates', async () => {
    const denied = await ask({ host: 'snippet.test', path: '/?deny=1' });
    assert.equal(denied.status, 403);
    assert.match(denied.body.toString(), /403 Forbidden/);
    const moved = await ask({ host: 'snippet.test', path: '/moved/x?y=z' });
    assert.deepEqual([moved.status, moved.headers.location], [301, 'https://new.example/x?y=z']);
    const teapot = await ask({ host: 'snippet.test', headers: { 'X-Teapot': 'yes' } });
    assert.deepEqual([teapot.status, teapot.body.toString()], [418, 'short and none']);
    const usual = await ask({ host: 'snippet.test', path: '/' });
    assert.deepEqual([usual.status, usual.headers['cache-control'], usual.headers['x-in']], [200, 'no-cache', undefined]);
  });
});

test('nginx variables have the values of the request', async () => {
  const answer = await ask({
    host: 'Variables.test',
    path: '/a%20b/c?q=1%2F&r',
    method: 'POST',
    headers: {
      Cookie: 'a=b; sid=s1',
      'X-Custom': 'yes',
      'X-Forwarded-For': '192.0.2.7',
      'X-Request-ID': 'id-1',
      'Content-Type': 'text/x',
      Authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}`,
    },
    pieces: [Buffer.from('x')],
  });
  assert.equal(answer.status, 200);
  const headers = backend.seen.at(-1)?.headers ?? {};
  const value = (name: string): string => String(headers[`v-${name.replaceAll('_', '-')}`]).slice(1, -1);
  const expected = {
    host: 'variables.test',
    http_host: 'Variables.test',
    request_uri: '/a%20b/c?q=1%2F&r',
    uri: '/a b/c',
    args: 'q=1%2F&r',
    is_args: '?',
    arg_q: '1%2F',
    cookie_sid: 's1',
    http_x_custom: 'yes',
    remote_addr: '127.0.0.1',
    request_method: 'POST',
    scheme: 'http',
    server_protocol: 'HTTP/1.1',
    proxy_add_x_forwarded_for: '192.0.2.7, 127.0.0.1',
    namespace: 'default',
    ingress_name: 'variables-test',
    service_name: 'backend',
    service_port: '80',
    location_path: '/',
    remote_user: 'alice',
    content_type: 'text/x',
    https: '',
    req_id: 'id-1',
    pass_port: String(portico.httpPort),
    best_http_host: 'Variables.test',
    proxy_upstream_name: 'default-backend-80',
    server_name: 'variables.test',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, value(name)])), expected);
  assert.match(value('msec'), /^\d{10}\.\d{3}$/);
  assert.match(value('time_iso8601'), /^\d{4}-\d\d-\d\dT/);
});
