// Puts together one host from all Ingresses that name it: its root route, the merged rules, the conflicts, the certificate.
// Depends on those Ingresses, their Secrets, and whether the wildcard host above has a TLS entry; never on Services.
import { keptList } from '../../kit/kept-list.ts';
import type { Certificate } from '../../model/certificate.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { Origin } from '../../model/origin.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { Action, HostName, PathMatch, Route, RouteLabels, RoutePolicies, TlsRedirect, VirtualHost } from '../../model/route.ts';
import type { UpstreamSecret } from '../../model/upstream-tls.ts';
import type { IngressBackend, IngressPath } from '../../resources/objects.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import type { PatternChecker } from '../pattern-checker.ts';
import { portText } from '../upstream.ts';
import { healthCheckRoute, statusRoute } from './built-in-routes.ts';
import { defaultBackendField, defaultBackendFields, pathFields } from './field-names.ts';
import type { PathFields, ServiceFields } from './field-names.ts';
import { findShadowedSettings, findSlashRedirects, findUnusedDefaultBackends, resourceFinding } from './host-findings.ts';
import { checkPatterns } from './host-patterns.ts';
import { deriveRows } from './derived-rows.ts';
import { HostAccess } from './host-access.ts';
import type { RouteAccess } from './host-access.ts';
import { resolveClientCertificates } from './host-client-certificates.ts';
import type { ClientCertificateContext, HostClientCertificates } from './host-client-certificates.ts';
import { attachCanaries } from './canaries.ts';
import { HostTransports } from './host-transport.ts';
import type { Transport, TransportContext } from './host-transport.ts';
import { resolveDefaultCertificate, resolveHostTls } from './host-tls.ts';
import type { TlsContext } from './host-tls.ts';
import { findUnreachedLocations, serverSnippetOf, snippetsOf } from './host-snippets.ts';
import { SideUpstreams } from './side-upstreams.ts';
import type { SideUpstreamContext } from './side-upstreams.ts';
import { hostOfRule } from './served-ingress.ts';
import type { ServedIngress } from './served-ingress.ts';
import { useBackend } from './upstream-use.ts';
import type { ServiceBackend, UpstreamUse } from './upstream-use.ts';

export interface HostInput {
  readonly name: HostName;
  /** All that name the host, oldest first. */
  readonly ingresses: readonly ServedIngress[];
  /** Those that only offer alternatives to the routes of the others, oldest first. */
  readonly canaries: readonly ServedIngress[];
  /** Whether the wildcard host that takes a name too has a TLS entry. */
  readonly hasWildcardTls: (name: HostName) => boolean;
}

export interface HostContext extends TlsContext, TransportContext, ClientCertificateContext, SideUpstreamContext {
  readonly options: TranslatorOptions;
  /** `no-auth-locations`. */
  readonly noAuthLocations: readonly string[];
  /** `no-tls-redirect-locations`. */
  readonly noTlsRedirectLocations: readonly string[];
  /** `nginx-status-ipv4-whitelist` and `-ipv6-whitelist`. */
  readonly statusAddresses: readonly string[];
  readonly patterns: PatternChecker;
  /** `http-redirect-code`. */
  readonly redirectCode: number;
  /** Instead of the default backend where no Ingress decides: a firewall should guard it. */
  readonly unownedAction: Action | undefined;
  /** True: the ConfigMap asks for a protection of every route that is missing. */
  readonly isEverythingRefused: boolean;
}

export interface HostTranslation {
  readonly row: VirtualHost;
  /** Oldest first. */
  readonly ingresses: readonly ServedIngress[];
  /** Rows of other names that follow from this host, as far as nothing else has the name. */
  readonly derived: readonly VirtualHost[];
  readonly certificate: Certificate | undefined;
  /** What upstreams of the row refer to. */
  readonly upstreamSecrets: readonly UpstreamSecret[];
  /** Secrets on which the row depends. */
  readonly secrets: readonly ObjectName[];
  /** The use of `--default-backend-service` has a Flag as its subject. */
  readonly uses: readonly UpstreamUse[];
  readonly findings: readonly Finding[];
}

/** The route answers 503. */
export const REFUSED: Action = { kind: 'refuse', code: 'PRT-ROUTE-3' };
const CLOSED: Action = { kind: 'refuse', code: 'PRT-CERT-4' };

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
  /** Of an Ingress with a regular expression: all paths are some then. */
  #regexOwner: ServedIngress | undefined;
  readonly #redirectsByCertificate = new Map<string, TlsRedirect>();
  readonly #isRefused: boolean;
  readonly #transports: HostTransports;
  readonly #access: HostAccess;
  readonly #sideUpstreams: SideUpstreams;
  readonly #clientCertificates: HostClientCertificates;

  constructor(input: HostInput, context: HostContext) {
    this.#input = input;
    this.#context = context;
    this.#isRefused =
      context.isEverythingRefused || input.ingresses.some((served) => served.refusesHosts) || serverSnippetOf(input.ingresses) === 'closed';
    this.#transports = new HostTransports(input.ingresses, context);
    this.#access = new HostAccess(input.name, context.noAuthLocations);
    this.#sideUpstreams = new SideUpstreams(context);
    this.#clientCertificates = resolveClientCertificates(input.ingresses, context);
  }

  build(): HostTranslation {
    const { name, ingresses } = this.#input;
    const tls = this.#resolveTls();
    // ingress-nginx never redirects host `_` for the sake of a certificate.
    this.#hasTlsEntry = name !== CATCH_ALL_HOST && (tls.tls.kind !== 'none' || this.#input.hasWildcardTls(name));
    this.#findings.push(...tls.findings, ...this.#transports.findings, ...this.#clientCertificates.findings);
    this.#addRoot();
    this.#addBuiltIn(healthCheckRoute(this.#context.options.healthCheckPath));
    for (const served of ingresses) this.#addRules(served);
    this.#addBuiltIn(statusRoute(this.#context.statusAddresses, this.#routes.values()));
    this.#findings.push(...findShadowedSettings(name, ingresses, this.#context.options.annotationsPrefix));
    if (this.#regexOwner === undefined) this.#findings.push(...findSlashRedirects(ingresses, this.#routes));
    else this.#checkPatterns(this.#regexOwner);
    this.#addCanaries();
    const origin = ingresses[0]?.ingress.origin ?? catchAllOrigin(this.#context.options);
    const rootRoute = this.#rootRoute();
    const ciphers = ingresses.find((served) => served.annotations.ciphers !== undefined)?.annotations.ciphers;
    const { policy: clientCertificates } = this.#clientCertificates;
    const snippets = snippetsOf(ingresses, this.#context.options.annotationsPrefix, this.#isRefused || this.#clientCertificates.isClosed);
    const row: VirtualHost = {
      name,
      pathMode: this.#regexOwner === undefined ? 'literal' : 'regex',
      routes: [...this.#routes.values()],
      ...(rootRoute !== undefined && { rootRoute }),
      ...(ciphers !== undefined && { ciphers }),
      ...snippets,
      tls: tls.tls,
      ...(clientCertificates !== undefined && { clientCertificates }),
      origin,
    };
    return {
      row,
      ingresses,
      derived: this.#derive(row, tls.names),
      certificate: tls.certificate,
      upstreamSecrets: keptList(this.#transports.rows),
      secrets: keptList([...tls.secrets, ...this.#transports.secrets, ...this.#clientCertificates.secrets]),
      uses: keptList([...this.#uses, ...this.#access.uses, ...this.#sideUpstreams.uses]),
      findings: keptList([...this.#findings, ...this.#access.findings]),
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
    this.#findings.push(...findUnusedDefaultBackends(this.#input.name, this.#input.ingresses, owner));
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
        action: (isCatchAll ? undefined : redirectActionOf(owner)) ?? this.#forward(owner, backend, defaultBackendFields),
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
    const labels = { namespace: '', ingress: '', service: '', servicePort: '', path: '/' };
    const own = owner === undefined ? this.#context.unownedAction : redirectActionOf(owner);
    const action = own ?? this.#defaultBackend();
    const policies = owner === undefined ? {} : this.#policies(owner, '/');
    const origin = owner?.ingress.origin ?? catchAllOrigin(options);
    this.#put({ ...rootMatch, action, policies, labels, origin }, owner);
  }

  #addBuiltIn(route: Route | undefined): void {
    if (route !== undefined && this.#input.name === CATCH_ALL_HOST) this.#routes.set(route.id, route);
  }

  #addRules(served: ServedIngress): void {
    for (const [ruleIndex, rule] of served.ingress.spec.rules.entries()) {
      if (hostOfRule(rule.host) !== this.#input.name) continue;
      for (const [pathIndex, path] of (rule.paths ?? []).entries()) {
        this.#addPath(served, path, pathFields(ruleIndex, pathIndex));
      }
    }
  }

  /** That of the controller. */
  #defaultBackend(): Action {
    const [upstream = null] = this.#sideUpstreams.controllerDefaultBackend();
    return { kind: 'default-backend', upstream };
  }

  #addPath(served: ServedIngress, path: IngressPath, { path: field, service }: PathFields): void {
    const literal = matchOf(path);
    const id = `${literal.kind}:${literal.path}`;
    const match: PathMatch = isPattern(served, path.path) ? { kind: 'regex', pattern: path.path } : literal;
    const isRoot = id === rootMatch.id;
    const winner = this.#routes.get(id);
    if (winner !== undefined && !(isRoot && this.#isRootFree)) {
      this.#findings.push(finding('PRT-RULE-1', this.#conflictMessage(winner, literal), served.ingress, `${field}.path`));
      return;
    }
    const { backend } = path;
    if (backend.kind === 'resource') this.#findings.push(resourceFinding(served, backend, `${field}.backend.resource`));
    // As if the rule were not there, which for `/` leaves the default backend. It answers elsewhere too, for a shorter path would take what
    // was not meant for it.
    if (backend.kind === 'resource' && isRoot) return;
    const action: Action =
      redirectActionOf(served) ?? (backend.kind === 'resource' ? this.#defaultBackend() : this.#forward(served, backend, service));
    const policies = this.#policies(served, path.path);
    const labels = this.#labels(served, backend, path.path);
    this.#put({ id, match, action, policies, labels, origin: originOfField(served, field) }, served);
    if (isRoot) this.#isRootFree = false;
    if (match.kind === 'regex') this.#regexOwner ??= served;
  }

  #put(route: Route, served: ServedIngress | undefined): void {
    const access = served === undefined ? undefined : this.#access.of(served, route.labels.path);
    const refusal = this.#refusalOf(served, access);
    // A refused route answers before anything else that it could do.
    if (refusal !== undefined) {
      this.#routes.set(route.id, { ...route, action: refusal, policies: {} });
      return;
    }
    const side = this.#sideUpstreams.policiesOf(served);
    const policies = { ...route.policies, ...side, ...(access?.kind === 'policy' && { access: access.policy }) };
    this.#routes.set(route.id, { ...route, policies });
    if (served?.redirectWhen !== 'host-has-certificate' || this.#isExempt(route.labels.path)) return;
    this.#redirectsByCertificate.set(route.id, served.redirect);
  }

  #refusalOf(served: ServedIngress | undefined, access: RouteAccess | undefined): Action | undefined {
    if (this.#clientCertificates.isClosed) return CLOSED;
    const isRefused = served !== undefined && (served.isRefused || this.#transports.of(served).kind === 'refused');
    return this.#isRefused || isRefused || access?.kind === 'refused' ? REFUSED : undefined;
  }

  /** `app-root` of the oldest Ingress that has one. It answers before any rule of the host. */
  #rootRoute(): Route | undefined {
    const owner = this.#input.ingresses.find((served) => served.annotations.appRoot !== undefined && !served.isRefused);
    const path = owner?.annotations.appRoot;
    if (owner === undefined || path === undefined) return undefined;
    const { namespace, name } = owner.ingress.metadata;
    const redirect = { statusCode: 302, to: { kind: 'app-root', path } } as const;
    return {
      id: 'app-root',
      match: { kind: 'exact', path: '/' },
      action: this.#refusalOf(undefined, undefined) ?? { kind: 'redirect', redirect },
      policies: owner.policies.accessLog === false ? { accessLog: false } : {},
      labels: { namespace, ingress: name, service: '', servicePort: '', path: '/' },
      origin: originOfField(owner, annotationField(`${this.#context.options.annotationsPrefix}/app-root`)),
    };
  }

  #derive(row: VirtualHost, certificateNames: readonly string[]): readonly VirtualHost[] {
    const { ingresses, hasWildcardTls } = this.#input;
    const { redirectCode } = this.#context;
    // Host `_` and its aliases never redirect for the sake of a certificate.
    const redirectsByCertificate = row.name === CATCH_ALL_HOST ? new Map<string, TlsRedirect>() : this.#redirectsByCertificate;
    const hasTlsEntry = this.#hasTlsEntry;
    return deriveRows({ row, ingresses, certificateNames, hasTlsEntry, hasWildcardTls, redirectsByCertificate, redirectCode });
  }

  #checkPatterns(owner: ServedIngress): void {
    const { name: host, ingresses } = this.#input;
    const { unusable, findings } = checkPatterns({ host, ingresses, routes: this.#routes.values(), owner }, this.#context.patterns);
    for (const route of unusable) this.#routes.set(route.id, { ...route, isUnusablePattern: true, action: REFUSED, policies: {} });
    this.#findings.push(...findings, ...findUnreachedLocations(ingresses, this.#context.options.annotationsPrefix));
  }

  #forward(served: ServedIngress, backend: ServiceBackend, fields: ServiceFields): Action {
    const { target, uses } = useBackend({ served, backend, fields }, this.#transports.of(served));
    this.#uses.push(...uses);
    const forward: Action = { kind: 'forward', ...target };
    const [fallback] = this.#sideUpstreams.defaultBackendOf(served);
    return fallback === undefined ? forward : { ...forward, fallback };
  }

  #addCanaries(): void {
    const { name, ingresses, canaries } = this.#input;
    if (canaries.length === 0) return;
    const transportOf = (served: ServedIngress): Transport => this.#transports.of(served);
    const { uses, findings } = attachCanaries({ name, ingresses, canaries, routes: this.#routes, transportOf });
    this.#uses.push(...uses);
    this.#findings.push(...findings);
  }

  #policies(served: ServedIngress, path: string): RoutePolicies {
    const isRedirected = served.redirectWhen === 'always' || (served.redirectWhen === 'host-has-certificate' && this.#hasTlsEntry);
    const tlsRedirect = isRedirected && !this.#isExempt(path) ? served.redirect : undefined;
    const rewrite = isRewritten(served, path) ? served.rewrite : undefined;
    if (tlsRedirect === undefined && rewrite === undefined) return served.policies;
    return { ...served.policies, ...(tlsRedirect !== undefined && { tlsRedirect }), ...(rewrite !== undefined && { rewrite }) };
  }

  /** Paths that are never redirected to HTTPS. */
  #isExempt(path: string): boolean {
    return this.#context.noTlsRedirectLocations.some((prefix) => path.startsWith(prefix));
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
}

/** Written out, because a copy of an object with one field more takes more memory. */
function originOfField({ ingress }: ServedIngress, field: string): Origin {
  const { kind, namespace, name, file, line } = ingress.origin;
  return file === undefined || line === undefined ? { kind, namespace, name, field } : { kind, namespace, name, field, file, line };
}

type LiteralMatch = Exclude<PathMatch, { kind: 'regex' }>;

const rootMatch: { readonly id: string; readonly match: LiteralMatch } = { id: 'prefix:/', match: { kind: 'prefix', path: '/' } };

function redirectActionOf({ location }: ServedIngress): Action | undefined {
  return location === undefined ? undefined : { kind: 'redirect', redirect: location };
}

/** A target that equals the path rewrites nothing (ingress-nginx, `needsRewrite`). */
function isRewritten({ rewrite }: ServedIngress, path: string): boolean {
  return rewrite !== undefined && rewrite.target !== path;
}

/** Whether the path is a regular expression by the annotations of its own Ingress. */
function isPattern(served: ServedIngress, path: string): boolean {
  return served.annotations.useRegex === true || isRewritten(served, path);
}

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
