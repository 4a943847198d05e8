// The client of the Kubernetes API: what Portico asks of an API server, each as one function that answers with a Result. It knows addresses,
// credentials, media types and errors; what objects mean is for the callers, who get `unknown` and parse it.
//
// Nothing is tried again here except: once after a 401 with credentials that were read anew, and a GET that is no watch on a kept connection
// that turned out to be closed. Answers that ask for patience (429, 503 with Retry-After) come back as errors with `retryAfterSeconds`.
import type { Agent, IncomingMessage } from 'node:http';
import { http, https } from '../../kit/node-http.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { isMap } from '../../resources/fields.ts';
import type { ApiError } from './api-error.ts';
import { localError, statusError } from './api-error.ts';
import type { Collection, ObjectPath } from './api-resource.ts';
import { collectionPath, objectPath } from './api-resource.ts';
import type { ApiConnection, Credentials } from './credentials.ts';
import { exchange } from './http-exchange.ts';
import type { AnswerHandler, HttpRequest } from './http-exchange.ts';
import { WatchReader } from './watch-reader.ts';
import type { WatchHandler } from './watch-reader.ts';

export type ApiResult<T = unknown> = Result<T, ApiError>;

export interface ApiPage {
  readonly items: readonly unknown[];
  /** Of the whole list: what a watch begins with. */
  readonly resourceVersion: string;
  /** Empty: this was the last page. */
  readonly continueToken: string;
}

export interface ApiList {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

export interface PageRequest {
  /** Of the page before; undefined: the first one. */
  readonly continueToken?: string;
  /** Only for a first page. `0`: whatever the server has in its cache, which may be old. Undefined: the newest state. */
  readonly resourceVersion?: string;
  /** Objects in it at most; undefined: 500, as client-go. */
  readonly limit?: number;
}

export interface Watching extends WatchHandler {
  readonly resourceVersion: string;
  /** After this time the server ends the watch. */
  readonly timeoutSeconds: number;
}

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export type Patch =
  /** Server-side apply of the fields of `object`, which must name apiVersion, kind and metadata.name. */
  | { readonly kind: 'apply'; readonly object: unknown; readonly force: boolean; readonly fieldManager?: string }
  /** RFC 6902. */
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] }
  /** RFC 7386. */
  | { readonly kind: 'merge'; readonly object: unknown };

export interface ApiClient {
  /** `https://10.96.0.1:443`, for messages; empty before the first request. */
  readonly server: string;
  /** Anything of the API server by its path, such as `/version`. */
  getPath(path: string, signal: AbortSignal): Promise<ApiResult>;
  get(object: ObjectPath, signal: AbortSignal): Promise<ApiResult>;
  /** Everything, page by page. An expired continue token begins again from the front, once. */
  list(collection: Collection, signal: AbortSignal): Promise<ApiResult<ApiList>>;
  listPage(collection: Collection, page: PageRequest, signal: AbortSignal): Promise<ApiResult<ApiPage>>;
  /**
   * Hands out events until the server ends the watch in an orderly way (`ok`), or something else does. A watch from a version that the server
   * no longer knows fails with an error for which `isExpired` is true, be it the answer or an event.
   */
  watch(collection: Collection, watching: Watching, signal: AbortSignal): Promise<ApiResult<undefined>>;
  create(collection: Collection, object: unknown, signal: AbortSignal): Promise<ApiResult>;
  /** Replaces the object; with a resourceVersion in it, only that version (409 `Conflict` otherwise). */
  update(object: ObjectPath, body: unknown, signal: AbortSignal): Promise<ApiResult>;
  patch(object: ObjectPath, patch: Patch, signal: AbortSignal): Promise<ApiResult>;
  delete(object: ObjectPath, signal: AbortSignal): Promise<ApiResult>;
  /** Ends kept connections. Requests under way are ended by their signals. */
  close(): void;
}

export interface ApiClientOptions {
  readonly credentials: Credentials;
  /** `portico/0.1.0`. */
  readonly userAgent: string;
  /** Owner of the fields that are written, in `metadata.managedFields`. */
  readonly fieldManager: string;
  readonly timing?: Partial<ApiTiming>;
}

export interface ApiTiming {
  /** For everything but a watch. */
  readonly requestTimeoutMs: number;
  /** A watch that is silent for this long is given up; bookmarks come about once a minute. */
  readonly watchIdleTimeoutMs: number;
}

const defaultTiming: ApiTiming = { requestTimeoutMs: 30_000, watchIdleTimeoutMs: 150_000 };
const PAGE_SIZE = 500;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const METADATA_MEDIA_TYPE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST_MEDIA_TYPE = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const patchMediaTypes = {
  apply: 'application/apply-patch+yaml',
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
} as const satisfies Record<Patch['kind'], string>;

export function createApiClient(options: ApiClientOptions): ApiClient {
  return new HttpApiClient(options);
}

type Query = Readonly<Record<string, string | undefined>>;

class HttpApiClient implements ApiClient {
  readonly #options: ApiClientOptions;
  readonly #timing: ApiTiming;
  #connection: ApiConnection | undefined;
  #agent: Agent | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  get server(): string {
    return this.#connection?.server ?? '';
  }

  async getPath(path: string, signal: AbortSignal): Promise<ApiResult> {
    return this.#call({ method: 'GET', path }, signal);
  }

  async get(object: ObjectPath, signal: AbortSignal): Promise<ApiResult> {
    return this.getPath(objectPath(object), signal);
  }

  async list(collection: Collection, signal: AbortSignal): Promise<ApiResult<ApiList>> {
    let items: unknown[] = [];
    let continueToken = '';
    let restarts = 0;
    for (;;) {
      const page = await this.listPage(collection, continueToken === '' ? {} : { continueToken }, signal);
      if (!page.ok) {
        if (page.error.status !== 410 || restarts++ > 0) return page;
        items = [];
        continueToken = '';
        continue;
      }
      items.push(...page.value.items);
      ({ continueToken } = page.value);
      if (continueToken === '') return ok({ items, resourceVersion: page.value.resourceVersion });
    }
  }

  async listPage(
    collection: Collection,
    { continueToken, resourceVersion, limit = PAGE_SIZE }: PageRequest,
    signal: AbortSignal,
  ): Promise<ApiResult<ApiPage>> {
    const query = { ...selectorsOf(collection), limit: String(limit), continue: continueToken, resourceVersion };
    const accept = collection.isMetadataOnly === true ? METADATA_LIST_MEDIA_TYPE : undefined;
    const answer = await this.#call({ method: 'GET', path: withQuery(collectionPath(collection), query), accept }, signal);
    return answer.ok ? parsePage(answer.value) : answer;
  }

  async watch(collection: Collection, watching: Watching, signal: AbortSignal): Promise<ApiResult<undefined>> {
    const { timeoutSeconds, resourceVersion } = watching;
    const query = {
      ...selectorsOf(collection),
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    const request: HttpRequest = {
      method: 'GET',
      path: withQuery(collectionPath(collection), query),
      headers: this.#headers(collection.isMetadataOnly === true ? METADATA_MEDIA_TYPE : undefined),
      idleTimeoutMs: this.#timing.watchIdleTimeoutMs,
      totalTimeoutMs: timeoutSeconds * 1000 + this.#timing.requestTimeoutMs,
    };
    return this.#send(request, () => new WatchReader(watching), signal, true);
  }

  async create(collection: Collection, object: unknown, signal: AbortSignal): Promise<ApiResult> {
    const path = withQuery(collectionPath(collection), { fieldManager: this.#options.fieldManager });
    return this.#call({ method: 'POST', path, body: object }, signal);
  }

  async update(object: ObjectPath, body: unknown, signal: AbortSignal): Promise<ApiResult> {
    const path = withQuery(objectPath(object), { fieldManager: this.#options.fieldManager });
    return this.#call({ method: 'PUT', path, body }, signal);
  }

  async patch(object: ObjectPath, patch: Patch, signal: AbortSignal): Promise<ApiResult> {
    const isApply = patch.kind === 'apply';
    const query = {
      fieldManager: (isApply ? patch.fieldManager : undefined) ?? this.#options.fieldManager,
      force: isApply && patch.force ? 'true' : undefined,
    };
    const body = patch.kind === 'json' ? patch.operations : patch.object;
    const contentType = patchMediaTypes[patch.kind];
    return this.#call({ method: 'PATCH', path: withQuery(objectPath(object), query), body, contentType }, signal);
  }

  async delete(object: ObjectPath, signal: AbortSignal): Promise<ApiResult> {
    return this.#call({ method: 'DELETE', path: objectPath(object) }, signal);
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #call(call: Call, signal: AbortSignal): Promise<ApiResult> {
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const contentType = call.body === undefined ? {} : { 'Content-Type': call.contentType ?? 'application/json' };
    const request: HttpRequest = {
      method: call.method,
      path: call.path,
      headers: { ...this.#headers(call.accept), ...contentType },
      ...body,
      idleTimeoutMs: this.#timing.requestTimeoutMs,
      totalTimeoutMs: this.#timing.requestTimeoutMs,
    };
    return this.#send(request, () => new AnswerReader(), signal);
  }

  #headers(accept: string | undefined): Record<string, string> {
    return { Accept: accept ?? 'application/json', 'User-Agent': this.#options.userAgent };
  }

  /** Sends once, and once more where that cannot do harm. Not a watch: the server that takes it then may not have its version. */
  async #send<T>(request: HttpRequest, createReader: () => Reader<T>, signal: AbortSignal, isWatch = false): Promise<ApiResult<T>> {
    const { credentials } = this.#options;
    let hasRefreshed = false;
    let hasResent = false;
    for (;;) {
      let connection: ApiConnection;
      try {
        connection = await credentials.load();
      } catch (error) {
        return fail(localError('Credentials', error instanceof Error ? error.message : String(error)));
      }
      const reader = createReader();
      const end = await exchange(request, { connection, agent: this.#agentFor(connection) }, reader, signal);
      if (!end.ok && end.error.isUnsent && request.method === 'GET' && !hasResent && !isWatch) {
        hasResent = true;
        continue;
      }
      const result = end.ok ? reader.finish() : fail(withoutUnsent(end.error));
      if (result.ok || result.error.status !== 401 || hasRefreshed) return result;
      hasRefreshed = true;
      credentials.refresh(connection);
    }
  }

  /** One agent for as long as the TLS side stays the same. Idle connections of the one before are closed, watches go on. */
  #agentFor(connection: ApiConnection): Agent {
    const before = this.#connection;
    this.#connection = connection;
    if (this.#agent !== undefined && before !== undefined && isSameEnd(before, connection)) return this.#agent;
    for (const sockets of Object.values(this.#agent?.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
    const options = { keepAlive: true, keepAliveMsecs: 15_000, scheduling: 'lifo' } as const;
    this.#agent = connection.agent ?? (connection.server.startsWith('http:') ? new http.Agent(options) : new https.Agent(options));
    return this.#agent;
  }
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly accept?: string | undefined;
  readonly contentType?: string;
}

interface Reader<T> extends AnswerHandler {
  /** After the end of the answer. */
  finish(): ApiResult<T>;
}

/** A whole answer in JSON. */
class AnswerReader implements Reader<unknown> {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #retryAfter: string | undefined;

  onHead({ statusCode = 0, headers }: IncomingMessage): void {
    this.#status = statusCode;
    this.#retryAfter = headers['retry-after'];
  }

  onData(chunk: Buffer): ApiError | undefined {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes > MAX_ANSWER_BYTES ? localError('Unreadable', `the answer is longer than ${MAX_ANSWER_BYTES} bytes`) : undefined;
  }

  finish(): ApiResult {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    const isGood = this.#status >= 200 && this.#status < 300;
    try {
      const value: unknown = JSON.parse(text);
      return isGood ? ok(value) : fail(statusError(this.#status, value, this.#retryAfter));
    } catch {
      if (isGood) return fail(localError('Unreadable', `the answer is not JSON: ${JSON.stringify(text.slice(0, 100))}`));
      // Proxies and overloaded servers answer in plain text.
      return fail(statusError(this.#status, text.length < 1000 ? { message: text.trim() } : undefined, this.#retryAfter));
    }
  }
}

function parsePage(value: unknown): ApiResult<ApiPage> {
  const metadata = isMap(value) ? value['metadata'] : undefined;
  // An empty list may come as null.
  const items = isMap(value) ? (value['items'] ?? []) : undefined;
  if (!isMap(value) || !isMap(metadata) || !Array.isArray(items)) return fail(localError('Unreadable', 'the answer is no list of objects'));
  const { resourceVersion, continue: continueToken } = metadata;
  return ok({
    items,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    continueToken: typeof continueToken === 'string' ? continueToken : '',
  });
}

function selectorsOf({ fieldSelector, labelSelector }: Collection): Query {
  return { fieldSelector, labelSelector };
}

function withQuery(path: string, query: Query): string {
  const parts = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]));
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

function withoutUnsent({ status, reason, message, retryAfterSeconds }: ApiError): ApiError {
  return { status, reason, message, retryAfterSeconds };
}

function isSameEnd(left: ApiConnection, right: ApiConnection): boolean {
  if (left === right) return true;
  const names = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const;
  return left.server === right.server && names.every((name) => String(left.tls[name]) === String(right.tls[name]));
}
