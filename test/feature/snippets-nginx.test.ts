// Snippets mean the same here as in nginx: the same directives, run by nginx and interpreted by Portico, give the same answers and the same
// requests to the backend. Skipped where there is no nginx with headers-more.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from './engine-rig.ts';
import { findFreePorts, type Portico, startPortico } from './portico.ts';
import { HTTP_SNIPPET, randomCases, type SnippetCase, snippetCases, type SnippetRequest } from './snippet-cases.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so';
const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/bin/nginx'].find((file) => existsSync(file));
const isPossible = NGINX !== undefined && existsSync(MODULE);
const CASES: readonly SnippetCase[] = [...snippetCases, ...randomCases(60, 20_260)];
/** Fields that each server has its own of, or that say when. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'date',
  'server',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'x-portico-error',
]);

interface Answer {
  readonly status: number;
  /** `name: value`, sorted. */
  readonly fields: readonly string[];
  readonly body: string;
}

let backend: Server;
let nginx: ChildProcess | undefined;
let portico: Portico | undefined;
let nginxPort = 0;
const folder = mkdtempSync(join(tmpdir(), 'portico-nginx-'));

/** Answers with the status that the path asks for, and tells what it was asked. */
function createBackend(): Server {
  return createServer((message, response) => {
    message.resume();
    const status = Number(/^\/status\/(\d{3})/.exec(message.url ?? '')?.[1] ?? 200);
    const names = Object.keys(message.headers).filter((name) => /^x-(?!real-ip|forwarded|scheme|request-id|original)/.test(name));
    const seen = names.toSorted().map((name) => `${name}: ${String(message.headers[name])}`);
    const fields = {
      'Content-Type': 'application/json; charset=utf-8',
      'X-Upstream': 'upstream',
      'X-Gone': 'gone',
      'X-Many-One': '1',
      'X-Many-Two': '2',
      'Cache-Control': 'private',
      ...(message.url === '/' && { 'Last-Modified': 'Tue, 01 Jan 2030 00:00:00 GMT' }),
    };
    response.writeHead(status, status === 301 ? { ...fields, Location: 'http://elsewhere.example/' } : fields);
    response.end(JSON.stringify({ method: message.method, url: message.url, host: message.headers.host, seen }));
  });
}

function hostOf(index: number): string {
  return `case${index}.test`;
}

/** As ingress-nginx writes locations of rules of type Prefix. */
function locationsOf({ paths = [], plainPaths = [], location = '' }: SnippetCase): string {
  const both = (path: string): readonly string[] => [`${path}/`, `= ${path}`];
  const write = (path: string, snippet: string): string =>
    `location ${path} {\n${snippet}\nproxy_set_header Host $http_host;\nproxy_pass http://backend;\n}`;
  return [
    ...['/', ...paths.flatMap(both)].map((path) => write(path, location)),
    ...plainPaths.flatMap(both).map((path) => write(path, '')),
  ].join('\n');
}

function nginxConfig(backendPort: number): string {
  const servers = CASES.map(
    (entry, index) =>
      `server { listen 127.0.0.1:${nginxPort}; server_name ${hostOf(index)};\n${entry.server ?? ''}\n${locationsOf(entry)}\n}`,
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  return `load_module ${MODULE};
daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; server_tokens off; port_in_redirect off; proxy_redirect off; default_type text/html; root ${folder}/empty; ${temporary}
  include /etc/nginx/mime.types; server_names_hash_bucket_size 128; variables_hash_max_size 4096; proxy_http_version 1.1;
  uninitialized_variable_warn off;
  upstream backend { server 127.0.0.1:${backendPort}; }
  ${HTTP_SNIPPET}
  ${servers.join('\n')}
}`;
}

function manifests(backendPort: number): Record<string, string> {
  const objects: object[] = [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'controller', namespace: 'default' },
      data: {
        'annotations-risk-level': 'Critical',
        'allow-snippet-annotations': 'true',
        'ssl-redirect': 'false',
        'http-snippet': HTTP_SNIPPET,
      },
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
    ...CASES.flatMap(ingressesOf),
  ];
  return { 'objects.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') };
}

function ingressesOf({ server, location, paths = [], plainPaths = [] }: SnippetCase, index: number): readonly object[] {
  const prefix = 'nginx.ingress.kubernetes.io';
  const annotations = {
    ...(server !== undefined && { [`${prefix}/server-snippet`]: server }),
    ...(location !== undefined && { [`${prefix}/configuration-snippet`]: location }),
  };
  const own = ingressOf({ name: `case-${index}`, annotations, host: hostOf(index), paths: ['/', ...paths] });
  return plainPaths.length === 0
    ? [own]
    : [own, ingressOf({ name: `b-${index}`, annotations: {}, host: hostOf(index), paths: plainPaths })];
}

interface IngressParts {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly host: string;
  readonly paths: readonly string[];
}

function ingressOf({ name, annotations, host, paths }: IngressParts): object {
  const service = { service: { name: 'backend', port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      ingressClassName: 'nginx',
      rules: [{ host, http: { paths: paths.map((path) => ({ path, pathType: 'Prefix', backend: service })) } }],
    },
  };
}

async function ask(port: number, host: string, { path, method = 'GET', headers = {} }: SnippetRequest): Promise<Answer> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false, headers: { Host: host, ...headers } }, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  const fields: string[] = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = (message.rawHeaders[i] ?? '').toLowerCase();
    if (!OWN_FIELDS.has(name)) fields.push(`${name}: ${valueOf(name, message.rawHeaders[i + 1] ?? '')}`);
  }
  return { status: message.statusCode ?? 0, fields: fields.toSorted(), body: Buffer.concat(pieces).toString('latin1') };
}

/** Two servers answer in different seconds. */
function valueOf(name: string, value: string): string {
  const isNear = Math.abs(Date.parse(value) - Date.now()) < 100 * 86_400_000;
  if (name === 'expires' && isNear) return `${Math.round((Date.parse(value) - Date.now()) / 60_000)} minutes`;
  const seconds = /^max-age=(\d+)$/.exec(value)?.[1];
  return seconds === undefined ? value : `max-age=${Math.round(Number(seconds) / 60)} minutes`;
}

/** The body that a 404 of nginx's own has is Portico's too; that of a redirect differs by nothing. */
function comparable({ status, fields, body }: Answer): object {
  return { status, fields, body };
}

async function waitFor(port: number): Promise<void> {
  await waitUntil('an answer of nginx', () =>
    ask(port, 'none.test', { path: '/' }).then(
      () => true,
      () => false,
    ),
  );
}

describe('snippets mean the same as in nginx', { skip: !isPossible }, () => {
  before(async () => {
    backend = createBackend();
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    const address = backend.address();
    if (address === null || typeof address === 'string' || NGINX === undefined) throw new Error('no port');
    [nginxPort = 0] = await findFreePorts(1);
    writeFileSync(`${folder}/nginx.conf`, nginxConfig(address.port));
    const check = spawnSync(NGINX, ['-t', '-p', folder, '-c', `${folder}/nginx.conf`], { encoding: 'utf8' });
    assert.equal(check.status, 0, check.stderr);
    nginx = spawn(NGINX, ['-p', folder, '-c', `${folder}/nginx.conf`], { stdio: 'ignore' });
    await waitFor(nginxPort);
    portico = await startPortico({ manifests: manifests(address.port) });
  });

  after(async () => {
    await portico?.stop();
    nginx?.kill('SIGKILL');
    backend.closeAllConnections();
    backend.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [index, { name, requests }] of CASES.entries()) {
    it(name, async () => {
      for (const asked of requests) {
        const [expected, actual] = await Promise.all([
          ask(nginxPort, hostOf(index), asked),
          ask(portico?.httpPort ?? 0, hostOf(index), asked),
        ]);
        assert.deepEqual(
          comparable(actual),
          comparable(expected),
          `${asked.method ?? 'GET'} ${asked.path} ${JSON.stringify(asked.headers ?? {})}`,
        );
      }
    });
  }
});
