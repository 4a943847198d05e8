// Who may use a route: joins address lists, passwords and the authentication service by `satisfy`, in nginx's order. `all`: the first no
// refuses. `any`: the first yes lets in; if nobody says yes, a no refuses, with 401 where there was one. A check that failed always
// refuses.
import type { AccessPolicy } from '../../model/policies/access.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { AccessCheck, AccessDecision } from './access-check.ts';
import { compileAddressLists } from './address-list.ts';
import { compileBasicAuth } from './basic-auth.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { compileDigestAuth } from './digest-auth.ts';
import { compileExternalAuth } from './external-auth.ts';
import { CONTINUE, type PolicyVerdict, type RequestPolicy } from './policy.ts';
import { compileSignIn } from './sign-in.ts';
import { addressRulesOf, withAddressRules } from './snippet-addresses.ts';

const AUTHORIZATION: ReadonlySet<string> = new Set(['authorization']);

type Refusal = Extract<AccessDecision, { kind: 'no' }>;

const OPEN: AccessPolicy = { satisfy: 'all' };

export const compileAccess: HookCompiler = (route, host, deps) => {
  const { access = OPEN } = route.policies;
  const { rules } = addressRulesOf(route, host, deps.settings);
  if (access === OPEN && rules.length === 0) return undefined;
  const { addresses, password, external } = access;
  const checks: AccessCheck[] = [];
  const lists = withAddressRules(addresses === undefined ? undefined : compileAddressLists(addresses), rules);
  if (lists !== undefined) checks.push(lists);
  if (password !== undefined)
    checks.push(password.kind === 'basic' ? compileBasicAuth(password, deps.auth) : compileDigestAuth(password, deps.auth));
  const service = external === undefined ? undefined : compileExternalAuth(external, route, host, deps);
  if (service !== undefined) checks.push(service.check);
  const signIn = external?.signIn === undefined ? undefined : compileSignIn(external.signIn);
  const policy = withoutForged(
    access,
    joinChecks(access.satisfy, checks, (request, refusal) => refuse(request, refusal, signIn)),
  );
  return {
    request: [password === undefined ? policy : withoutCredentials(policy)],
    ...(service !== undefined && { response: [service.response] }),
  };
};

type Refuse = (request: PolicyRequest, refusal: Refusal) => PolicyVerdict;

/** Exported for tests. */
export function joinChecks(satisfy: AccessPolicy['satisfy'], checks: readonly AccessCheck[], refuseWith: Refuse): RequestPolicy {
  /** Goes on with check `first`; `refusal`: what an earlier one said. */
  const runFrom = (request: PolicyRequest, first: number, refusal: Refusal | undefined): PolicyVerdict => {
    let refused = refusal;
    for (let index = first; index < checks.length; index++) {
      const answer = checks[index]?.check(request);
      if (answer === undefined || answer.kind === 'no-opinion') continue;
      if (answer.kind === 'later') {
        const { start } = answer;
        const before = refused;
        return {
          kind: 'wait',
          start: (resume) => start((decision) => resume(afterWait(request, index, decision, before))),
        };
      }
      const verdict = judge(request, answer, refused);
      if (verdict !== undefined) return verdict;
      refused = stronger(refused, answer);
    }
    return refused === undefined ? CONTINUE : refuseWith(request, refused);
  };

  /** Undefined: the next check decides. */
  const judge = (request: PolicyRequest, decision: AccessDecision, refused: Refusal | undefined): PolicyVerdict | undefined => {
    switch (decision.kind) {
      case 'yes':
        return satisfy === 'any' ? CONTINUE : undefined;
      case 'no-opinion':
        return undefined;
      case 'no':
        return satisfy === 'all' ? refuseWith(request, stronger(refused, decision) ?? decision) : undefined;
      case 'failed':
        return { kind: 'refuse', code: decision.code };
    }
  };

  const afterWait = (request: PolicyRequest, index: number, decision: AccessDecision, before: Refusal | undefined): PolicyVerdict => {
    const verdict = judge(request, decision, before);
    if (verdict !== undefined) return verdict;
    const refused = stronger(before, decision);
    const isLast = index + 1 >= checks.length;
    if (isLast) return refused === undefined ? CONTINUE : refuseWith(request, refused);
    // The head of the request can be read again once the wait goes on.
    return { kind: 'wait', start: (resume) => startNext(() => runFrom(request, index + 1, refused), resume) };
  };

  return { phase: 'access', onRequest: (request) => runFrom(request, 0, undefined) };
}

/** Runs checks behind a wait: what they decide at once is told later all the same, for `start` must not call back. */
function startNext(run: () => PolicyVerdict, resume: (verdict: PolicyVerdict) => void): () => void {
  const verdict = run();
  if (verdict.kind === 'wait') return verdict.start(resume);
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) resume(verdict);
  });
  return () => {
    isCancelled = true;
  };
}

/** nginx keeps 401 once it has it. */
function stronger(refused: Refusal | undefined, decision: AccessDecision): Refusal | undefined {
  if (decision.kind !== 'no') return refused;
  return refused?.status === 401 ? refused : decision;
}

/** 401 leads to the page to sign in, wherever it comes from; 403 is final. */
function refuse(
  request: PolicyRequest,
  { status, code, lines }: Refusal,
  signIn: ((request: PolicyRequest) => PolicyVerdict | undefined) | undefined,
): PolicyVerdict {
  const redirect = status === 401 ? signIn?.(request) : undefined;
  return redirect ?? { kind: 'refuse', code, status, lines };
}

/** With `any`, who need not ask the service must not say what only the service may say. */
function withoutForged({ satisfy, external }: AccessPolicy, policy: RequestPolicy): RequestPolicy {
  if (satisfy === 'all' || external === undefined || external.responseHeaders.length === 0) return policy;
  const names: ReadonlySet<string> = new Set(external.responseHeaders.map((name) => name.toLowerCase()));
  return {
    ...policy,
    onRequest(request) {
      request.dropRequestFields(names);
      return policy.onRequest(request);
    },
  };
}

/** Passwords that are checked here are none of the backend's business. */
function withoutCredentials(policy: RequestPolicy): RequestPolicy {
  return {
    ...policy,
    onRequest(request) {
      request.dropRequestFields(AUTHORIZATION);
      return policy.onRequest(request);
    },
  };
}
