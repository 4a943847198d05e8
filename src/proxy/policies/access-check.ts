// What one check of who may come in says: address lists, passwords, an authentication service. `satisfy.ts` joins them.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';

/** An answer that is known. */
export type AccessDecision =
  | { readonly kind: 'yes' }
  /** The check says nothing about this client: a deny list that does not list it. */
  | { readonly kind: 'no-opinion' }
  /** `lines`: response fields, each with its CRLF. */
  | { readonly kind: 'no'; readonly status: 401 | 403; readonly code: ErrorCode; readonly lines: string }
  /** Nobody can tell: the request is refused, whatever other checks say. */
  | { readonly kind: 'failed'; readonly code: ErrorCode };

export type AccessAnswer =
  | AccessDecision
  /** As `PolicyVerdict` of kind `wait`; `resume` is never called during `start`. */
  | { readonly kind: 'later'; readonly start: (resume: (decision: AccessDecision) => void) => () => void };

export interface AccessCheck {
  check(request: PolicyRequest): AccessAnswer;
}

export const YES: AccessDecision = { kind: 'yes' };
export const NO_OPINION: AccessDecision = { kind: 'no-opinion' };
