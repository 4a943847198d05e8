// Decides whether an answer was right at some moment of its request. The API server orders changes of one object (and of one kind), not
// of several kinds, so every combination of the versions that may have been live counts. What an answer proves raises the floors: no later
// request may see an older version than all of those that can explain it.
import type { Floors, History, IngressState, View } from './history.ts';
import { versionsBetween } from './history.ts';

export interface SeenAnswer {
  readonly status: number;
  /** Of the backend that answered; empty for an answer of Portico. */
  readonly backend: string;
  /** The host that the backend was asked for. */
  readonly marker: string;
}

/** Of Portico's own certificate, where none fits. */
export const DEFAULT_CERTIFICATE = 'Kubernetes Ingress Controller Fake Certificate';

/** An Ingress that newly refers to a Secret waits so long for it (`holdIngressMs` of the source), then it is served without. */
const HOLD_MS = 2_000;

interface Explanation {
  readonly ingress: number;
  readonly service?: { readonly name: string; readonly service: number; readonly slice: number };
}

/** True if one of the possible states gives this answer; the site is the name of the Ingress. Raises the floors of the view. */
export function judgeAnswer(
  { history, view, floors }: { readonly history: History; readonly view: View; readonly floors: Floors },
  site: string,
  seen: SeenAnswer,
): boolean {
  const explanations = [...explain(history, floors, site, seen)];
  if (explanations.length === 0) return false;
  view.learn('ingress', site, Math.min(...explanations.map(({ ingress }) => ingress)));
  const services = new Set(explanations.map(({ service }) => service?.name));
  const [name] = services;
  // Only where every explanation goes through the same Service is anything known about it.
  if (services.size !== 1 || name === undefined) return true;
  view.learn('service', name, Math.min(...explanations.map(({ service }) => service?.service ?? 0)));
  view.learn('slice', name, Math.min(...explanations.map(({ service }) => service?.slice ?? 0)));
  return true;
}

function* explain(history: History, floors: Floors, site: string, seen: SeenAnswer): Generator<Explanation> {
  for (const { version, state } of versionsBetween(history, floors, 'ingress', site)) {
    if (state === undefined) {
      if (seen.status === 404 && seen.backend === '') yield { ingress: version };
    } else yield* explainRoute({ history, floors, seen }, version, state);
  }
}

function* explainRoute(
  { history, floors, seen }: { readonly history: History; readonly floors: Floors; readonly seen: SeenAnswer },
  ingress: number,
  { service: name, marker }: IngressState,
): Generator<Explanation> {
  if (seen.status === 200 && seen.marker !== marker) return;
  for (const service of versionsBetween(history, floors, 'service', name)) {
    for (const slice of versionsBetween(history, floors, 'slice', name)) {
      const backends = service.state === undefined ? [] : (slice.state ?? []);
      const isRight =
        backends.length === 0 ? seen.status === 503 && seen.backend === '' : seen.status === 200 && backends.includes(seen.backend);
      if (isRight) yield { ingress, service: { name, service: service.version, slice: slice.version } };
    }
  }
}

/** Whether the Ingress was made so long ago that it may be served without its Secret, and the certificate was not shown since. */
function hasWaited({ history, floors }: { readonly history: History; readonly floors: Floors }, site: string, version: number): boolean {
  let first = version;
  while (history.state('ingress', site, first - 1) !== undefined) first--;
  const state = history.state('ingress', site, first);
  return state !== undefined && (floors.get(`shown/${site}`) ?? 0) < first && history.ageMs(state) >= HOLD_MS;
}

/** The same for the common name of the certificate that was shown for the host of the site. */
export function judgeCertificate(
  { history, view, floors }: { readonly history: History; readonly view: View; readonly floors: Floors },
  site: string,
  commonName: string,
): boolean {
  const ingresses: number[] = [];
  const secrets: number[] = [];
  let secretName: string | undefined;
  for (const { version, state } of versionsBetween(history, floors, 'ingress', site)) {
    if (state?.secret === undefined) {
      if (commonName !== DEFAULT_CERTIFICATE) continue;
      ingresses.push(version);
      // Without the Ingress nothing is known about its Secret.
      secrets.push(0);
      continue;
    }
    secretName = state.secret;
    if (commonName === DEFAULT_CERTIFICATE && hasWaited({ history, floors }, site, version)) {
      ingresses.push(version);
      secrets.push(0);
    }
    for (const secret of versionsBetween(history, floors, 'secret', state.secret)) {
      if ((secret.state ?? DEFAULT_CERTIFICATE) !== commonName) continue;
      ingresses.push(version);
      secrets.push(secret.version);
    }
  }
  if (ingresses.length === 0) return false;
  view.learn('ingress', site, Math.min(...ingresses));
  if (commonName !== DEFAULT_CERTIFICATE) view.learn('shown', site, Math.min(...ingresses));
  if (secretName !== undefined) view.learn('secret', secretName, Math.min(...secrets));
  return true;
}
