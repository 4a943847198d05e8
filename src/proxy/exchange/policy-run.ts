// Runs the policies of one request in order, whether they answer at once or later, and gathers what they change. A policy that waits
// holds the request body back; the request head is kept meanwhile and parsed again when it goes on.
import { assertNever } from '../../kit/assert-never.ts';
import { parseRequestHead } from '../http1/head-parser.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { HeadEdit } from '../http1/response-writer.ts';
import type { CompiledHooks } from '../policies/compile-hooks.ts';
import type { PolicyAnswer, PolicyVerdict, RequestPolicy, ResponsePolicy } from '../policies/policy.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import { PolicyRequest, type PolicyRequestParts } from './policy-request.ts';
import { ResponseEdit } from './response-edit.ts';

export interface PolicySteps {
  /** A policy waits: the request body must not flow. */
  readonly onWait: () => void;
  readonly onContinue: () => void;
  /** What comes between early and late policies. True: the request was answered. */
  readonly between: () => boolean;
  readonly onAnswer: (verdict: PolicyAnswer) => void;
  /** No policy objects. `head` is good during the call. */
  readonly onDone: (head: MessageHead) => void;
}

const NONE: readonly RequestPolicy[] = [];
const NO_RESPONSE_POLICIES: readonly ResponsePolicy[] = [];

export class PolicyRun {
  readonly request: PolicyRequest;
  readonly #hooks: CompiledHooks;
  readonly #policies: readonly RequestPolicy[];
  readonly #firstLate: number;
  /** Policies that were asked: they hear of the end. */
  #asked = 0;
  #cancelWait: (() => void) | undefined;
  #isOver = false;

  constructor(hooks: CompiledHooks, parts: PolicyRequestParts) {
    this.#hooks = hooks;
    this.#policies = [...(hooks.early ?? NONE), ...(hooks.late ?? NONE)];
    this.#firstLate = hooks.early?.length ?? 0;
    this.request = new PolicyRequest(parts);
    if (hooks.keepsFields) this.request.keepFields();
    hooks.tracer?.begin(this.request);
  }

  run(steps: PolicySteps): void {
    this.#runFrom(0, steps);
  }

  /** Undefined where policies drop nothing. */
  get droppedRequestFields(): ReadonlySet<string> | undefined {
    const { droppedRequestFields } = this.request;
    return droppedRequestFields.size === 0 ? undefined : droppedRequestFields;
  }

  selectGroup(): UpstreamGroup | undefined {
    for (const selector of this.#hooks.selectors ?? []) {
      const group = selector.selectGroup?.(this.request);
      if (group !== undefined) return group;
    }
    return undefined;
  }

  /** How the endpoint of the group is chosen; undefined: round robin. */
  startPicking(group: UpstreamGroup): EndpointPicker | undefined {
    for (const selector of this.#hooks.selectors ?? []) {
      const picker = selector.startPicking?.(this.request, group);
      if (picker !== undefined) return picker;
    }
    return group.startPicking(this.request);
  }

  /** What policies change about a response. `head`: the upstream's; undefined for one of Portico's own. */
  editResponse(status: number, head: MessageHead | undefined): HeadEdit {
    const { request } = this;
    request.releaseHead();
    request.responseHead = head;
    const edit = new ResponseEdit(request, status, head);
    for (const policy of this.#hooks.response ?? NO_RESPONSE_POLICIES) policy.onResponse(edit);
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
    for (const policy of this.#policies.slice(0, this.#asked)) policy.onEnd?.(this.request);
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

  #runFrom(first: number, steps: PolicySteps): void {
    for (let index = first; index <= this.#policies.length; index++) {
      if (index === this.#firstLate && index >= this.#asked && steps.between()) return;
      const policy = this.#policies[index];
      if (policy === undefined) break;
      this.#asked = index + 1;
      const verdict = policy.onRequest(this.request);
      if (verdict.kind === 'continue') continue;
      if (verdict.kind === 'wait') return this.#wait(verdict, index + 1, steps);
      return steps.onAnswer(verdict);
    }
    steps.onDone(this.request.head);
  }

  #wait(verdict: Extract<PolicyVerdict, { kind: 'wait' }>, next: number, steps: PolicySteps): void {
    const { context } = this.request;
    const kept = keepHead(this.request.head);
    // Settings may change meanwhile; the head must be understood as it was.
    const limits = context.settings.client;
    const restore = (): void => {
      parseRequestHead(kept, 0, kept.length, limits, context.requestHead);
      this.request.head = context.requestHead;
    };
    steps.onWait();
    this.#cancelWait = verdict.start((answer) => {
      if (this.#isOver) return;
      this.#cancelWait = undefined;
      context.readClock();
      switch (answer.kind) {
        case 'continue':
          restore();
          this.#runFrom(next, steps);
          // The call takes the body as it comes. If the exchange is over already, the body under way may be that of the next request;
          // and another policy may wait now.
          if (!this.#isOver && this.#cancelWait === undefined) steps.onContinue();
          return;
        case 'wait':
          restore();
          return this.#wait(answer, next, steps);
        case 'respond':
        case 'refuse':
        case 'close':
        case 'search':
          // An error backend may be asked instead.
          restore();
          return steps.onAnswer(answer);
        default:
          return assertNever(answer);
      }
    });
  }
}

/** The whole head: from its first byte to the empty line. */
function keepHead(head: MessageHead): Buffer {
  const lastLine = head.fieldCount === 0 ? head.buffer.indexOf('\r\n', head.targetEnd, 'latin1') + 2 : head.lineEndOf(head.fieldCount - 1);
  return Buffer.from(head.buffer.subarray(head.methodStart, lastLine + 2));
}
