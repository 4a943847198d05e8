// Lets the default backend of a route answer in place of an error, whether Portico or a backend says it (annotation `custom-http-errors`). It
// is asked at most once for a request: its own answer is passed on, whatever it is.
import { FIELD } from '../http1/field-names.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { WorkerContext } from '../worker-context.ts';
import { errorRequestHead, findErrorGroup } from './error-backend.ts';
import type { ExchangeEntry } from './exchange-entry.ts';
import type { PolicyRun } from './policy-run.ts';
import type { RequestFlow } from './request-flow.ts';
import type { UpstreamCall } from './upstream-call.ts';
import type { MatchedRequest, UpstreamRequestHead } from './upstream-request-head.ts';

export interface ErrorBackendDeps {
  readonly context: WorkerContext;
  readonly entry: ExchangeEntry;
  readonly requestHeads: UpstreamRequestHead;
  readonly call: UpstreamCall;
  readonly request: RequestFlow;
}

export interface ReplacedError {
  readonly status: number;
  /** Fields that go with the answer, each with its CRLF. */
  readonly lines: string;
  /** False: the body must not be sent. */
  readonly keepsBody: boolean;
}

/** `not-meant`: the route has no error backend for the status. `without-endpoints`: it has one that cannot answer. */
export type ErrorBackendOutcome =
  | 'not-meant'
  | 'without-endpoints'
  | 'asked'
  /** The rest of the body goes there, too. */
  | 'asked-with-body';

export class ErrorBackendCall {
  readonly #deps: ErrorBackendDeps;
  /** Of routes with an error backend only. */
  #matched: MatchedRequest | undefined;
  #lines: string | undefined;

  constructor(deps: ErrorBackendDeps) {
    this.#deps = deps;
  }

  /** Fields that go with the response, since it is the error backend's; undefined: it is not. */
  get lines(): string | undefined {
    return this.#lines;
  }

  reset(): void {
    this.#matched = undefined;
    this.#lines = undefined;
  }

  takeRoute(matched: MatchedRequest): void {
    this.#matched = matched.route.errorBackend === undefined ? undefined : matched;
  }

  /** What a response of the backend is to be replaced as; undefined: it is passed on. */
  errorIn(head: MessageHead): ReplacedError | undefined {
    const { status } = head;
    const backend = this.#matched?.route.errorBackend;
    if (backend === undefined || backend.passesBackendErrors || !backend.statuses.has(status)) return undefined;
    const challenge = status === 401 ? head.valueOfNumber(FIELD['www-authenticate']) : undefined;
    return { status, lines: challenge === undefined ? '' : `WWW-Authenticate: ${challenge}\r\n`, keepsBody: true };
  }

  /** Ends the call that is under way, if there is one, and makes another one. */
  ask({ status, lines, keepsBody }: ReplacedError, policies: PolicyRun | undefined): ErrorBackendOutcome {
    const { context, entry, requestHeads, call, request } = this.#deps;
    const matched = this.#matched;
    const backend = matched?.route.errorBackend;
    if (matched === undefined || backend?.statuses.has(status) !== true || this.#lines !== undefined) return 'not-meant';
    this.#lines = lines;
    const group = findErrorGroup(backend);
    if (group === undefined) {
      call.abort();
      return 'without-endpoints';
    }
    // Nothing was sent yet: the head is still the one that is being answered.
    if (call.out.length === 0) requestHeads.append(call.out, context.requestHead, matched, { policies, isFallback: false });
    const { head, body } = call.takeRequest();
    const hasBody = keepsBody && body !== undefined && request.isReplayable;
    const { target: originalTarget, labels } = entry;
    call.out.appendText(errorRequestHead(head, { status, originalTarget, labels, host: matched.forwarded.host, hasBody }));
    call.held.endHead();
    if (hasBody) call.out.append(body, 0, body.length);
    entry.upstreamName = group.name;
    const { proxy, retry } = matched.route;
    const options = { group, proxy, retry, method: entry.method, pick: undefined };
    const isUnderWay = request.forwardInstead(options, hasBody, proxy.requestBuffer);
    return isUnderWay && hasBody && !request.isComplete ? 'asked-with-body' : 'asked';
  }
}
