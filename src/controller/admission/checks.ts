// From the body of a review to the body of its answer, with the counts that the metrics page shows. Each check is one synchronous step
// against the state of that moment: nothing changes under it, and nothing is kept of it but counts.
import type { AdmissionMetrics } from '../../observe/metrics-page.ts';
import { ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { AdmissionVerdict } from '../../translate/admission.ts';
import { formatReview, parseClassOnly, parseIngress, parseReview } from './review.ts';
import type { AdmissionRequest, ReviewProblem } from './review.ts';

export interface AdmissionChecksDeps {
  /** Against what is served now. */
  readonly check: (ingress: Ingress) => AdmissionVerdict;
  /** Whether its class and its namespace make it one that is checked. */
  readonly isOurs: (ingress: Ingress) => boolean;
  readonly nowMs: () => number;
  readonly onRefusal: (ingress: { readonly namespace: string; readonly name: string }, reason: string) => void;
}

/** Reasons quote what they are about, which may be as long as a body; they stand in an answer and in the log. */
const MAX_REASON_LENGTH = 2_000;
/** Ingresses that are counted one by one; anybody may ask about any name. */
const MAX_COUNTED = 2_000;

interface Counts {
  readonly namespace: string;
  readonly ingress: string;
  success: number;
  errors: number;
}

export class AdmissionChecks {
  readonly #deps: AdmissionChecksDeps;
  readonly #counts = new Map<string, Counts>();
  #testedMs = 0;
  #roundtripMs = 0;
  #tested = 0;

  constructor(deps: AdmissionChecksDeps) {
    this.#deps = deps;
  }

  review(body: string): Result<string, ReviewProblem> {
    const startMs = this.#deps.nowMs();
    const request = parseReview(body);
    if (!request.ok) return request;
    const verdict = withShortReason(this.#judge(request.value));
    this.#count(request.value, verdict.kind === 'allowed');
    if (verdict.kind === 'refused') this.#deps.onRefusal(request.value, verdict.reason);
    const answer = formatReview(request.value.uid, verdict);
    this.#roundtripMs = this.#deps.nowMs() - startMs;
    return ok(answer);
  }

  /** Of the last check, and the counts of all. */
  get metrics(): AdmissionMetrics {
    return {
      testedIngresses: this.#tested,
      testedSeconds: this.#testedMs / 1000,
      roundtripSeconds: this.#roundtripMs / 1000,
      checks: [...this.#counts.values()],
    };
  }

  #judge(request: AdmissionRequest): AdmissionVerdict {
    if (request.object === undefined) return { kind: 'allowed', warnings: [] };
    const startMs = this.#deps.nowMs();
    const ingress = parseIngress(request);
    const verdict = ingress.ok ? this.#deps.check(ingress.value) : this.#judgeUnreadable(request, ingress.error);
    this.#tested = 1;
    this.#testedMs = this.#deps.nowMs() - startMs;
    return verdict;
  }

  /** Ingresses of other classes are none of our business, whatever is in them. */
  #judgeUnreadable(request: AdmissionRequest, reason: string): AdmissionVerdict {
    const reduced = parseClassOnly(request);
    const isForeign = reduced !== undefined && !this.#deps.isOurs(reduced);
    return isForeign ? { kind: 'allowed', warnings: [] } : { kind: 'refused', reason, warnings: [] };
  }

  #count({ namespace, name }: AdmissionRequest, isSuccess: boolean): void {
    const key = `${namespace}\0${name}`;
    const counts = this.#counts.get(key) ?? { namespace, ingress: name, success: 0, errors: 0 };
    this.#counts.delete(key);
    this.#counts.set(key, counts);
    if (isSuccess) counts.success++;
    else counts.errors++;
    if (this.#counts.size <= MAX_COUNTED) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}

function withShortReason(verdict: AdmissionVerdict): AdmissionVerdict {
  if (verdict.kind === 'allowed' || verdict.reason.length <= MAX_REASON_LENGTH) return verdict;
  return { ...verdict, reason: `${verdict.reason.slice(0, MAX_REASON_LENGTH)}…` };
}
