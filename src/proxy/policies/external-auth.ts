// Authentication by an HTTP service (`auth-url`): 2xx lets the request through, 401 and 403 refuse it, anything else or no answer at all
// is an error that lets nobody in, unless the ConfigMap says so (`portico-auth-failure`). Fields of the answer that the route lists replace
// those of the client, which are removed even where the answer has none. Answers are kept where the route gives them a key.
import type { AuthCachePolicy, AuthCacheRule, ExternalAuth } from '../../model/policies/access.ts';
import type { ProxyParameters, Route, VirtualHost } from '../../model/route.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import { compileRetryRules } from '../exchange/retry-rules.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import type { AccessAnswer, AccessCheck, AccessDecision } from './access-check.ts';
import { YES } from './access-check.ts';
import { AuthCall, type AuthOutcome } from './auth-call.ts';
import { appendAuthRequest, type AuthRequestTemplate, replacedNames, withTraceNames } from './auth-request.ts';
import { AuthRecord } from './auth-record.ts';
import type { AuthReply } from './auth-services.ts';
import type { ResponsePolicy } from './policy.ts';
import { compileTemplate } from './variables.ts';

const FAILED: AccessDecision = { kind: 'failed', code: 'PRT-AUTH-3' };
const OVERLOADED: AccessDecision = { kind: 'failed', code: 'PRT-AUTH-5' };
/** Another endpoint is tried once where one cannot be reached. */
const TRIES = 2;
/** Statuses with which cookies of the service go to the client: those of nginx's `add_header` without `always`. */
const COOKIE_STATUSES: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

export interface CompiledExternalAuth {
  readonly check: AccessCheck;
  /** Passes the cookies of the service on. */
  readonly response: ResponsePolicy;
}

export function compileExternalAuth(policy: ExternalAuth, route: Route, host: VirtualHost, deps: RouteCompilerDeps): CompiledExternalAuth {
  const authentication = new ExternalAuthentication(policy, { route, host, deps });
  return {
    check: { check: (request) => authentication.check(request) },
    response: {
      onResponse(view) {
        const cookies = authentication.cookiesOf(view.request);
        if (cookies.length === 0 || !(policy.alwaysSetCookie || COOKIE_STATUSES.has(view.status))) return;
        for (const cookie of cookies) view.add('Set-Cookie', cookie);
      },
    },
  };
}

interface Place {
  readonly route: Route;
  readonly host: VirtualHost;
  readonly deps: RouteCompilerDeps;
}

const NO_COOKIES: readonly string[] = [];

class ExternalAuthentication {
  readonly #policy: ExternalAuth;
  readonly #deps: RouteCompilerDeps;
  readonly #template: AuthRequestTemplate;
  readonly #call: ConstructorParameters<typeof AuthCall>[1];
  readonly #cacheKey: ((request: PolicyRequest) => string) | undefined;

  constructor(policy: ExternalAuth, { route, host, deps }: Place) {
    this.#policy = policy;
    this.#deps = deps;
    const replaced = replacedNames(policy.requestHeaders);
    this.#template = {
      method: policy.method,
      host: policy.host,
      target: compileTemplate(policy.target),
      tellsOriginalUri: policy.tellsOriginalUri,
      requestRedirect: policy.requestRedirect === undefined ? undefined : compileTemplate(policy.requestRedirect),
      requestHeaders: policy.requestHeaders.map(([name, template]) => [name, compileTemplate(template)]),
      replaced,
      replacedWithTrace: withTraceNames(replaced),
    };
    const proxy: ProxyParameters = { ...deps.settings.proxy, nextUpstream: ['error'], nextUpstreamTries: TRIES };
    const { method, responseHeaders } = policy;
    const group = deps.findUpstream(policy.upstream);
    this.#call = { group, method, proxy, retry: compileRetryRules(proxy), responseHeaders };
    this.#cacheKey = compileCacheKey(policy, route, host);
  }

  check(request: PolicyRequest): AccessAnswer {
    const { auth, settings } = this.#deps;
    const digest = this.#cacheKey === undefined ? '' : auth.digest(this.#cacheKey(request));
    const kept = digest === '' ? undefined : auth.findReply(digest, request.epochMs);
    if (kept !== undefined) return this.#judge(request, kept);
    if (auth.slots.isFull(settings.authService.maxWaiting)) return this.#undecided(request, OVERLOADED);
    const record = settings.logsAuthRequests && request.route.isLogged ? new AuthRecord(request) : undefined;
    const call = new AuthCall(request.context, this.#call, record);
    if (!appendAuthRequest(call.out, request, this.#template)) {
      call.out.release();
      return FAILED;
    }
    return {
      kind: 'later',
      start: (resume) => {
        const leave = auth.slots.take();
        call.start((outcome) => {
          leave();
          if (digest !== '' && typeof outcome !== 'string') this.#keep(request, digest, outcome);
          resume(this.#judge(request, outcome));
        });
        return () => {
          leave();
          call.cancel();
        };
      },
    };
  }

  cookiesOf(request: PolicyRequest): readonly string[] {
    const reply = request.noteOf(this);
    return isReply(reply) ? reply.cookies : NO_COOKIES;
  }

  #judge(request: PolicyRequest, outcome: AuthOutcome): AccessDecision {
    if (outcome === 'unusable') return FAILED;
    if (outcome === 'unavailable') return this.#undecided(request, FAILED);
    request.note(this, outcome);
    if (outcome.status === 401) return { kind: 'no', status: 401, code: 'PRT-AUTH-2', lines: challengeLines(outcome) };
    if (outcome.status === 403) return { kind: 'no', status: 403, code: 'PRT-AUTH-2', lines: '' };
    this.#dropClientFields(request);
    for (const [name, value] of outcome.fields) request.setRequestField(name, value);
    return YES;
  }

  /** The service says nothing: refused, unless the ConfigMap prefers to serve, and then without the fields that only the service may set. */
  #undecided(request: PolicyRequest, refusal: AccessDecision): AccessDecision {
    if (this.#deps.settings.authService.onFailure === 'refuse') return refusal;
    request.context.counters.add(workerCounter.servedWithoutAuth, 1);
    this.#dropClientFields(request);
    return YES;
  }

  #dropClientFields(request: PolicyRequest): void {
    for (const name of this.#policy.responseHeaders) request.setRequestField(name, '');
  }

  #keep(request: PolicyRequest, digest: string, reply: AuthReply): void {
    const durationMs = Math.min(durationOf(this.#policy.cache, reply.status), reply.maxAgeMs);
    if (durationMs > 0) this.#deps.auth.keepReply(digest, reply, request.epochMs + durationMs);
  }
}

/** Answers are kept apart by host and route, as in ingress-nginx, and by the service that gave them. */
function compileCacheKey(policy: ExternalAuth, route: Route, host: VirtualHost): ((request: PolicyRequest) => string) | undefined {
  if (policy.cache === undefined) return undefined;
  const scope = JSON.stringify([host.name, route.id, policy.upstream, policy.method, policy.target, policy.responseHeaders]);
  const expand = compileTemplate(policy.cache.key);
  return (request) => `${scope}\0${expand(request)}`;
}

/** Milliseconds; 0: not kept. The last rule that names a status counts. */
function durationOf(cache: AuthCachePolicy | undefined, status: number): number {
  let durationMs = 0;
  for (const rule of cache?.rules ?? []) if (appliesTo(rule, status)) ({ durationMs } = rule);
  return durationMs;
}

function appliesTo({ statuses }: AuthCacheRule, status: number): boolean {
  return statuses.includes(status);
}

function challengeLines({ challenges }: AuthReply): string {
  return challenges
    .filter(isSafeValue)
    .map((challenge) => `WWW-Authenticate: ${challenge}\r\n`)
    .join('');
}

function isReply(note: unknown): note is AuthReply {
  return typeof note === 'object' && note !== null && 'cookies' in note;
}
