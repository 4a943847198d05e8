// AdmissionReview, admission.k8s.io/v1: from the body of a request to the Ingress that it asks about, and from a verdict to the body of the
// answer. Everything that an API server would not send has an HTTP status of ingress-nginx as its answer (reference 6.7).
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { isMap } from '../../resources/fields.ts';
import type { Ingress } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import type { AdmissionVerdict } from '../../translate/admission.ts';

/** What is asked about. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined: nothing is to be written (a deletion). */
  readonly object: unknown;
}

export interface ReviewProblem {
  /** 400: not an AdmissionReview; 500: one of another kind of object. */
  readonly status: 400 | 500;
  readonly message: string;
}

/** API servers cut warnings off at this length, and drop all after 4096 characters together (apiserver, `warning` package). */
const MAX_WARNING_LENGTH = 256;
const MAX_WARNINGS = 20;
const MAX_UID_LENGTH = 256;
/** Of Kubernetes: what is longer does not come from an API server. Names are kept for metrics. */
const MAX_NAMESPACE_LENGTH = 63;
const MAX_NAME_LENGTH = 253;

export function parseReview(body: string): Result<AdmissionRequest, ReviewProblem> {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return undecodable('the body is not JSON');
  }
  if (!isMap(review) || review['apiVersion'] !== 'admission.k8s.io/v1' || review['kind'] !== 'AdmissionReview') {
    return undecodable('the body is no AdmissionReview of admission.k8s.io/v1');
  }
  const request = review['request'];
  if (!isMap(request) || !isMap(request['kind'])) return undecodable('the AdmissionReview has no request with a kind');
  const uid = request['uid'];
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_LENGTH)
    return undecodable('the AdmissionReview has no usable request.uid');
  const { group, version, kind } = request['kind'];
  if (group !== 'networking.k8s.io' || version !== 'v1' || kind !== 'Ingress') {
    return fail({ status: 500, message: 'only Ingresses of networking.k8s.io/v1 are checked here' });
  }
  const namespace = textOf(request['namespace']);
  const name = textOf(request['name']);
  if (namespace.length > MAX_NAMESPACE_LENGTH || name.length > MAX_NAME_LENGTH)
    return undecodable('the AdmissionReview has a name that is too long');
  return ok({ uid, namespace, name, object: request['object'] ?? undefined });
}

/**
 * Reads the Ingress that is to be written. The API server has validated it before; what it lets through and Portico's parser does not is
 * only worth an error where the Ingress is ours.
 */
export function parseIngress({ object, namespace }: AdmissionRequest): Result<Ingress> {
  const parsed = parseObject(withNamespace(object, namespace), {});
  if (parsed.kind === 'object') return parsed.object.kind === 'Ingress' ? ok(parsed.object) : fail('the object is no Ingress');
  if (parsed.kind === 'unknown-kind') return fail('the object is no Ingress');
  const [first] = parsed.problems;
  return fail(first === undefined ? 'the object cannot be read' : `${first.field} ${first.message}`.trim());
}

/** The same Ingress with no more than what decides whether it is ours; for one that `parseIngress` cannot read. */
export function parseClassOnly({ object, namespace }: AdmissionRequest): Ingress | undefined {
  if (!isMap(object)) return undefined;
  const spec = isMap(object['spec']) ? object['spec'] : {};
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const annotations = isMap(metadata['annotations']) ? metadata['annotations'] : {};
  const classAnnotation = 'kubernetes.io/ingress.class';
  const reduced = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'checked',
      annotations: annotations[classAnnotation] === undefined ? {} : { [classAnnotation]: annotations[classAnnotation] },
    },
    spec: { ingressClassName: spec['ingressClassName'], rules: [{}] },
  };
  const parsed = parseIngress({ uid: '', name: '', namespace, object: reduced });
  return parsed.ok ? parsed.value : undefined;
}

/** The body of the answer. */
export function formatReview(uid: string, verdict: AdmissionVerdict): string {
  const warnings = verdict.warnings.slice(0, MAX_WARNINGS).map(shortened);
  const response = {
    uid,
    allowed: verdict.kind === 'allowed',
    ...(verdict.kind === 'refused' && { status: { status: 'Failure', code: 400, reason: 'BadRequest', message: verdict.reason } }),
    ...(warnings.length > 0 && { warnings }),
  };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

function undecodable(message: string): { readonly ok: false; readonly error: ReviewProblem } {
  return fail({ status: 400, message });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function withNamespace(object: unknown, namespace: string): unknown {
  if (!isMap(object) || !isMap(object['metadata']) || namespace === '') return object;
  return { ...object, metadata: { ...object['metadata'], namespace } };
}

/** A warning is a header of the API server's answer: one line. */
function shortened(text: string): string {
  const line = text.replaceAll(/[\0-\x1f\x7f]+/g, ' ');
  return line.length > MAX_WARNING_LENGTH ? `${line.slice(0, MAX_WARNING_LENGTH - 1)}…` : line;
}
