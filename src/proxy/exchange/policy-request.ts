// The request as policies see it and change it. Made only for routes that have policies, and kept until the exchange ends.
import type { MessageHead } from '../http1/message-head.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import type { LateFields } from '../policies/policy.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { Downstream } from './downstream.ts';
import type { ExchangeEntry } from './exchange-entry.ts';
import type { RequestCopy } from './request-copy.ts';
import type { SnippetLevel } from '../policies/snippet-level.ts';
import { encodeQuery, parsePathBytes } from './path-bytes.ts';
import type { MatchedRequest } from './upstream-request-head.ts';
import type { ClientOrigin, ForwardedRequest } from './forwarded-fields.ts';

const SPACE = 0x20;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
/** Of a variable, and of path and query: snippets can double what they have with each line. */
export const MAX_MADE_CHARACTERS = 64 * 1024;

export interface PolicyRequestParts {
  readonly context: WorkerContext;
  readonly head: MessageHead;
  readonly matched: MatchedRequest;
  readonly entry: ExchangeEntry;
  readonly client: Downstream;
  /** The request as a snippet has rewritten it on another route. */
  readonly rewritten: PolicyRequest | undefined;
}

const NO_NAMES: readonly string[] = [];
const NO_CAPTURES: readonly undefined[] = [];

export class PolicyRequest {
  readonly context: WorkerContext;
  /** Good during `onRequest` only; read again from kept bytes after a wait. Use `fieldOf` and keep strings. */
  head: MessageHead;
  /** The upstream's response head, during response hooks only. */
  responseHead: MessageHead | undefined;
  readonly route: ProxyRoute;
  readonly entry: ExchangeEntry;
  readonly client: Downstream;
  readonly origin: ClientOrigin;
  readonly forwarded: ForwardedRequest;
  readonly hostText: string;
  readonly hostName: string;
  readonly method: string;

  // What policies may set.
  /** Normalised and decoded; what it was rewritten to. */
  path: string;
  /** Query without `?`. */
  query: string;
  /** How often the route was looked for again. */
  readonly searches: number;
  /** True: a snippet has ended the rewriting, so that `rewrite-target` does not come to it. */
  isRewritingOver = false;
  /** The place of a snippet whose rules count; undefined: the route's own. */
  snippetLevel: SnippetLevel | undefined;
  /** Path and query to send upstream instead of the received target. Latin1, encoded, checked. */
  target: string | undefined;
  /** Host towards the upstream. */
  upstreamHost: string | undefined;
  /** Further request fields, each with its CRLF. */
  requestLines = '';
  /** Where the request goes instead of the route's own upstream (canary). */
  group: UpstreamGroup | undefined;
  /** `Set-Cookie` of session affinity with its CRLF; the last attempt's counts. Only goes with an answer of the upstream. */
  affinityCookieLine = '';
  /** A copy of the request on its way to another server. */
  copy: RequestCopy | undefined;
  /** Values of nginx variables that policies set, by name without `$`; undefined: none. */
  variables: Map<string, string> | undefined;
  /** Groups of the regular expression that matched last, the whole match first: `$1` and so on. */
  captures: readonly (string | undefined)[];
  // Sets and maps are made when there is something to put in: bench policies, 0.1 us.
  #notes: Map<object, unknown> | undefined;
  #dropped: ReadonlySet<string> | undefined;
  /** The same set, if it was made for this request. */
  #ownDropped: Set<string> | undefined;
  #isHeadGone = false;
  #lateNames = NO_NAMES;
  #lateValues: readonly (string | undefined)[] = NO_NAMES;

  constructor(parts: PolicyRequestParts) {
    const { head, matched } = parts;
    this.context = parts.context;
    this.head = head;
    this.route = matched.route;
    this.entry = parts.entry;
    this.client = parts.client;
    this.origin = parts.client.origin;
    this.forwarded = matched.forwarded;
    this.hostText = matched.hostText;
    this.hostName = matched.hostName;
    this.path = matched.path;
    this.method = parts.entry.method;
    this.query = parts.rewritten?.query ?? (head.pathEnd < head.targetEnd ? head.buffer.latin1Slice(head.pathEnd + 1, head.targetEnd) : '');
    this.searches = parts.rewritten === undefined ? 0 : parts.rewritten.searches + 1;
    this.variables = parts.rewritten?.variables;
    this.captures = parts.rewritten?.captures ?? NO_CAPTURES;
    this.target = matched.target;
    this.upstreamHost = matched.route.upstreamHost;
  }

  get clientAddress(): string {
    return this.entry.clientAddress;
  }

  /** When the current callback began, in milliseconds since the epoch: the worker's own clock does not count from there. */
  get epochMs(): number {
    return performance.timeOrigin + this.context.nowMs;
  }

  /** The id that the upstream and the log get: the client's own, or one that is made now. */
  get requestId(): string {
    const { entry, head } = this;
    if (entry.requestId !== '' || this.#isHeadGone) return entry.requestId;
    entry.requestId = head.requestIdField >= 0 ? head.valueOf(head.requestIdField) : this.context.requestIds.create();
    return entry.requestId;
  }

  /** Changes path and query, as bytes. False: they must not be sent. */
  rewriteTo(path: string, query: string): boolean {
    if (path.length + query.length > MAX_MADE_CHARACTERS) return false;
    const rewritten = parsePathBytes(path);
    if (rewritten === undefined) return false;
    this.path = rewritten.path;
    this.query = encodeQuery(query);
    this.target = this.query === '' ? rewritten.forwardPath : `${rewritten.forwardPath}?${this.query}`;
    return true;
  }

  setVariable(name: string, value: string): void {
    this.variables ??= new Map();
    this.variables.set(name, value);
  }

  /** Lets `fieldOf` answer in response hooks too (`RouteHooks.lateFields`). */
  keepFields(names: LateFields): void {
    // The access log keeps them all.
    if (this.context.accessLog.isEnabled) return;
    if (names === 'all') {
      this.entry.requestHead.keep(this.head);
      return;
    }
    this.#lateNames = names;
    this.#lateValues = names.map((name) => this.head.valueOfName(name));
  }

  /** The request goes to its upstream or was answered: `head` is not to be read any more. */
  releaseHead(): void {
    this.#isHeadGone = true;
  }

  /** All values of a client's field joined with `, `, or undefined. `name` in lower case. After `onRequest` only if they were kept. */
  fieldOf(name: string): string | undefined {
    if (!this.#isHeadGone) return this.head.valueOfName(name);
    const late = this.#lateNames.indexOf(name);
    if (late >= 0) return this.#lateValues[late];
    const value = this.entry.requestHeader(name);
    return value === '' ? undefined : value;
  }

  /** The value of a cookie as received, or undefined. `as-written`: the name is compared with regard to case. */
  cookieOf(name: string, nameCase: 'as-written' | 'any-case' = 'as-written'): string | undefined {
    const cookies = this.fieldOf('cookie');
    return cookies === undefined ? undefined : findCookie(cookies, name, nameCase === 'any-case');
  }

  /** Lower-case names of client fields that are not passed on; undefined: none. */
  get droppedRequestFields(): ReadonlySet<string> | undefined {
    return this.#dropped;
  }

  /** `names`: in lower case; the set must not change afterwards. */
  dropRequestFields(names: ReadonlySet<string>): void {
    if (this.#dropped === undefined) this.#dropped = names;
    else for (const name of names) this.#dropOne(name);
  }

  /** Replaces a request field towards the upstream. Values with CR, LF or NUL are left out, the field is dropped all the same. */
  setRequestField(name: string, value: string): void {
    const lowerName = name.toLowerCase();
    if (this.#dropped?.has(lowerName) === true) this.requestLines = withoutField(this.requestLines, lowerName);
    else this.#dropOne(lowerName);
    if (value !== '' && isSafeValue(value)) this.requestLines += `${name}: ${value}\r\n`;
  }

  /** What a policy has noted for its later hooks. */
  noteOf(policy: object): unknown {
    return this.#notes?.get(policy);
  }

  note(policy: object, value: unknown): void {
    this.#notes ??= new Map();
    this.#notes.set(policy, value);
  }

  #dropOne(lowerName: string): void {
    if (this.#ownDropped === undefined) {
      this.#ownDropped = new Set(this.#dropped);
      this.#dropped = this.#ownDropped;
    }
    this.#ownDropped.add(lowerName);
  }
}

function withoutField(lines: string, lowerName: string): string {
  return lines
    .split('\r\n')
    .filter((line) => !line.toLowerCase().startsWith(`${lowerName}:`))
    .join('\r\n');
}

/** As nginx's `$cookie_name`: pairs are parted by `;` or `,`. */
function findCookie(cookies: string, name: string, isAnyCase: boolean): string | undefined {
  const text = isAnyCase ? cookies.toLowerCase() : cookies;
  const wanted = `${isAnyCase ? name.toLowerCase() : name}=`;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (!isPairStart(text, at)) continue;
    const start = at + wanted.length;
    let end = start;
    while (end < text.length && !isPairEnd(text.charCodeAt(end))) end++;
    return cookies.slice(start, end).trimEnd();
  }
  return undefined;
}

function isPairStart(text: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && text.charCodeAt(before) === SPACE) before--;
  return before < 0 || isPairEnd(text.charCodeAt(before));
}

function isPairEnd(code: number): boolean {
  return code === SEMICOLON || code === COMMA;
}
