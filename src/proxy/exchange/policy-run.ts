// Runs the policies of one request in order, whether they answer at once or later, and gathers what they change. A policy that waits
// holds the request body back; the request head is kept meanwhile and parsed again when it goes on.
import { assertNever } from '../../kit/assert-never.ts';
import { guardEvent } from '../event-guard.ts';
import { parseRequestHead } from '../http1/head-parser.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { HeadEdit } from '../http1/response-writer.ts';
import type { CompiledHooks } from '../policies/compile-hooks.ts';
import type { PolicyAnswer, PolicyVerdict, ResponsePolicy, UpstreamSelector } from '../policies/policy.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import { PolicyRequest, type PolicyRequestParts } from './policy-request.ts';
import { ResponseEdit } from './response-edit.ts';
import type { MatchedRequest } from './upstream-request-head.ts';

/** Whose request it is. */
export interface PolicyOwner {
  /** A policy waits: the request body must not flow. */
  onPolicyWait(): void;
  onPolicyContinue(): void;
  /** What comes between early and late policies. True: the request was answered. */
  onEarlyPoliciesDone(matched: MatchedRequest): boolean;
  onPolicyAnswer(verdict: PolicyAnswer, matched: MatchedRequest): void;
  /** No policy objects. `head` is good during the call; `target`: what is sent instead of the received one. */
  forwardRequest(head: MessageHead, matched: MatchedRequest, target: string | undefined): void;
}

const NO_RESPONSE_POLICIES: readonly ResponsePolicy[] = [];
const NO_SELECTORS: readonly UpstreamSelector[] = [];

export class PolicyRun {
  readonly request: PolicyRequest;
  readonly #hooks: CompiledHooks;
  readonly #owner: PolicyOwner;
  readonly #matched: MatchedRequest;
  /** Policies that were asked: they hear of the end. */
  #asked = 0;
  #cancelWait: (() => void) | undefined;
  #isOver = false;

  constructor(hooks: CompiledHooks, owner: PolicyOwner, parts: PolicyRequestParts) {
    this.#hooks = hooks;
    this.#owner = owner;
    this.#matched = parts.matched;
    this.request = new PolicyRequest(parts);
    if (hooks.lateFields !== undefined) this.request.keepFields(hooks.lateFields);
    hooks.tracer?.begin(this.request);
  }

  run(): void {
    this.#runFrom(0);
  }

  selectGroup(): UpstreamGroup | undefined {
    for (const selector of this.#hooks.selectors ?? NO_SELECTORS) {
      const group = selector.selectGroup?.(this.request);
      if (group !== undefined) return group;
    }
    return undefined;
  }

  /** How the endpoint of the group is chosen; undefined: round robin. */
  startPicking(group: UpstreamGroup): EndpointPicker | undefined {
    for (const selector of this.#hooks.selectors ?? NO_SELECTORS) {
      const picker = selector.startPicking?.(this.request, group);
      if (picker !== undefined) return picker;
    }
    return group.startPicking(this.request);
  }

  /** What policies change about a response; undefined: nothing. `head`: the upstream's; undefined for one of Portico's own. */
  editResponse(status: number, head: MessageHead | undefined): HeadEdit | undefined {
    const { request } = this;
    const { response } = this.#hooks;
    request.releaseHead();
    if (response === undefined && request.affinityCookieLine === '') return undefined;
    request.responseHead = head;
    const edit = new ResponseEdit(request, status, head);
    for (const policy of response ?? NO_RESPONSE_POLICIES) policy.onResponse(edit);
    request.responseHead = undefined;
    return edit;
  }

  /** The exchange is over before a waiting policy has answered. */
  cancel(): void {
    this.#isOver = true;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  /** The request goes to another route: what policies took here, they give back. */
  leave(): void {
    this.cancel();
    for (let index = 0; index < this.#asked; index++) this.#hooks.request[index]?.onEnd?.(this.request);
    this.#asked = 0;
  }

  end(): void {
    this.leave();
    const { tracer } = this.#hooks;
    if (tracer === undefined) return;
    // A client that goes early leaves before any response.
    this.request.releaseHead();
    tracer.end(this.request);
  }

  #runFrom(first: number): void {
    const { request: policies, firstLate } = this.#hooks;
    for (let index = first; index <= policies.length; index++) {
      if (index === firstLate && index >= this.#asked && this.#owner.onEarlyPoliciesDone(this.#matched)) return;
      const policy = policies[index];
      if (policy === undefined) break;
      this.#asked = index + 1;
      const verdict = policy.onRequest(this.request);
      if (verdict.kind === 'continue') continue;
      if (verdict.kind === 'wait') return this.#wait(verdict, index + 1);
      return this.#owner.onPolicyAnswer(verdict, this.#matched);
    }
    this.#owner.forwardRequest(this.request.head, this.#matched, this.request.target);
  }

  #wait(verdict: Extract<PolicyVerdict, { kind: 'wait' }>, next: number): void {
    const { context } = this.request;
    const kept = keepHead(this.request.head);
    // Settings may change meanwhile; the head must be understood as it was.
    const limits = context.settings.client;
    const restore = (): void => {
      parseRequestHead(kept, 0, kept.length, limits, context.requestHead);
      this.request.head = context.requestHead;
    };
    this.#owner.onPolicyWait();
    const goOn = (answer: PolicyVerdict): void => {
      switch (answer.kind) {
        case 'continue':
          restore();
          this.#runFrom(next);
          // The call takes the body as it comes. If the exchange is over already, the body under way may be that of the next request;
          // and another policy may wait now.
          if (!this.#isOver && this.#cancelWait === undefined) this.#owner.onPolicyContinue();
          return;
        case 'wait':
          restore();
          return this.#wait(answer, next);
        case 'respond':
        case 'refuse':
        case 'close':
        case 'search':
          // An error backend may be asked instead.
          restore();
          return this.#owner.onPolicyAnswer(answer, this.#matched);
        default:
          return assertNever(answer);
      }
    };
    const onFault = (): void => {
      if (!this.#isOver) this.#owner.onPolicyAnswer({ kind: 'refuse', code: 'PRT-INT-1' }, this.#matched);
    };
    this.#cancelWait = verdict.start((answer) => {
      if (this.#isOver) return;
      this.#cancelWait = undefined;
      context.readClock();
      guardEvent(context, onFault, () => goOn(answer));
    });
  }
}

/** The whole head: from its first byte to the empty line. */
function keepHead(head: MessageHead): Buffer {
  const lastLine = head.fieldCount === 0 ? head.buffer.indexOf('\r\n', head.targetEnd, 'latin1') + 2 : head.lineEndOf(head.fieldCount - 1);
  return Buffer.from(head.buffer.subarray(head.methodStart, lastLine + 2));
}
