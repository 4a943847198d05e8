// What a policy is: something that one route asks for beyond being forwarded. Each file in this folder compiles the model's row of one
// family into hooks; a route without the family has no hook and pays nothing. The order of the phases is ingress-nginx's
// (reference 1.4): users combine annotations and rely on which of them wins.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';

/** When a request hook runs. `host` to `rewrite` come before the redirect to TLS and the answer for missing endpoints. */
export const REQUEST_PHASES = [
  // Host: blocked user agents and referers, client certificates, app-root.
  'host',
  // CORS preflight answers.
  'preflight',
  // Steps of the snippets of a location: in the configuration that ingress-nginx writes they stand before the redirect.
  'steps',
  'redirect',
  'rewrite',
  // --- redirect to TLS, no endpoints: 503 ---
  'limit',
  // Address lists, basic and external authentication, joined by `satisfy`.
  'access',
  'firewall',
  'mirror',
  // What is set on the request to the upstream, whatever came before.
  'forward',
] as const;
export type RequestPhase = (typeof REQUEST_PHASES)[number];

/** The first phase that runs behind the redirect to TLS. */
export const FIRST_LATE_PHASE: RequestPhase = 'limit';

export type PolicyVerdict =
  | { readonly kind: 'continue' }
  /** Answer now. `lines`: fields, each with its CRLF; values must have been checked for CR, LF and NUL. */
  | { readonly kind: 'respond'; readonly status: number; readonly lines: string; readonly body: string }
  /**
   * Answer with an error of Portico's own. `status` replaces the registry's where an annotation sets it. `detail`: text on the page, for
   * those who search for nginx's words; not HTML.
   */
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly status?: number; readonly lines?: string; readonly detail?: string }
  /** Close the connection without an answer. */
  | { readonly kind: 'close' }
  /** Look for the route again, for the path of the request was rewritten. Only in early phases, and only for steps of snippets. */
  | { readonly kind: 'search' }
  /**
   * The answer comes later. `start` is called once, after the request head was kept; it must call `resume` exactly once, whatever happens,
   * unless `cancel` (its result) is called first because the client has gone.
   */
  | { readonly kind: 'wait'; readonly start: (resume: (verdict: PolicyVerdict) => void) => () => void };

/** What ends the run of the policies. */
export type PolicyAnswer = Exclude<PolicyVerdict, { kind: 'continue' | 'wait' }>;

export const CONTINUE: PolicyVerdict = { kind: 'continue' };

export interface RequestPolicy {
  readonly phase: RequestPhase;
  onRequest(request: PolicyRequest): PolicyVerdict;
  /** Called when the exchange ends, if `onRequest` was called: to give back what was taken (connection limits). */
  onEnd?(request: PolicyRequest): void;
}

/** What response hooks may look at and change. */
export interface ResponseView {
  readonly request: PolicyRequest;
  readonly status: number;
  /** The upstream's head; undefined for responses that Portico makes itself. */
  readonly head: MessageHead | undefined;
  /** Drops all fields of this lower-case name from the upstream's response. */
  drop(name: string): void;
  /** The same for several names; the set must not change afterwards. */
  dropAll(names: ReadonlySet<string>): void;
  /** Drops all fields of these lower-case names, those of other policies too. The set must not change afterwards. */
  replace(names: ReadonlySet<string>): void;
  /** Lower-case names of the fields so far that begin so. */
  namesWithPrefix(prefix: string): ReadonlySet<string>;
  /** Adds a field. The value is checked: one with CR, LF or NUL is left out. */
  add(name: string, value: string): void;
  /** Adds fields that were checked before, each with its CRLF. */
  addLines(lines: string): void;
}

export interface ResponsePolicy {
  onResponse(response: ResponseView): void;
}

/** Which upstream and which endpoint take the request. */
export interface UpstreamSelector {
  /** The group instead of the route's own (canary); undefined: the route's own. */
  selectGroup?(request: PolicyRequest): UpstreamGroup | undefined;
  /** How the endpoint of the group is chosen; undefined: by the group's own balancer. */
  startPicking?(request: PolicyRequest, group: UpstreamGroup): EndpointPicker | undefined;
}

/** Hears of each request of the route, whatever answers it. */
export interface RequestTracer {
  /** Before any policy; the head of the request is there. */
  begin(request: PolicyRequest): void;
  /** The exchange is over, and its record complete. */
  end(request: PolicyRequest): void;
}

export type LateFields = 'all' | readonly string[];

/** What a family gives for one route; families that have nothing for it give undefined. */
export interface RouteHooks {
  readonly request?: readonly RequestPolicy[];
  readonly response?: readonly ResponsePolicy[];
  /** Behind all of `response`. */
  readonly lastResponse?: readonly ResponsePolicy[];
  readonly selector?: UpstreamSelector;
  readonly tracer?: RequestTracer;
  /** Fields of the request, by lower-case names, that response hooks read (`PolicyRequest.fieldOf`): they are kept for them. */
  readonly lateFields?: LateFields;
}
