// Puts one host together from all Ingresses that name it: its root route, the merged rules, the conflicts, the certificate.
// Depends on those Ingresses, their Secrets, and whether the wildcard host above has a TLS entry; never on Services.
import type { Certificate } from '../../model/certificate.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { Origin } from '../../model/origin.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { Action, HostName, PathMatch, Route, RouteLabels, RoutePolicies, VirtualHost } from '../../model/route.ts';
import type { UpstreamSecret, UpstreamTls } from '../../model/upstream-tls.ts';
import type { UpstreamKey } from '../../model/upstream.ts';
import type { IngressBackend, IngressPath } from '../../resources/objects.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding, Subject } from '../finding.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import { defaultBackendRef, fallbackRef, portText, serviceRef } from '../upstream.ts';
import type { UpstreamRef } from '../upstream.ts';
import { defaultBackendField, defaultBackendFields, pathFields } from './field-names.ts';
import type { PathFields, ServiceFields } from './field-names.ts';
import { HostTransports } from './host-transport.ts';
import type { TransportContext } from './host-transport.ts';
import { resolveDefaultCertificate, resolveHostTls } from './host-tls.ts';
import type { TlsContext } from './host-tls.ts';
import { hostOfRule } from './served-ingress.ts';
import type { ServedIngress } from './served-ingress.ts';

export interface HostInput {
  readonly name: HostName;
  /** All that name the host, oldest first. */
  readonly ingresses: readonly ServedIngress[];
  /** Whether the wildcard host that takes this name too has a TLS entry. */
  readonly hasWildcardTls: boolean;
}

export interface HostContext extends TlsContext, TransportContext {
  readonly options: TranslatorOptions;
  /** `no-tls-redirect-locations`. */
  readonly noTlsRedirectLocations: readonly string[];
  /** True: the ConfigMap asks for a protection of every route that is missing. */
  readonly isEverythingRefused: boolean;
}

/** A place that refers to an upstream and hears of its problems. */
export interface UpstreamUse {
  readonly ref: UpstreamRef;
  readonly subject: Subject;
  /** Where the subject names the Service; undefined for a flag. */
  readonly fields: ServiceFields | undefined;
}

export interface HostTranslation {
  readonly row: VirtualHost;
  readonly certificate: Certificate | undefined;
  /** What upstreams of the row refer to. */
  readonly upstreamSecrets: readonly UpstreamSecret[];
  /** Secrets on which the row depends. */
  readonly secrets: readonly ObjectName[];
  /** The use of `--default-backend-service` has a Flag as its subject. */
  readonly uses: readonly UpstreamUse[];
  readonly findings: readonly Finding[];
}

const REFUSED: Action = { kind: 'refuse', code: 'PRT-ROUTE-3' };

export function translateHost(input: HostInput, context: HostContext): HostTranslation {
  return new HostBuilder(input, context).build();
}

class HostBuilder {
  readonly #input: HostInput;
  readonly #context: HostContext;
  readonly #routes = new Map<string, Route>();
  readonly #uses: UpstreamUse[] = [];
  readonly #findings: Finding[] = [];
  /** The root route stands for no rule: a rule for `/` may take its place. */
  #isRootFree = true;
  #hasTlsEntry = false;
  readonly #isRefused: boolean;
  readonly #transports: HostTransports;

  constructor(input: HostInput, context: HostContext) {
    this.#input = input;
    this.#context = context;
    this.#isRefused = context.isEverythingRefused || input.ingresses.some((served) => served.refusesHosts);
    this.#transports = new HostTransports(input.ingresses, context);
  }

  build(): HostTranslation {
    const { name, ingresses } = this.#input;
    const tls = this.#resolveTls();
    // ingress-nginx never redirects host `_` for the sake of a certificate.
    this.#hasTlsEntry = name !== CATCH_ALL_HOST && (tls.tls.kind !== 'none' || this.#input.hasWildcardTls);
    this.#findings.push(...tls.findings, ...this.#transports.findings);
    this.#addRoot();
    if (name === CATCH_ALL_HOST) this.#addHealthCheck();
    for (const served of ingresses) this.#addRules(served);
    this.#reportTrailingSlashes();
    const origin = ingresses[0]?.ingress.origin ?? catchAllOrigin(this.#context.options);
    const row: VirtualHost = { name, pathMode: 'literal', routes: [...this.#routes.values()], tls: tls.tls, origin };
    // Copies without room to grow: they are kept for each host.
    return {
      row,
      certificate: tls.certificate,
      upstreamSecrets: this.#transports.rows,
      secrets: [...tls.secrets, ...this.#transports.secrets],
      uses: this.#uses.slice(),
      findings: this.#findings.slice(),
    };
  }

  #resolveTls(): ReturnType<typeof resolveHostTls> {
    const { name, ingresses } = this.#input;
    const { defaultSslCertificate } = this.#context.options;
    if (name === CATCH_ALL_HOST && defaultSslCertificate !== undefined)
      return resolveDefaultCertificate(defaultSslCertificate, this.#context);
    return resolveHostTls(
      name,
      ingresses.map((served) => served.ingress),
      this.#context,
    );
  }

  /**
   * The route for paths that no rule takes: spec.defaultBackend of the Ingress that owns the root of the host, else the controller's
   * default backend, in both cases with the annotations of that Ingress.
   */
  #addRoot(): void {
    const isCatchAll = this.#input.name === CATCH_ALL_HOST;
    const owner = isCatchAll ? findCatchAllOwner(this.#input.ingresses) : this.#input.ingresses[0];
    this.#reportUnusedDefaultBackends(owner);
    const backend = owner?.ingress.spec.defaultBackend;
    if (owner === undefined || backend?.kind !== 'service') {
      this.#addDefaultBackend(owner);
      return;
    }
    const labels = this.#labels(owner, backend, '/');
    // On host `_` ingress-nginx leaves out the redirects of the Ingress.
    const policies = isCatchAll ? owner.policies : this.#policies(owner, '/');
    this.#put(
      {
        ...rootMatch,
        action: this.#forward(owner, backend, defaultBackendFields),
        policies,
        labels,
        origin: originOfField(owner, defaultBackendField),
      },
      owner,
    );
    // Only a catch-all Ingress without rules keeps `/` from the rules of other Ingresses.
    this.#isRootFree = !(isCatchAll && owner.ingress.spec.rules.length === 0);
  }

  #addDefaultBackend(owner: ServedIngress | undefined): void {
    const { options } = this.#context;
    const ref = options.defaultBackendService === undefined ? undefined : defaultBackendRef(options.defaultBackendService);
    if (ref !== undefined) {
      const subject = { origin: { kind: 'Flag', namespace: '', name: '--default-backend-service' } };
      this.#uses.push({ ref, subject, fields: undefined });
    }
    const labels = { namespace: '', ingress: '', service: '', servicePort: '', path: '/' };
    const action: Action = { kind: 'default-backend', upstream: ref?.key ?? null };
    const policies = owner === undefined ? {} : this.#policies(owner, '/');
    const origin = owner?.ingress.origin ?? catchAllOrigin(options);
    this.#put({ ...rootMatch, action, policies, labels, origin }, owner);
  }

  /** ingress-nginx's default server answers the health check on the ports of the traffic too. */
  #addHealthCheck(): void {
    const { healthCheckPath: path } = this.#context.options;
    const labels = { namespace: '', ingress: '', service: '', servicePort: '', path };
    const origin = { kind: 'Flag', namespace: '', name: '--health-check-path' };
    const match = { kind: 'exact', path } as const;
    this.#routes.set(`exact:${path}`, { id: `exact:${path}`, match, action: { kind: 'health-check' }, policies: {}, labels, origin });
  }

  #addRules(served: ServedIngress): void {
    for (const [ruleIndex, rule] of served.ingress.spec.rules.entries()) {
      if (hostOfRule(rule.host) !== this.#input.name) continue;
      for (const [pathIndex, path] of (rule.paths ?? []).entries()) {
        this.#addPath(served, path, pathFields(ruleIndex, pathIndex));
      }
    }
  }

  #addPath(served: ServedIngress, path: IngressPath, { path: field, service }: PathFields): void {
    const match = matchOf(path);
    const id = `${match.kind}:${match.path}`;
    const isRoot = id === rootMatch.id;
    const winner = this.#routes.get(id);
    if (winner !== undefined && !(isRoot && this.#isRootFree)) {
      this.#findings.push(finding('PRT-RULE-1', this.#conflictMessage(winner, match), served.ingress, `${field}.path`));
      return;
    }
    const { backend } = path;
    if (backend.kind === 'resource') this.#reportResource(served, backend, `${field}.backend.resource`, isRoot);
    // As if the rule were not there, which for `/` leaves the default backend. Elsewhere a shorter path would take what was not meant for it.
    if (backend.kind === 'resource' && isRoot) return;
    const action: Action =
      backend.kind === 'resource' ? { kind: 'refuse', code: 'PRT-ROUTE-2' } : this.#forward(served, backend, service);
    const policies = this.#policies(served, match.path);
    const labels = this.#labels(served, backend, match.path);
    this.#put({ id, match, action, policies, labels, origin: originOfField(served, field) }, served);
    if (isRoot) this.#isRootFree = false;
  }

  #put(route: Route, served: ServedIngress | undefined): void {
    // A refused route answers before anything else that it could do.
    const isRefused = this.#isRefused || (served !== undefined && (served.isRefused || this.#transports.of(served).kind === 'refused'));
    this.#routes.set(route.id, isRefused ? { ...route, action: REFUSED, policies: {} } : route);
  }

  #forward(served: ServedIngress, backend: ServiceBackend, fields: ServiceFields): Action {
    const { ingress, annotations } = served;
    const { namespace } = ingress.metadata;
    const transport = this.#transports.of(served);
    const useService = (tls: UpstreamTls | undefined): UpstreamKey => {
      const via = served.usesClusterIP ? 'cluster-ip' : 'endpoints';
      const ref = serviceRef({ namespace, service: backend.name, port: backend.port, via, tls });
      this.#uses.push({ ref, subject: ingress, fields });
      return ref.key;
    };
    const upstream = useService(transport.kind === 'tls' ? transport.tls : undefined);
    const secureUpstream = transport.kind === 'as-client' ? useService(transport.tls) : undefined;
    const forward: Action = { kind: 'forward', upstream, ...(secureUpstream !== undefined && { secureUpstream }) };
    if (annotations.defaultBackend === undefined) return forward;
    const fallback = fallbackRef(namespace, annotations.defaultBackend);
    const fallbackField = annotationField(`${this.#context.options.annotationsPrefix}/default-backend`);
    this.#uses.push({ ref: fallback, subject: ingress, fields: { name: fallbackField, port: fallbackField } });
    return { ...forward, fallback: fallback.key };
  }

  #policies(served: ServedIngress, path: string): RoutePolicies {
    const isExempt = this.#context.noTlsRedirectLocations.some((prefix) => path.startsWith(prefix));
    const isRedirected = served.redirectWhen === 'always' || (served.redirectWhen === 'host-has-certificate' && this.#hasTlsEntry);
    return isRedirected && !isExempt ? { ...served.policies, tlsRedirect: served.redirect } : served.policies;
  }

  #labels({ ingress }: ServedIngress, backend: IngressBackend, path: string): RouteLabels {
    const { namespace, name } = ingress.metadata;
    if (backend.kind === 'resource') return { namespace, ingress: name, service: '', servicePort: '', path };
    return { namespace, ingress: name, service: backend.name, servicePort: portText(backend.port), path };
  }

  #conflictMessage(winner: Route, match: LiteralMatch): string {
    const { name } = this.#input;
    const host = name === CATCH_ALL_HOST ? 'requests for no other host' : `host ${name}`;
    return `${formatOrigin(winner.origin)} already has ${match.kind} path ${match.path} of ${host}; this path has no effect`;
  }

  #reportResource({ ingress }: ServedIngress, backend: ResourceBackend, field: string, isRoot: boolean): void {
    const consequence = isRoot ? 'the default backend answers' : 'the path answers 503';
    const message = `the backend ${backend.resourceKind} ${backend.name} is no Service: ${consequence}`;
    this.#findings.push(finding('PRT-RULE-2', message, ingress, field));
  }

  #reportUnusedDefaultBackends(owner: ServedIngress | undefined): void {
    const { name, ingresses } = this.#input;
    for (const served of ingresses) {
      const backend = served.ingress.spec.defaultBackend;
      if (backend === undefined) continue;
      if (backend.kind === 'resource') this.#reportResource(served, backend, `${defaultBackendField}.resource`, true);
      if (served === owner || owner === undefined) continue;
      const message = `${formatOrigin(owner.ingress.origin)} decides about paths of host ${name} that no rule takes; this backend has no effect there`;
      this.#findings.push(finding('PRT-RULE-1', message, served.ingress, defaultBackendField));
    }
  }

  #reportTrailingSlashes(): void {
    for (const { match, origin } of this.#routes.values()) {
      if (match.kind === 'regex' || match.path === '/' || !match.path.endsWith('/')) continue;
      const short = match.path.slice(0, -1);
      if (this.#routes.has(`exact:${short}`) || this.#routes.has(`prefix:${short}`)) continue;
      const subject = this.#input.ingresses.find(
        ({ ingress }) => ingress.origin.name === origin.name && ingress.origin.namespace === origin.namespace,
      );
      const message = `${short} is redirected to ${match.path} (301), for this ${match.kind} path does not take it`;
      if (subject !== undefined) this.#findings.push(finding('PRT-RULE-7', message, subject.ingress, `${origin.field ?? ''}.path`));
    }
  }
}

/** Written out, because a copy of an object with one field more takes more memory. */
function originOfField({ ingress }: ServedIngress, field: string): Origin {
  const { kind, namespace, name, file, line } = ingress.origin;
  return file === undefined || line === undefined ? { kind, namespace, name, field } : { kind, namespace, name, field, file, line };
}

type ServiceBackend = Extract<IngressBackend, { kind: 'service' }>;
type ResourceBackend = Extract<IngressBackend, { kind: 'resource' }>;
type LiteralMatch = Exclude<PathMatch, { kind: 'regex' }>;

const rootMatch: { readonly id: string; readonly match: LiteralMatch } = { id: 'prefix:/', match: { kind: 'prefix', path: '/' } };

/** ImplementationSpecific is Prefix, as in ingress-nginx without `use-regex`. */
function matchOf({ pathType, path }: IngressPath): LiteralMatch {
  return pathType === 'Exact' ? { kind: 'exact', path } : { kind: 'prefix', path };
}

/** The oldest Ingress that is nothing but a default backend, else the oldest host-less one with a default backend beside its rules. */
function findCatchAllOwner(ingresses: readonly ServedIngress[]): ServedIngress | undefined {
  const withBackend = ingresses.filter(({ ingress }) => ingress.spec.defaultBackend?.kind === 'service');
  return withBackend.find(({ ingress }) => ingress.spec.rules.length === 0) ?? withBackend[0];
}

/** Host `_` exists without any object: it comes from the default backend, set by a flag or built in. */
function catchAllOrigin(options: TranslatorOptions): Origin {
  const name = options.defaultBackendService === undefined ? 'default-backend' : '--default-backend-service';
  return { kind: options.defaultBackendService === undefined ? 'Built-in' : 'Flag', namespace: '', name };
}
