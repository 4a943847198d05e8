// A stand-in for kube-apiserver that speaks its protocol over HTTPS, for tests and benchmarks: Portico, `kubectl` and this repository's
// tests use it as they use a real one. State is in memory; what goes wrong is decided by the test (see `ApiServer`).
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parse as parseYaml } from 'yaml';
import type { CertificateIssuer, IssuedCertificate } from '../certificates.ts';
import { createCertificateIssuer } from '../certificates.ts';
import { Access } from './access.ts';
import type { Attributes, User } from './access.ts';
import { ApiFailure, badRequest, notFound, unauthorized } from './api-status.ts';
import type { ApiObject } from './api-object.ts';
import { isJson } from './api-object.ts';
import { answerDiscovery } from './discovery.ts';
import { failureOf, Faults, forbidden } from './faults.ts';
import { formOf, Lists, printMetadata } from './lists.ts';
import { chooseForm } from './media-type.ts';
import { StoredObject, ObjectStore } from './object-store.ts';
import { ObjectWriter } from './object-writer.ts';
import type { PatchForm } from './object-writer.ts';
import { attributesOf, parseTarget } from './request-target.ts';
import type { RequestTarget } from './request-target.ts';
import { storedKind } from './resource-kinds.ts';
import { parseSelectors } from './selectors.ts';
import { WatchStream } from './watch-stream.ts';
import type { WatchManner } from './watch-stream.ts';

export interface LoggedRequest {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly accept: string;
  status: number;
}

const patchForms: Readonly<Record<string, PatchForm>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};
const DEFAULT_WATCH_TIMEOUT_MS = 1_800_000;
const MAX_LOG = 50_000;

export class HttpApiServer {
  readonly store = new ObjectStore();
  readonly access = new Access(this.store);
  readonly faults = new Faults();
  readonly lists = new Lists(this.store);
  readonly writer: ObjectWriter;
  readonly manner: WatchManner = { chunkBytes: 0, delayMs: 0, bookmarkEveryMs: 60_000 };
  readonly watches = new Set<WatchStream>();
  readonly requests: LoggedRequest[] = [];
  readonly issuer: CertificateIssuer;
  readonly authority: IssuedCertificate;
  readonly #certificate: IssuedCertificate;
  readonly #sockets = new Set<Socket>();
  readonly #random: () => number;
  #server: Server | undefined;
  #port = 0;

  private constructor(options: {
    random: () => number;
    issuer: CertificateIssuer;
    authority: IssuedCertificate;
    certificate: IssuedCertificate;
  }) {
    this.#random = options.random;
    this.issuer = options.issuer;
    this.authority = options.authority;
    this.#certificate = options.certificate;
    this.writer = new ObjectWriter(this.store, Date.now);
  }

  static async create({ host, random }: { readonly host: string; readonly random: () => number }): Promise<HttpApiServer> {
    const issuer = createCertificateIssuer({ poolSize: 2, now: Date.now });
    const authority = await issuer.issue({ commonName: 'stand-in-ca', hosts: [], isAuthority: true });
    const hosts = ['localhost', 'kubernetes.default.svc', host];
    const certificate = await issuer.issue({ commonName: 'kube-apiserver', hosts, issuer: authority });
    return new HttpApiServer({ random, issuer, authority, certificate });
  }

  get port(): number {
    return this.#port;
  }

  /** Opens the port that it had before, if any. */
  async listen(host: string, port: number): Promise<void> {
    const server = createServer(
      {
        cert: this.#certificate.certificatePem,
        key: this.#certificate.privateKeyPem,
        ca: this.authority.certificatePem,
        requestCert: true,
        rejectUnauthorized: false,
        keepAliveTimeout: 60_000,
      },
      (request, response) => void this.#serve(request, response),
    );
    server.on('secureConnection', (socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    });
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#port === 0 ? port : this.#port, host }, resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Ends at once, as a process that is killed. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const watch of this.watches) watch.cut();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      const failure =
        error instanceof ApiFailure
          ? error
          : new ApiFailure(500, 'InternalError', error instanceof Error ? (error.stack ?? error.message) : String(error));
      const { retryAfterSeconds } = failure;
      sendText(response, { code: failure.code, text: JSON.stringify(failure.status()), retryAfterSeconds });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://stand-in');
    const user = this.access.findUser(request);
    if (user === undefined) throw unauthorized();
    if (['/readyz', '/livez', '/healthz'].includes(url.pathname)) {
      response.end('ok');
      return;
    }
    const target = parseTarget(request.method ?? 'GET', url);
    if (target === undefined) {
      const discovered = request.method === 'GET' ? answerDiscovery(url.pathname) : undefined;
      if (discovered === undefined) throw new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');
      sendText(response, { code: 200, text: JSON.stringify(discovered) });
      return;
    }
    const attributes = attributesOf(target);
    this.#log(request, response, { user, attributes });
    const body = await readBody(request);
    const fault = this.faults.take(attributes, user);
    if (fault?.delayMs !== undefined) await delay(fault.delayMs);
    if (fault !== undefined && fault.status !== 200) throw failureOf(fault, attributes);
    if (!this.access.mayDo(user, attributes)) throw forbidden(attributes, user);
    this.#perform({ request, response, target, user, body });
  }

  #perform({ request, response, target, user, body }: Performance): void {
    switch (target.verb) {
      case 'watch':
        this.#watch(request, response, target);
        return;
      case 'list':
        sendText(response, { code: 200, text: this.#list(request, target) });
        return;
      case 'get':
        sendText(response, { code: 200, text: this.#get(request, target) });
        return;
      default: {
        const { code, object } = this.#write({ request, target, user, body });
        sendText(response, { code, text: JSON.stringify(object) });
      }
    }
  }

  #list({ headers }: IncomingMessage, { kind, namespace, query }: RequestTarget): string {
    return this.lists.print({
      kind,
      namespace,
      selector: parseSelectors(query.get('labelSelector'), query.get('fieldSelector')),
      form: chooseForm(headers.accept, true),
      limit: Number(query.get('limit') ?? 0),
      continueToken: query.get('continue') ?? '',
    });
  }

  #get({ headers }: IncomingMessage, { kind, namespace, name }: RequestTarget): string {
    const stored = this.store.get(storedKind(kind), namespace, name);
    if (stored === undefined) throw notFound(kind, name);
    return chooseForm(headers.accept, false) === 'metadata' ? printMetadata(stored) : formOf(stored, kind).text;
  }

  #watch({ headers }: IncomingMessage, response: ServerResponse, { kind, namespace, query, name }: RequestTarget): void {
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    const fields = name === '' ? query.get('fieldSelector') : `metadata.name=${name}`;
    const version = query.get('resourceVersion') ?? '';
    if (version !== '' && !/^\d+$/.test(version))
      throw badRequest(`Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: invalid syntax`);
    const watch = new WatchStream(
      {
        kind,
        namespace,
        selector: parseSelectors(query.get('labelSelector'), fields),
        form: chooseForm(headers.accept, false),
        resourceVersion: version === '' ? undefined : Number(version),
        timeoutMs: seconds > 0 ? seconds * 1000 : DEFAULT_WATCH_TIMEOUT_MS,
        hasBookmarks: ['1', 'true'].includes(query.get('allowWatchBookmarks') ?? ''),
      },
      response,
      { store: this.store, manner: this.manner, random: this.#random },
    );
    this.watches.add(watch);
    response.once('close', () => this.watches.delete(watch));
  }

  #write({ request, target, user, body }: Omit<Performance, 'response'>): { readonly code: number; readonly object: unknown } {
    const { kind, namespace, name, query, verb } = target;
    const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    const manager = query.get('fieldManager') ?? (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? '';
    if (contentType.endsWith('protobuf')) throw new ApiFailure(415, 'UnsupportedMediaType', 'the stand-in takes JSON and YAML only');
    if (!['', 'status'].includes(target.subresource))
      throw new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');
    const subresource = target.subresource === 'status' ? 'status' : undefined;
    const write = { kind, namespace, name, subresource, manager } as const;
    switch (verb) {
      case 'create':
        if (kind.isReview) return { code: 201, object: this.#review(kind.kind, parseBody(body), user) };
        if (kind.isNamespaced && namespace === '') throw badRequest('an empty namespace may not be set during creation');
        return { code: 201, object: this.#shown(this.writer.create(write, parseBody(body)), target) };
      case 'update':
        return { code: 200, object: this.#shown(this.writer.update(write, parseBody(body)), target) };
      case 'patch': {
        const form = patchForms[contentType];
        if (form === undefined)
          throw new ApiFailure(
            415,
            'UnsupportedMediaType',
            `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchForms).join(', ')}`,
          );
        const isNew = this.store.get(storedKind(kind), namespace, name) === undefined;
        const object = this.writer.patch(write, form, { body: parseBody(body), isForced: query.get('force') === 'true' });
        return { code: isNew ? 201 : 200, object: this.#shown(object, target) };
      }
      case 'delete':
        return { code: 200, object: this.#shown(this.writer.delete(write, body === '' ? undefined : parseBody(body)), target) };
      default: {
        const selector = parseSelectors(query.get('labelSelector'), query.get('fieldSelector'));
        const chosen = this.store.list(storedKind(kind), namespace).filter(({ object }) => selector?.(object) ?? true);
        for (const { object } of chosen) this.store.delete(storedKind(kind), object.metadata.namespace ?? '', object.metadata.name);
        return { code: 200, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
      }
    }
  }

  #shown(object: ApiObject, { kind }: RequestTarget): ApiObject {
    return formOf(new StoredObject(object, kind), kind).object;
  }

  #review(kind: string, body: unknown, user: User): unknown {
    if (kind === 'SelfSubjectReview') {
      return {
        apiVersion: 'authentication.k8s.io/v1',
        kind,
        metadata: {},
        status: { userInfo: { username: user.name, groups: user.groups } },
      };
    }
    const spec = isJson(body) && isJson(body['spec']) ? body['spec'] : {};
    const asked = isJson(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
    const text = (key: string): string => (typeof asked[key] === 'string' ? asked[key] : '');
    const resource = text('subresource') === '' ? text('resource') : `${text('resource')}/${text('subresource')}`;
    const attributes = { verb: text('verb'), group: text('group'), resource, namespace: text('namespace'), name: text('name') };
    return { apiVersion: 'authorization.k8s.io/v1', kind, metadata: {}, spec, status: { allowed: this.access.mayDo(user, attributes) } };
  }

  #log(
    request: IncomingMessage,
    response: ServerResponse,
    { user, attributes }: { readonly user: User; readonly attributes: Attributes },
  ): void {
    const { verb, resource, namespace, name } = attributes;
    const entry: LoggedRequest = {
      user: user.name,
      verb,
      resource,
      namespace,
      name,
      path: request.url ?? '',
      accept: request.headers.accept ?? '',
      status: 0,
    };
    this.requests.push(entry);
    if (this.requests.length > MAX_LOG) this.requests.splice(0, MAX_LOG / 2);
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
  }
}

interface Performance {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: RequestTarget;
  readonly user: User;
  readonly body: string;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** JSON is YAML. */
function parseBody(text: string): unknown {
  try {
    return text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as unknown) : (parseYaml(text) as unknown);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function sendText(
  response: ServerResponse,
  { code, text, retryAfterSeconds }: { readonly code: number; readonly text: string; readonly retryAfterSeconds?: number | undefined },
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-cache, private',
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  });
  response.end(text);
}
