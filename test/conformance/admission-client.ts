// Asks the controller's webhook about an object, as an API server does before it stores one, and compares the answer with what the case
// expects of it (cases/README.md, section 9).
import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import type { Case } from './case-format.ts';
import { refKey, refOf, parseRef } from './kubernetes-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { mismatch, show } from './matcher.ts';

export interface AdmissionEndpoint {
  readonly port: number;
  /** PEM of the certificate that the webhook shows. */
  readonly authority: string;
}

interface AdmissionAnswer {
  readonly isAllowed: boolean;
  readonly message: string;
  readonly warnings: readonly string[];
}

const TIMEOUT_MS = 30_000;

/** Whether the case says anything about what the webhook answers. */
export function needsAdmission(one: Case): boolean {
  return one.accept.length > 0 || one.warn.length > 0 || one.reject.some((entry) => entry.by.includes('admission'));
}

/** Whether the case says what the webhook answers for this object. */
export function isReviewed(one: Case, object: KubernetesObject): boolean {
  const isMeant = meaning(object);
  return (
    one.accept.some(isMeant) ||
    one.warn.some((entry) => isMeant(entry.object)) ||
    one.reject.some((entry) => isMeant(entry.object) && entry.by.includes('admission'))
  );
}

/** What does not hold of the webhook's answer for the creation of this object. */
export async function checkAdmission(one: Case, object: KubernetesObject, endpoint: AdmissionEndpoint): Promise<string[]> {
  const isMeant = meaning(object);
  const label = `admission of ${refKey(refOf(object))}`;
  const answer = await review(object, endpoint);
  const problems: string[] = [];
  for (const entry of one.reject) {
    if (!isMeant(entry.object) || !entry.by.includes('admission')) continue;
    if (answer.isAllowed) problems.push(`${label}: allowed, but should be refused: ${entry.reason}`);
    const problem = entry.message === undefined || answer.isAllowed ? undefined : mismatch(entry.message, answer.message);
    if (problem !== undefined) problems.push(`${label}: message: ${problem}`);
  }
  const isAccepted = one.accept.some(isMeant) || one.warn.some((entry) => isMeant(entry.object));
  if (isAccepted && !answer.isAllowed) problems.push(`${label}: refused: ${answer.message}`);
  for (const entry of one.warn.filter((candidate) => isMeant(candidate.object))) {
    if (!answer.warnings.some((warning) => mismatch(entry.message, warning) === undefined))
      problems.push(`${label}: no warning fits ${show(entry.message)}, saw ${show(answer.warnings)}`);
  }
  return problems;
}

function meaning(object: KubernetesObject): (ref: string) => boolean {
  const key = refKey(refOf(object));
  return (ref) => refKey(parseRef(ref)) === key;
}

async function review(object: KubernetesObject, endpoint: AdmissionEndpoint): Promise<AdmissionAnswer> {
  const uid = randomUUID();
  const { namespace, name } = refOf(object);
  const [group = '', version = ''] = object.apiVersion.split('/');
  const asked = {
    uid,
    kind: { group, version, kind: object.kind },
    resource: { group, version, resource: 'ingresses' },
    namespace,
    name,
    operation: 'CREATE',
    userInfo: { username: 'conformance' },
    object: { ...object, metadata: { uid: randomUUID(), namespace, ...object.metadata } },
    oldObject: null,
    dryRun: false,
  };
  const { status, text } = await post(
    JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }),
    endpoint,
  );
  if (status !== 200) throw new Error(`the webhook answered with status ${status}: ${text}`);
  const { response } = JSON.parse(text) as {
    response: { uid: string; allowed: boolean; status?: { message?: string }; warnings?: string[] };
  };
  if (response.uid !== uid) throw new Error(`the webhook answered for ${response.uid} instead of ${uid}`);
  return { isAllowed: response.allowed, message: response.status?.message ?? '', warnings: response.warnings ?? [] };
}

function post(body: string, { port, authority }: AdmissionEndpoint): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/networking/v1/ingresses', method: 'POST', ca: authority, agent: false, timeout: TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`the webhook did not answer within ${TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
