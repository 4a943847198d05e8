// Snippets beside what else an Ingress says, over real sockets: what nginx alone cannot show (snippets-nginx.test.ts does the rest).
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http';
import { request as secureRequest } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import { type Portico, startPortico } from './portico.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const PREFIX = 'nginx.ingress.kubernetes.io';
let backend: Server;
let backendPort = 0;
/** Headers of the last request to the authentication service. */
let authHeaders: IncomingHttpHeaders = {};
const started: Portico[] = [];
let portico: Portico;

/** All values of a header of a response over TLS. */
function askSecurely(instance: Portico, host: string, path: string, name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: instance.httpsPort, path, agent: false, rejectUnauthorized: false, headers: { Host: host } };
    const outgoing = secureRequest(options, (message) => {
      message.resume();
      resolve(message.headersDistinct[name] ?? []);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function ask(instance: Portico, { host, path = '/', method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: instance.httpPort, path, method, agent: false, headers: { Host: host, ...headers } },
      (message: IncomingMessage) => {
        const pieces: Buffer[] = [];
        message.on('data', (piece: Buffer) => pieces.push(piece));
        message.on('end', () =>
          resolve({ status: message.statusCode ?? 0, headers: message.headers, body: Buffer.concat(pieces).toString() }),
        );
        message.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Diagnostics are printed a moment after the ports are open. */
async function told(instance: Portico, what: RegExp): Promise<void> {
  await poll({ timeoutMs: PATIENCE_MS, everyMs: 20 }, () => (what.test(instance.output()) ? true : undefined));
  assert.match(instance.output(), what);
}

function seenBy({ body }: Answer): { readonly url: string; readonly headers: IncomingHttpHeaders } {
  return JSON.parse(body) as { url: string; headers: IncomingHttpHeaders };
}

function ingress(host: string, annotations: Readonly<Record<string, string>>, paths: readonly string[] = ['/']): object {
  const service = { service: { name: 'backend', port: { number: 80 } } };
  const pathType = annotations['use-regex'] === 'true' || 'rewrite-target' in annotations ? 'ImplementationSpecific' : 'Prefix';
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: host.replaceAll('.', '-'),
      namespace: 'default',
      annotations: Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value])),
    },
    spec: { ingressClassName: 'nginx', rules: [{ host, http: { paths: paths.map((path) => ({ path, pathType, backend: service })) } }] },
  };
}

async function start(config: Readonly<Record<string, string>>, ingresses: readonly object[]): Promise<Portico> {
  const objects: object[] = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'controller', namespace: 'default' },
      data: { 'annotations-risk-level': 'Critical', 'allow-snippet-annotations': 'true', ...config },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'backend', namespace: 'default' },
      spec: { ports: [{ port: 80, targetPort: backendPort }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'backend', namespace: 'default', labels: { 'kubernetes.io/service-name': 'backend' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: backendPort }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
    // user:password
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'users', namespace: 'default' },
      data: { auth: Buffer.from('user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n').toString('base64') },
    },
    ...ingresses,
  ];
  const instance = await startPortico({ manifests: { 'objects.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') } });
  started.push(instance);
  return instance;
}

before(async () => {
  backend = createServer((message, response) => {
    const { url = '', headers } = message;
    message.resume();
    if (url.startsWith('/auth')) {
      authHeaders = headers;
      response.writeHead(headers['x-let-in'] === 'yes' ? 200 : 401, { 'Set-Cookie': 'auth=1' });
      response.end();
      return;
    }
    response.setHeader('Set-Cookie', 'id=1; Path=/app');
    response.setHeader('Content-Type', 'text/html');
    response.end(JSON.stringify({ url, headers, padding: url.startsWith('/long') ? 'x'.repeat(4096) : '' }));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const address = backend.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  backendPort = address.port;
  const authUrl = `http://127.0.0.1:${backendPort}/auth`;
  const basic = { 'auth-type': 'basic', 'auth-secret': 'users' };
  portico = await start({ 'use-gzip': 'true' }, [
    ingress('close.test', { 'configuration-snippet': 'if ($arg_close) { return 444; }' }),
    ingress('circle.test', { 'configuration-snippet': 'rewrite ^/(.*)$ /x$1 last;' }),
    ingress('grow.test', {
      'configuration-snippet': `set $x "$arg_x"; if ($arg_v) { ${'set $x "$x$x";'.repeat(30)} }
if ($arg_p) { ${'rewrite ^(.*)$ $1$1;'.repeat(30)} } if ($arg_q) { ${'set $args "$args$args";'.repeat(30)} } add_header X-X "$x";`,
    }),
    ingress('any.test', { ...basic, 'configuration-snippet': 'satisfy any; allow 127.0.0.1; deny all;' }),
    ingress('all.test', { ...basic, 'configuration-snippet': 'allow 127.0.0.1; deny all;' }),
    ingress('listed.test', { 'allowlist-source-range': '10.0.0.0/8', 'configuration-snippet': 'allow all;' }),
    ingress('denied.test', { 'denylist-source-range': '10.0.0.0/8', 'configuration-snippet': 'deny 127.0.0.1;' }),
    ingress('own.test', { 'allowlist-source-range': '127.0.0.0/8', 'server-snippet': 'deny all;' }),
    ingress(
      'target.test',
      { 'rewrite-target': '/new/$1', 'configuration-snippet': 'if ($arg_stay) { break; } set $x 1; add_header X-One "$1";' },
      ['/old/(.*)'],
    ),
    ingress('regex.test', { 'use-regex': 'true', 'configuration-snippet': 'if ($arg_go) { return 302 /to/$1; } add_header X-One "$1";' }, [
      '/r/(\\w+)',
    ]),
    ingress('cors.test', {
      'enable-cors': 'true',
      'configuration-snippet': 'more_set_headers "Access-Control-Allow-Origin: https://own.test";',
    }),
    ingress('auth.test', {
      'auth-url': authUrl,
      'auth-snippet':
        'proxy_set_header X-Let-In "$arg_let"; proxy_set_header X-Asked "$host"; proxy_set_header X-Original-Method own; more_clear_input_headers X-Secret;',
      'server-snippet': 'add_header X-Server s; more_set_headers "X-More: m";',
    }),
    ingress('auth-host.test', { 'auth-url': authUrl, 'auth-snippet': 'proxy_set_header Host evil;' }),
    ingress('auth-bad.test', { 'auth-url': authUrl, 'auth-snippet': 'proxy_pass http://evil;' }),
    ingress('settings.test', {
      'proxy-body-size': '1g',
      'configuration-snippet':
        'client_max_body_size 10; proxy_cookie_path /app "/; Secure; HttpOnly"; gzip off; proxy_read_timeout 5s; proxy_buffering on;',
    }),
    ingress('gzip.test', {}),
    ingress('two.test', {
      'configuration-snippet': 'rewrite ^/a/(.*)$ /plain/$1?n=1 last; add_header X-First yes always;',
      'limit-rate': '1',
    }),
    { ...ingress('two.test', {}, ['/plain']), metadata: { name: 'plain', namespace: 'default' } },
    { ...ingress('two.test', {}, ['/dir/']), metadata: { name: 'dir', namespace: 'default' } },
    ingress('hsts.test', {
      'configuration-snippet': 'more_set_headers "Strict-Transport-Security: max-age=5"; if ($arg_own) { return 200 own; }',
    }),
    ingress('shut.test', { 'server-snippet': 'location /admin { proxy_pass http://x; deny all; }' }),
    ingress('part.test', { 'configuration-snippet': 'more_set_headers "X-A: b"; sub_filter a b;' }),
    ingress('stream.test', { 'stream-snippet': 'server { listen 8000; }' }),
    ingress('huge.test', { 'configuration-snippet': `deny all;\n${'# filler\n'.repeat(12_000)}` }),
    ingress('smuggle.test', { 'configuration-snippet': 'return 302 https://other.test/$arg_to; ' }),
    ingress('inject.test', { 'configuration-snippet': 'rewrite ^/go/(.*)$ https://other.test/$1 redirect; add_header X-Uri "$uri";' }),
    ingress('waf.test', { 'enable-modsecurity': 'true', 'modsecurity-snippet': 'SecRuleEngine On' }),
    ingress('waf-watch.test', {
      'enable-modsecurity': 'true',
      'enable-owasp-core-rules': 'true',
      'modsecurity-transaction-id': '$request_id',
    }),
  ]);
});

after(async () => {
  await Promise.all(started.map((instance) => instance.stop()));
  backend.closeAllConnections();
  backend.close();
});

describe('a snippet', () => {
  it('closes the connection for return 444, and only then', async () => {
    await assert.rejects(ask(portico, { host: 'close.test', path: '/?close=1' }), { code: 'ECONNRESET' });
    assert.equal((await ask(portico, { host: 'close.test' })).status, 200);
  });

  it('answers 500 with a code where it rewrites in circles', async () => {
    const { status, headers } = await ask(portico, { host: 'circle.test' });
    assert.deepEqual([status, headers['x-portico-error']], [500, 'PRT-SNIPPET-2']);
  });

  it('ends a request whose variable, path or query grows with each line', async () => {
    assert.equal((await ask(portico, { host: 'grow.test', path: '/?x=0123456789' })).headers['x-x'], '0123456789');
    assert.equal((await ask(portico, { host: 'grow.test', path: '/?x=0123456789&v=1' })).status, 500);
    assert.equal((await ask(portico, { host: 'grow.test', path: '/ab?p=1' })).status, 400);
    assert.equal((await ask(portico, { host: 'grow.test', path: '/?q=1' })).status, 400);
  });

  it('joins its addresses with passwords by satisfy', async () => {
    assert.equal((await ask(portico, { host: 'any.test' })).status, 200);
    assert.equal((await ask(portico, { host: 'all.test' })).status, 401);
    const authorization = `Basic ${Buffer.from('user:password').toString('base64')}`;
    assert.equal((await ask(portico, { host: 'all.test', headers: { authorization } })).status, 200);
  });

  it('comes behind the address lists of annotations, and hides those of the level above', async () => {
    assert.equal((await ask(portico, { host: 'listed.test' })).status, 403);
    assert.equal((await ask(portico, { host: 'denied.test' })).status, 403);
    assert.equal((await ask(portico, { host: 'own.test' })).status, 200);
  });

  it('stands before rewrite-target, and may end the rewriting', async () => {
    const rewritten = await ask(portico, { host: 'target.test', path: '/old/a%20b?q' });
    assert.deepEqual([seenBy(rewritten).url, rewritten.headers['x-one']], ['/new/a%20b?q', 'a b']);
    assert.equal(seenBy(await ask(portico, { host: 'target.test', path: '/old/a?stay=1' })).url, '/old/a?stay=1');
  });

  it('has what the pattern of its path captures', async () => {
    const { headers } = await ask(portico, { host: 'regex.test', path: '/r/word?go=1' });
    assert.equal(headers.location, 'http://regex.test/to/word');
    assert.equal((await ask(portico, { host: 'regex.test', path: '/r/word' })).headers['x-one'], 'word');
  });

  it('changes what enable-cors sets', async () => {
    const { headers } = await ask(portico, { host: 'cors.test' });
    assert.equal(headers['access-control-allow-origin'], 'https://own.test');
  });

  it('sends a request to the route of another Ingress, and nothing of its own with it', async () => {
    for (let i = 0; i < 3; i++) {
      const answer = await ask(portico, { host: 'two.test', path: '/a/x%20y?q' });
      assert.deepEqual([answer.status, seenBy(answer).url, answer.headers['x-first']], [200, '/plain/x%20y?n=1&q', undefined]);
    }
    assert.equal((await ask(portico, { host: 'two.test' })).headers['x-first'], 'yes');
    const posted = await ask(portico, { host: 'two.test', path: '/a/long', method: 'POST', body: 'x'.repeat(100_000) });
    assert.deepEqual([posted.status, seenBy(posted).url], [200, '/plain/long?n=1']);
  });

  it('may set a header that Portico sets too', async () => {
    for (const path of ['/', '/?own=1'])
      assert.deepEqual(await askSecurely(portico, 'hsts.test', path, 'strict-transport-security'), ['max-age=5'], path);
    assert.match((await askSecurely(portico, 'gzip.test', '/', 'strict-transport-security')).join('|'), /^max-age=31536000[^|]*$/);
  });

  it('says what annotations say too, and goes first', async () => {
    assert.equal((await ask(portico, { host: 'settings.test', method: 'POST', body: 'more than ten' })).status, 413);
    const { headers } = await ask(portico, { host: 'settings.test', path: '/long', headers: { 'Accept-Encoding': 'gzip' } });
    assert.deepEqual([headers['set-cookie'], headers['content-encoding']], [['id=1; Path=/; Secure; HttpOnly'], undefined]);
    const other = await ask(portico, { host: 'gzip.test', path: '/long', headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(other.headers['content-encoding'], 'gzip');
  });

  it('is never half applied', async () => {
    const part = await ask(portico, { host: 'part.test' });
    assert.deepEqual([part.status, part.headers['x-a']], [200, undefined]);
    await told(portico, /sub_filter in line 1, which is not interpreted: let the backend write/);
  });

  it('that may protect and cannot be read leaves nothing open', async () => {
    for (const host of ['shut.test', 'huge.test']) {
      const { status, headers } = await ask(portico, { host });
      assert.deepEqual([host, status, headers['x-portico-error']], [host, 503, 'PRT-ROUTE-3']);
    }
  });

  it('of a stream is refused by name', async () => {
    assert.equal((await ask(portico, { host: 'stream.test' })).status, 200);
    await told(portico, /has server in line 1, which is not interpreted: TCP and UDP ports only come from/);
  });

  it('cannot be made to write a line of its own into a head', async () => {
    const encoded = '%0d%0aX-Evil:%20yes';
    for (const [host, path] of [
      ['inject.test', `/go/${encoded}`],
      ['inject.test', `/${encoded}`],
      ['smuggle.test', `/?to=${encoded}`],
    ] as const) {
      const { headers } = await ask(portico, { host, path });
      assert.equal(headers['x-evil'], undefined);
      assert.doesNotMatch(headers.location ?? '', /[\r\n]/);
    }
  });
});

describe('an auth-snippet', () => {
  it('sets headers of the request to the authentication service', async () => {
    const { status } = await ask(portico, { host: 'auth.test', path: '/?let=yes', headers: { 'X-Secret': 's', 'X-Let-In': 'no' } });
    const { 'x-asked': asked, 'x-secret': secret, 'x-original-method': originalMethod } = authHeaders;
    assert.deepEqual([status, asked, secret, originalMethod], [200, 'auth.test', undefined, 'own']);
    assert.equal((await ask(portico, { host: 'auth.test', path: '/?let=no', headers: { 'X-Let-In': 'yes' } })).status, 401);
  });

  it('that cannot be read leaves nothing open', async () => {
    for (const host of ['auth-host.test', 'auth-bad.test']) assert.equal((await ask(portico, { host })).status, 503);
  });

  it('stands beside an add_header of ingress-nginx, so that those of the host do not count', async () => {
    const { headers } = await ask(portico, { host: 'auth.test', path: '/?let=yes' });
    assert.deepEqual([headers['x-server'], headers['x-more']], [undefined, 'm']);
  });
});

describe('a missing firewall', () => {
  it('closes the paths that it should guard by blocking', async () => {
    const { status, headers } = await ask(portico, { host: 'waf.test' });
    assert.deepEqual([status, headers['x-portico-error']], [503, 'PRT-ROUTE-3']);
  });

  it('leaves those open that it would only watch, and says so', async () => {
    assert.equal((await ask(portico, { host: 'waf-watch.test' })).status, 200);
    await told(portico, /there is no firewall yet: requests are not inspected/);
  });

  it('for every route closes all that do not turn it off', async () => {
    const instance = await start({ 'enable-modsecurity': 'true', 'modsecurity-snippet': 'SecRuleEngine On' }, [
      ingress('on.test', {}),
      ingress('off.test', { 'enable-modsecurity': 'false' }),
      ingress('watch.test', { 'enable-modsecurity': 'true', 'modsecurity-snippet': 'SecRuleEngine DetectionOnly' }),
    ]);
    const statuses = await Promise.all(['on.test', 'off.test', 'watch.test', 'unknown.test'].map((host) => ask(instance, { host })));
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [503, 200, 200, 503],
    );
  });
});

describe('snippets of the ConfigMap', () => {
  it('hold for every route, behind those of annotations', async () => {
    const instance = await start(
      {
        'allow-snippet-annotations': 'false',
        'http-snippet': 'more_set_headers "X-Level: http" "X-Http: h"; deny 10.0.0.0/8;',
        'server-snippet': 'set $from host; more_set_headers "X-Level: server"; if ($arg_stop) { return 410; }',
        'location-snippet': 'more_set_headers "X-Level: location"; proxy_set_header X-From "$from"; add_header X-Loc l always;',
        'main-snippet': 'worker_processes 4;',
        'stream-snippet': 'server { listen 1; }',
      },
      [ingress('global.test', { 'configuration-snippet': 'return 403;' })],
    );
    const answer = await ask(instance, { host: 'global.test' });
    assert.deepEqual([answer.status, answer.headers['x-level'], answer.headers['x-http']], [200, 'location', 'h']);
    assert.equal(seenBy(answer).headers['x-from'], 'host');
    const unknown = await ask(instance, { host: 'unknown.test' });
    assert.deepEqual([unknown.status, unknown.headers['x-loc'], unknown.headers['x-level']], [404, 'l', 'location']);
    assert.equal((await ask(instance, { host: 'global.test', path: '/?stop=1' })).status, 410);
    await told(instance, /worker_processes in line 1, which is not interpreted: use the ConfigMap key worker-processes/);
    await told(instance, /configuration-snippet is left out/);
  });

  it('close every path where one may protect and cannot be read', async () => {
    const instance = await start({ 'server-snippet': 'deny all; proxy_pass http://x;' }, [ingress('global.test', {})]);
    assert.equal((await ask(instance, { host: 'global.test' })).status, 503);
  });
});
