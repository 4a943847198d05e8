// What one Ingress means before hosts are put together: whether it is served at all, which hosts it names, and what its annotations
// and the ConfigMap's defaults make of its routes. Depends on the Ingress, its class, its namespace and the ConfigMap, nothing else.
import { keptList } from '../../kit/kept-list.ts';
import { CATCH_ALL_HOST, hostName } from '../../model/route.ts';
import type { HeaderField } from '../../model/policies/header-fields.ts';
import type { Redirect } from '../../model/policies/redirect.ts';
import type { RewritePolicy } from '../../model/policies/rewrite.ts';
import type { HostName, ProxyParameters, RoutePolicies, TlsRedirect } from '../../model/route.ts';
import type { Ingress, IngressClass } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { affinityOf } from '../annotations/affinity.ts';
import { canaryRulesOf } from '../annotations/canary.ts';
import type { CanaryRules } from '../annotations/canary.ts';
import { buffersOf } from '../annotations/buffering.ts';
import { corsPolicyOf } from '../annotations/cors.ts';
import { loadBalancingOf } from '../annotations/load-balancing.ts';
import { withNonIdempotent } from '../annotations/next-upstream.ts';
import { rewritePolicyOf } from '../annotations/paths.ts';
import { readAnnotations } from '../annotations/read-annotations.ts';
import { redirectOf } from '../annotations/redirects.ts';
import { bandwidthOfAnnotations, limitsOfAnnotations } from '../annotations/rate-limits.ts';
import { responseRewritesOf } from '../annotations/response-rewrite.ts';
import { idleTracingAnnotations, tracingOf } from '../annotations/tracing.ts';
import { missingFirewallOf, uselessFirewallAnnotations } from '../annotations/web-application-firewall.ts';
import type { MissingFirewall } from '../annotations/web-application-firewall.ts';
import type { AnnotationDraft } from '../annotations/row.ts';
import type { RoutingConfig } from '../configmap/row.ts';
import { PLAIN_SETTINGS } from '../backend-settings.ts';
import type { BackendSettings } from '../backend-settings.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { selectsLabels } from '../label-selector.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import type { ReadSnippet } from '../snippets/read-snippet.ts';
import type { UserListReader } from '../user-list.ts';
import { findForeignClass } from './class-selection.ts';
import { inspectIngress } from './deep-inspection.ts';
import { checkPathTypes } from './path-types.ts';
import { readSnippets } from './served-snippets.ts';
import { resolveCustomHeaders } from './custom-headers.ts';
import { readAccess } from './served-access.ts';
import type { ServedAccess } from './served-access.ts';

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
  /** Of annotation `server-snippet`: for all of its hosts. `closed`: it cannot be read and may protect them. */
  readonly serverSnippet: ReadSnippet | 'closed' | undefined;
  /** Who may use its routes; undefined: everybody. */
  readonly access: ServedAccess | undefined;
  /** What its paths are rewritten to, but for one that equals the target. */
  readonly rewrite: RewritePolicy | undefined;
  /** Answers for all of its paths instead of their backends. */
  readonly location: Redirect | undefined;
  readonly redirect: TlsRedirect;
  readonly redirectWhen: 'never' | 'host-has-certificate' | 'always';
  /** What it says about the Service ports that it refers to. */
  readonly backend: BackendSettings;
  /** Set: the Ingress only offers alternatives to the routes of others. */
  readonly canary: CanaryRules | undefined;
}

export interface IngressReading {
  /** Undefined: the Ingress has no effect. */
  readonly served: ServedIngress | undefined;
  /** True: it is ours and was left out because of what it says, so that its last good version goes on. */
  readonly isDropped: boolean;
  readonly findings: readonly Finding[];
  /** Looked at, present or not. */
  readonly configMaps: readonly ObjectName[];
  readonly secrets: readonly ObjectName[];
}

export interface IngressContext {
  readonly userLists: UserListReader;
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
  const inspected = options.deepInspect ? inspectIngress(ingress) : undefined;
  if (inspected !== undefined) return { ...withoutEffect([inspected]), isDropped: true };
  const annotations = readAnnotations(ingress, options.annotationsPrefix, routing);
  const { verdict, findings } = annotations;
  if (verdict === 'ignore') return { ...withoutEffect(findings), isDropped: true };
  const snippets = readSnippets(ingress, annotations.values, {
    areAllowed: routing.allowsSnippets || options.allowSnippetAnnotations,
    annotationsPrefix: options.annotationsPrefix,
    knownVariables: routing.snippetVariables,
  });
  const { values } = snippets;
  const headers = readCustomHeaders(ingress, values, context);
  const access = readAccess(ingress, values.access, { ...context, annotationsPrefix: options.annotationsPrefix });
  const firewall = missingFirewallOf(values, routing.firewall);
  const served = serve(ingress, values, context);
  return {
    served: {
      ...served,
      access: access.access,
      policies: {
        ...served.policies,
        ...(headers.fields.length > 0 && { responseHeaders: headers.fields }),
        ...(snippets.location !== undefined && { snippet: snippets.location }),
      },
      serverSnippet: snippets.refusesHosts ? 'closed' : snippets.server,
      isRefused: verdict !== 'serve' || headers.findings.length > 0 || access.isRefused || snippets.isRefused || firewall === 'refused',
      refusesHosts: verdict === 'refuse-hosts',
    },
    isDropped: false,
    findings: keptList([
      ...findings,
      ...headers.findings,
      ...access.findings,
      ...snippets.findings,
      ...findingsOfFirewall(ingress, firewall, options.annotationsPrefix),
      ...uselessFirewallAnnotations(values, routing.firewall).map((name) =>
        finding(
          'PRT-ANN-6',
          `${name} has no effect: the firewall is not enabled here (enable-modsecurity)`,
          ingress,
          annotationField(`${options.annotationsPrefix}/${name}`),
        ),
      ),
      ...findingsOfTracing(ingress, values, { annotationsPrefix: options.annotationsPrefix, hasCollector: routing.hasCollector }),
      ...(routing.strictPathTypes ? checkPathTypes(ingress) : []),
    ]),
    configMaps: keptList([...headers.configMaps, ...access.configMaps]),
    secrets: keptList(access.secrets),
  };
}

function findingsOfFirewall(ingress: Ingress, firewall: MissingFirewall, annotationsPrefix: string): readonly Finding[] {
  const name = `${annotationsPrefix}/enable-modsecurity`;
  // A firewall for every route is a matter of the ConfigMap, unless routes are refused.
  const field = ingress.metadata.annotations.has(name) ? annotationField(name) : undefined;
  if (firewall === 'refused') {
    const message = 'there is no firewall yet, and it should block: the paths of this Ingress answer 503 rather than be open';
    return [finding('PRT-ANN-4', message, ingress, field)];
  }
  const message = 'there is no firewall yet: requests are not inspected';
  return firewall === 'uninspected' && field !== undefined ? [finding('PRT-ANN-2', message, ingress, field)] : [];
}

function findingsOfTracing(
  ingress: Ingress,
  values: Readonly<AnnotationDraft>,
  { annotationsPrefix, hasCollector }: { readonly annotationsPrefix: string; readonly hasCollector: boolean },
): readonly Finding[] {
  const report = (name: string, message: string): Finding =>
    finding('PRT-ANN-3', message, ingress, annotationField(`${annotationsPrefix}/${name}`));
  const idle = idleTracingAnnotations(values).map((name) => report(name, `${name} only counts together with enable-opentelemetry: "true"`));
  if (values.tracing?.isEnabled !== true || hasCollector) return idle;
  const message = 'the ConfigMap has no otlp-collector-host: the context of traces is passed on, but spans go nowhere';
  return [...idle, report('enable-opentelemetry', message)];
}

function withoutEffect(findings: readonly Finding[]): IngressReading {
  return { served: undefined, isDropped: false, findings, configMaps: [], secrets: [] };
}

interface CustomHeaders {
  readonly fields: readonly HeaderField[];
  /** Any: the routes are refused. */
  readonly findings: readonly Finding[];
  readonly configMaps: readonly ObjectName[];
}

function readCustomHeaders(
  ingress: Ingress,
  values: Readonly<AnnotationDraft>,
  { snapshot, options, routing }: IngressContext,
): CustomHeaders {
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
): Omit<ServedIngress, 'access' | 'isRefused' | 'refusesHosts' | 'serverSnippet'> {
  const isForced = values.forceSslRedirect ?? routing.forceSslRedirect;
  const isRedirected = values.sslRedirect ?? routing.sslRedirect;
  return {
    ingress,
    annotations: values,
    hosts: hostsOf(ingress, values.canary?.isCanary === true),
    policies: policiesOf(ingress, values, routing),
    rewrite: rewritePolicyOf(values),
    location: redirectOf(values),
    redirect: {
      statusCode: routing.redirectCode,
      preserveTrailingSlash: values.preserveTrailingSlash ?? routing.preserveTrailingSlash,
      port: (values.portInRedirects ?? routing.portInRedirects) ? options.ports.https : null,
    },
    redirectWhen: isForced ? 'always' : isRedirected ? 'host-has-certificate' : 'never',
    backend: backendSettingsOf(values, routing),
    canary: canaryRulesOf(values),
  };
}

/** Annotations of a canary other than those of balancing have no effect. */
function backendSettingsOf(values: Readonly<AnnotationDraft>, routing: RoutingConfig): BackendSettings {
  const isCanary = values.canary?.isCanary === true;
  const usesClusterIP = (isCanary ? undefined : values.serviceUpstream) ?? routing.serviceUpstream;
  const affinity = isCanary ? undefined : affinityOf(values.affinity);
  const loadBalancing = loadBalancingOf(values.loadBalancing, routing.loadBalance);
  if (!usesClusterIP && affinity === undefined && loadBalancing === undefined) return PLAIN_SETTINGS;
  return {
    via: usesClusterIP ? 'cluster-ip' : 'endpoints',
    ...(affinity !== undefined && { affinity }),
    ...(loadBalancing !== undefined && { loadBalancing }),
  };
}

/** An Ingress without rules is about the requests that no other host takes. */
function hostsOf(ingress: Ingress, isCanary: boolean): readonly HostName[] {
  const { rules, defaultBackend } = ingress.spec;
  if (rules.length === 0) return defaultBackend === undefined ? [] : [CATCH_ALL_HOST];
  const names = rules.map((rule) => hostOfRule(rule.host));
  // The default backend of a canary only means the catch-all route.
  if (isCanary && defaultBackend !== undefined) names.push(CATCH_ALL_HOST);
  return [...new Set(names)];
}

export function hostOfRule(host: string): HostName {
  return host === '' ? CATCH_ALL_HOST : hostName(host);
}

function policiesOf({ metadata }: Ingress, values: Readonly<AnnotationDraft>, routing: RoutingConfig): RoutePolicies {
  const { nextUpstream } = values.proxy;
  const proxy: Partial<ProxyParameters> = {
    ...values.proxy,
    ...(nextUpstream !== undefined && routing.retryNonIdempotent && { nextUpstream: withNonIdempotent(nextUpstream) }),
    ...buffersOf(values, routing.buffering),
    ...bandwidthOfAnnotations(values, routing),
  };
  const cors = corsPolicyOf(values);
  const tracing = tracingOf(values);
  return {
    ...(Object.keys(proxy).length > 0 && { proxy }),
    ...(values.upstreamHost !== undefined && { upstreamHost: values.upstreamHost }),
    ...(values.accessLog === false && { accessLog: false }),
    ...(values.isUncompressed === true && { isUncompressed: true }),
    ...(values.relativeRedirects !== undefined && { relativeRedirects: values.relativeRedirects }),
    ...(values.portInRedirects !== undefined && { portInRedirects: values.portInRedirects }),
    ...(cors !== undefined && { cors }),
    ...(tracing !== undefined && { tracing }),
    ...(values.affinity?.isCookie === true && { setsAffinityCookie: true }),
    ...responseRewritesOf(values, routing),
    ...limitsOfAnnotations(values, metadata),
  };
}
