// What there is to say about the Ingresses of one host beside conflicts of single paths. Nothing here changes a route.
import { formatOrigin } from '../../model/origin.ts';
import type { HostName, Route } from '../../model/route.ts';
import type { IngressBackend } from '../../resources/objects.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { defaultBackendField } from './field-names.ts';
import type { ServedIngress } from './served-ingress.ts';

export type ResourceBackend = Extract<IngressBackend, { kind: 'resource' }>;

/** Annotations about the whole host, of which that of the oldest Ingress counts. */
const HOST_SETTINGS: readonly (readonly [annotation: string, valueOf: (served: ServedIngress) => unknown])[] = [
  ['app-root', (served) => served.annotations.appRoot],
  ['server-snippet', (served) => served.serverSnippet],
  ['ssl-ciphers', (served) => served.annotations.ciphers],
  ['server-alias', (served) => served.annotations.serverAliases],
];

/** `ingresses` of the host, oldest first. */
export function findShadowedSettings(host: HostName, ingresses: readonly ServedIngress[], annotationsPrefix: string): readonly Finding[] {
  return HOST_SETTINGS.flatMap(([annotation, valueOf]) => {
    const [owner, ...others] = ingresses.filter((served) => valueOf(served) !== undefined);
    if (owner === undefined) return [];
    const message = `${formatOrigin(owner.ingress.origin)} decides about ${annotation} of host ${host}; this value has no effect there`;
    const field = annotationField(`${annotationsPrefix}/${annotation}`);
    return others.map(({ ingress }) => finding('PRT-HOST-3', message, ingress, field));
  });
}

/** Default backends that are none, and those of Ingresses that do not own the root of the host. `owner`: undefined: nobody does. */
export function findUnusedDefaultBackends(
  host: HostName,
  ingresses: readonly ServedIngress[],
  owner: ServedIngress | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const served of ingresses) {
    const backend = served.ingress.spec.defaultBackend;
    if (backend === undefined) continue;
    if (backend.kind === 'resource') findings.push(resourceFinding(served, backend, `${defaultBackendField}.resource`));
    if (served === owner || owner === undefined) continue;
    const message = `${formatOrigin(owner.ingress.origin)} decides about paths of host ${host} that no rule takes; this backend has no effect there`;
    findings.push(finding('PRT-RULE-1', message, served.ingress, defaultBackendField));
  }
  return findings;
}

export function resourceFinding({ ingress }: ServedIngress, backend: ResourceBackend, field: string): Finding {
  const message = `the backend ${backend.resourceKind} ${backend.name} is no Service: the default backend answers`;
  return finding('PRT-RULE-2', message, ingress, field);
}

/** Paths with a slash at the end whose path without it is redirected to them. `routes` of a host without regular expressions, by id. */
export function findSlashRedirects(ingresses: readonly ServedIngress[], routes: ReadonlyMap<string, Route>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { match, origin } of routes.values()) {
    if (match.kind === 'regex' || match.path === '/' || !match.path.endsWith('/')) continue;
    const short = match.path.slice(0, -1);
    if (routes.has(`exact:${short}`) || routes.has(`prefix:${short}`)) continue;
    const subject = ingresses.find(({ ingress }) => ingress.origin.name === origin.name && ingress.origin.namespace === origin.namespace);
    const message = `${short} is redirected to ${match.path} (301), for this ${match.kind} path does not take it`;
    if (subject !== undefined) findings.push(finding('PRT-RULE-7', message, subject.ingress, `${origin.field ?? ''}.path`));
  }
  return findings;
}
