// All annotations of ingress-nginx by name. Each family stands in a file of its own beside this one; a name is in exactly one family.
import { addressListAnnotations } from './address-lists.ts';
import { affinityAnnotations } from './affinity.ts';
import { authAnnotations } from './auth.ts';
import { backendProtocolAnnotations } from './backend-protocol.ts';
import { bufferingAnnotations } from './buffering.ts';
import { canaryAnnotations } from './canary.ts';
import { clientCertificateAnnotations } from './client-certificates.ts';
import { corsAnnotations } from './cors.ts';
import { errorPageAnnotations } from './error-pages.ts';
import { hostAnnotations } from './host.ts';
import { loadBalancingAnnotations } from './load-balancing.ts';
import { mirrorAnnotations } from './mirror.ts';
import { pathAnnotations } from './paths.ts';
import { proxyingAnnotations } from './proxying.ts';
import { rateLimitAnnotations } from './rate-limits.ts';
import { redirectAnnotations } from './redirects.ts';
import { responseRewriteAnnotations } from './response-rewrite.ts';
import type { AnnotationRow } from './row.ts';
import { snippetAnnotations } from './snippets.ts';
import { tlsRedirectAnnotations } from './tls-redirect.ts';
import { tracingAnnotations } from './tracing.ts';
import { firewallAnnotations } from './web-application-firewall.ts';

/** In the order of the reference page. */
export const annotationRows: readonly AnnotationRow[] = [
  ...pathAnnotations,
  ...tlsRedirectAnnotations,
  ...redirectAnnotations,
  ...canaryAnnotations,
  ...affinityAnnotations,
  ...loadBalancingAnnotations,
  ...corsAnnotations,
  ...authAnnotations,
  ...addressListAnnotations,
  ...rateLimitAnnotations,
  ...clientCertificateAnnotations,
  ...backendProtocolAnnotations,
  ...proxyingAnnotations,
  ...bufferingAnnotations,
  ...responseRewriteAnnotations,
  ...errorPageAnnotations,
  ...mirrorAnnotations,
  ...hostAnnotations,
  ...tracingAnnotations,
  ...firewallAnnotations,
  ...snippetAnnotations,
];

/** By name and by alias, both without prefix. */
export const annotationsByName: ReadonlyMap<string, AnnotationRow> = new Map(
  annotationRows.flatMap((row) => [row.name, ...row.aliases].map((name): [string, AnnotationRow] => [name, row])),
);
