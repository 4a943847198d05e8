// What one Ingress means before hosts are put together: whether it is served at all, which hosts it names, and what its annotations
// and the ConfigMap's defaults make of its routes. Depends on the Ingress, its class, its namespace and the ConfigMap, nothing else.
import { CATCH_ALL_HOST, hostName } from '../../model/route.ts';
import type { HeaderField } from '../../model/policies/header-fields.ts';
import type { HostName, ProxyParameters, RoutePolicies, TlsRedirect } from '../../model/route.ts';
import type { Ingress, IngressClass } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { corsPolicyOf } from '../annotations/cors.ts';
import { withNonIdempotent } from '../annotations/next-upstream.ts';
import { readAnnotations } from '../annotations/read-annotations.ts';
import { responseRewritesOf } from '../annotations/response-rewrite.ts';
import type { AnnotationDraft } from '../annotations/row.ts';
import type { RoutingConfig } from '../configmap/row.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { selectsLabels } from '../label-selector.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import { findForeignClass } from './class-selection.ts';
import { resolveCustomHeaders } from './custom-headers.ts';

/** An Ingress that takes part in the traffic. */
export interface ServedIngress {
  readonly ingress: Ingress;
  readonly annotations: Readonly<AnnotationDraft>;
  /** True: each of its routes answers 503, for a protection that was asked for is missing. */
  readonly isRefused: boolean;
  /** True: so do all other routes of its hosts. */
  readonly refusesHosts: boolean;
  /** Each once. */
  readonly hosts: readonly HostName[];
  /** Without the redirect to HTTPS, which depends on the host. */
  readonly policies: RoutePolicies;
  readonly redirect: TlsRedirect;
  readonly redirectWhen: 'never' | 'host-has-certificate' | 'always';
  /** Whether its backends are reached by ClusterIP. */
  readonly usesClusterIP: boolean;
}

export interface IngressReading {
  /** Undefined: the Ingress has no effect. */
  readonly served: ServedIngress | undefined;
  readonly findings: readonly Finding[];
  /** ConfigMaps that were looked at, present or not. */
  readonly configMaps: readonly ObjectName[];
}

export interface IngressContext {
  readonly snapshot: Snapshot;
  readonly options: TranslatorOptions;
  readonly routing: RoutingConfig;
  readonly defaultClass: IngressClass | undefined;
}

export function readIngress(ingress: Ingress, context: IngressContext): IngressReading {
  const { snapshot, options, routing } = context;
  if (!isWatched(ingress.metadata.namespace, snapshot, options)) return withoutEffect([]);
  const foreign = findForeignClass(ingress, snapshot, options, context.defaultClass);
  if (foreign !== undefined) return withoutEffect([foreign]);
  if (options.disableCatchAll && ingress.spec.defaultBackend !== undefined) {
    const message = 'the Ingress is ignored because of --disable-catch-all';
    return withoutEffect([finding('PRT-RULE-8', message, ingress, 'spec.defaultBackend')]);
  }
  const { values, verdict, findings } = readAnnotations(ingress, options.annotationsPrefix, routing);
  if (verdict === 'ignore') return withoutEffect(findings);
  const headers = readCustomHeaders(ingress, values, context);
  const served = serve(ingress, values, context);
  return {
    served: {
      ...served,
      policies: { ...served.policies, ...(headers.fields.length > 0 && { responseHeaders: headers.fields }) },
      isRefused: verdict !== 'serve' || headers.findings.length > 0,
      refusesHosts: verdict === 'refuse-hosts',
    },
    findings: [...findings, ...headers.findings],
    configMaps: headers.configMaps,
  };
}

function withoutEffect(findings: readonly Finding[]): IngressReading {
  return { served: undefined, findings, configMaps: [] };
}

interface CustomHeaders {
  readonly fields: readonly HeaderField[];
  /** Any: the routes are refused. */
  readonly findings: readonly Finding[];
  readonly configMaps: readonly ObjectName[];
}

function readCustomHeaders(ingress: Ingress, values: Readonly<AnnotationDraft>, { snapshot, options, routing }: IngressContext): CustomHeaders {
  const name = values.customHeaders;
  if (name === undefined) return { fields: [], findings: [], configMaps: [] };
  const headers = resolveCustomHeaders(name, snapshot, routing.allowedResponseHeaders);
  if (headers.ok) return { fields: headers.value, findings: [], configMaps: [name] };
  const message = `custom-headers ${headers.error}: the paths of this Ingress answer 503`;
  const field = annotationField(`${options.annotationsPrefix}/custom-headers`);
  return { fields: [], findings: [finding('PRT-ANN-4', message, ingress, field)], configMaps: [name] };
}

export function isWatched(namespace: string, snapshot: Snapshot, options: TranslatorOptions): boolean {
  if (options.watchNamespace !== undefined && options.watchNamespace !== namespace) return false;
  if (options.watchNamespaceSelector === undefined) return true;
  const labels = snapshot.get('Namespace', '', namespace)?.metadata.labels;
  // Every namespace has this label, also one that the manifests do not mention.
  return selectsLabels(options.watchNamespaceSelector, new Map([...(labels ?? []), ['kubernetes.io/metadata.name', namespace]]));
}

function serve(
  ingress: Ingress,
  values: Readonly<AnnotationDraft>,
  { options, routing }: IngressContext,
): Omit<ServedIngress, 'isRefused' | 'refusesHosts'> {
  const isForced = values.forceSslRedirect ?? routing.forceSslRedirect;
  const isRedirected = values.sslRedirect ?? routing.sslRedirect;
  return {
    ingress,
    annotations: values,
    hosts: hostsOf(ingress),
    policies: policiesOf(values, routing),
    redirect: {
      statusCode: routing.redirectCode,
      preserveTrailingSlash: values.preserveTrailingSlash ?? routing.preserveTrailingSlash,
      port: (values.portInRedirects ?? routing.portInRedirects) ? options.ports.https : null,
    },
    redirectWhen: isForced ? 'always' : isRedirected ? 'host-has-certificate' : 'never',
    usesClusterIP: values.serviceUpstream ?? routing.serviceUpstream,
  };
}

/** An Ingress without rules is about the requests that no other host takes. */
function hostsOf(ingress: Ingress): readonly HostName[] {
  const { rules, defaultBackend } = ingress.spec;
  if (rules.length === 0) return defaultBackend === undefined ? [] : [CATCH_ALL_HOST];
  return [...new Set(rules.map((rule) => hostOfRule(rule.host)))];
}

export function hostOfRule(host: string): HostName {
  return host === '' ? CATCH_ALL_HOST : hostName(host);
}

function policiesOf(values: Readonly<AnnotationDraft>, routing: RoutingConfig): RoutePolicies {
  const proxy: Partial<ProxyParameters> =
    values.proxy.nextUpstream !== undefined && routing.retryNonIdempotent
      ? { ...values.proxy, nextUpstream: withNonIdempotent(values.proxy.nextUpstream) }
      : values.proxy;
  const cors = corsPolicyOf(values);
  return {
    ...(Object.keys(proxy).length > 0 && { proxy }),
    ...(values.upstreamHost !== undefined && { upstreamHost: values.upstreamHost }),
    ...(values.accessLog === false && { accessLog: false }),
    ...(values.relativeRedirects !== undefined && { relativeRedirects: values.relativeRedirects }),
    ...(values.portInRedirects !== undefined && { portInRedirects: values.portInRedirects }),
    ...(cors !== undefined && { cors }),
    ...responseRewritesOf(values, routing),
  };
}
