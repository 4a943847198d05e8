// Snapshot in, difference of the model out. The translator keeps what it found out, and for each kind of object an index of what
// depends on it, so that a change costs what it touches:
//   Ingress -> its hosts; Service, EndpointSlice -> upstreams; Secret -> hosts; TLS of a wildcard host -> the hosts below it;
//   IngressClass, Namespace -> Ingresses; ConfigMap -> settings, and all Ingresses where it changes their defaults.
// Invariant: after any sequence of changes the rows are those of a fresh translation of the last snapshot, with the last good version in the
// place of an Ingress that is dropped. No clock, no I/O.
import { isDeepStrictEqual } from 'node:util';
import { assertNever } from '../kit/assert-never.ts';
import type { Certificate, CertificateKey } from '../model/certificate.ts';
import type { ModelDelta } from '../model/delta.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { REFUSED } from './ingress/translate-host.ts';
import type { HostName, VirtualHost } from '../model/route.ts';
import type { Settings } from '../model/settings.ts';
import type { UpstreamSecret, UpstreamSecretKey } from '../model/upstream-tls.ts';
import type { Ingress, IngressClass } from '../resources/objects.ts';
import type { ObjectChange, Snapshot } from '../resources/snapshot.ts';
import { checkIngress, isOurs } from './admission.ts';
import type { AdmissionVerdict } from './admission.ts';
import { KeyPairReader } from './certificate.ts';
import { withSnippets } from './configmap/snippet-keys.ts';
import { missingFirewallOf } from './annotations/web-application-firewall.ts';
import { withFirewallFinding } from './configmap/firewall-keys.ts';
import { withHeaderMaps } from './configmap/header-maps.ts';
import { ClientTrustReader } from './client-trust.ts';
import { readConfigMap } from './configmap/read-configmap.ts';
import type { ConfigReading } from './configmap/read-configmap.ts';
import { DerivedHosts } from './derived-hosts.ts';
import { DiagnosticReport } from './diagnostic-report.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { HostTable } from './host-table.ts';
import { IngressTable, ingressKey } from './ingress-table.ts';
import { findDefaultClass, findingsOfClasses } from './ingress/class-selection.ts';
import type { ServedIngress } from './ingress/served-ingress.ts';
import type { TranslatorOptions } from './options.ts';
import { PatternChecker } from './pattern-checker.ts';
import { SharedRows } from './shared-rows.ts';
import { StreamServices } from './stream-services.ts';
import { UpstreamSecretReader } from './upstream-secret.ts';
import { UpstreamTable } from './upstream-table.ts';
import { UserListReader } from './user-list.ts';

export interface Translator {
  /**
   * Translates what the changes touch. The first call translates everything; `all` does so again, and its delta still holds only rows
   * that differ from those returned before. `snapshot` is the state after the changes and is not kept from being changed afterwards,
   * except that diagnostics look up lines in it.
   */
  translate(snapshot: Snapshot, changes: readonly ObjectChange[] | 'all'): TranslationResult;
  /** All that there is to say now, in no order; lines may be those of an earlier look. */
  standingDiagnostics(): readonly Diagnostic[];
  /** What there is to say now and was not at the last call, sorted by object. Takes time proportional to what was translated since. */
  takeNewDiagnostics(): readonly Diagnostic[];
  /** Whether the Ingress took part in the traffic after the last call: it is of our class and was not dropped. */
  isServed(namespace: string, name: string): boolean;
  /** What admission answers to one who wants to write this Ingress, against the state of the last call. Changes nothing. */
  check(ingress: Ingress, snapshot: Snapshot): AdmissionVerdict;
  /** Whether `check` looks at this Ingress: it has a class that is ours, and a namespace that is watched. */
  isOurs(ingress: Ingress, snapshot: Snapshot): boolean;
}

export interface TranslationResult {
  /** What differs from the results of the calls before, all together. */
  readonly delta: ModelDelta;
  /**
   * All that there is to say now, sorted by object. Worked out when it is read, in time proportional to it, since most changes
   * have nobody who asks; to be read before the next call of `translate`.
   */
  readonly diagnostics: readonly Diagnostic[];
}

export function createTranslator(options: TranslatorOptions): Translator {
  return new IncrementalTranslator(options);
}

class IncrementalTranslator implements Translator {
  readonly #options: TranslatorOptions;
  readonly #keyPairs = new KeyPairReader();
  readonly #userLists = new UserListReader();
  readonly #clientTrust = new ClientTrustReader();
  readonly #ingresses = new IngressTable();
  readonly #hosts = new HostTable();
  readonly #derivedHosts: DerivedHosts;
  readonly #patterns = new PatternChecker();
  readonly #upstreams = new UpstreamTable();
  readonly #certificates = new SharedRows<CertificateKey, Certificate>();
  readonly #upstreamSecrets = new SharedRows<UpstreamSecretKey, UpstreamSecret>();
  readonly #upstreamSecretReader = new UpstreamSecretReader(this.#keyPairs);
  readonly #streamServices: StreamServices;
  readonly #report: DiagnosticReport;
  readonly #dirtyIngresses = new Set<string>();
  #isConfigDirty = true;
  #areClassesDirty = true;
  #isStarted = false;
  #config: ConfigReading;
  #defaultClass: IngressClass | undefined;
  #classFindings: readonly Finding[] = [];

  constructor(options: TranslatorOptions) {
    this.#options = options;
    this.#config = readConfigMap(undefined, options);
    this.#streamServices = new StreamServices(options);
    this.#derivedHosts = new DerivedHosts(this.#hosts, options.annotationsPrefix);
    this.#report = new DiagnosticReport(options.nowMs, {
      ingresses: this.#ingresses,
      hosts: this.#hosts,
      derivedHosts: this.#derivedHosts,
      upstreams: this.#upstreams,
      certificates: this.#certificates,
    });
  }

  translate(snapshot: Snapshot, changes: readonly ObjectChange[] | 'all'): TranslationResult {
    if (changes === 'all' || !this.#isStarted) this.#markAll(snapshot);
    else for (const change of changes) this.#mark(change);
    const settings = this.#updateConfig(snapshot);
    this.#streamServices.update(snapshot);
    this.#updateClasses(snapshot);
    this.#updateIngresses(snapshot);
    const delta = this.#updateRows(snapshot, settings);
    this.#isStarted = true;
    this.#report.reset(snapshot, [...this.#config.findings, ...this.#classFindings, ...this.#streamServices.findings]);
    const report = this.#report;
    return {
      delta,
      get diagnostics() {
        return report.diagnostics();
      },
    };
  }

  standingDiagnostics(): readonly Diagnostic[] {
    return this.#report.standing();
  }

  takeNewDiagnostics(): readonly Diagnostic[] {
    return this.#report.takeNew();
  }

  isServed(namespace: string, name: string): boolean {
    return this.#ingresses.isServed(ingressKey(namespace, name));
  }

  check(ingress: Ingress, snapshot: Snapshot): AdmissionVerdict {
    const { routing } = this.#config.config;
    const ingressesOf = (host: HostName): readonly ServedIngress[] => this.#hosts.ingressesOf(host);
    const view = { snapshot, options: this.#options, routing, defaultClass: this.#defaultClass, ingressesOf, patterns: this.#patterns };
    return checkIngress(ingress, view);
  }

  isOurs(ingress: Ingress, snapshot: Snapshot): boolean {
    return isOurs(ingress, { snapshot, options: this.#options, defaultClass: this.#defaultClass });
  }

  #markAll(snapshot: Snapshot): void {
    for (const key of this.#ingresses.keys()) this.#dirtyIngresses.add(key);
    for (const { metadata } of snapshot.list('Ingress')) this.#dirtyIngresses.add(ingressKey(metadata.namespace, metadata.name));
    this.#hosts.markAll();
    this.#upstreams.markAll();
    this.#streamServices.markAll();
    this.#isConfigDirty = true;
    this.#areClassesDirty = true;
  }

  #mark(change: ObjectChange): void {
    this.#streamServices.mark(change);
    const { kind, namespace, name } = change;
    switch (kind) {
      case 'Ingress':
        this.#dirtyIngresses.add(ingressKey(namespace, name));
        return;
      case 'IngressClass':
        this.#markIngresses(this.#ingresses.ofClass(name));
        this.#areClassesDirty = true;
        return;
      case 'Namespace':
        if (this.#options.watchNamespaceSelector !== undefined) this.#markIngresses(this.#ingresses.inNamespace(name));
        return;
      case 'Service':
        this.#upstreams.markService(namespace, name);
        return;
      case 'EndpointSlice':
        for (const slice of [change.before, change.after]) {
          if (slice?.kind === 'EndpointSlice') this.#upstreams.markService(namespace, slice.serviceName);
        }
        return;
      case 'Secret':
        this.#hosts.markSecret(namespace, name);
        this.#markIngresses(this.#ingresses.usingSecret(namespace, name));
        return;
      case 'ConfigMap':
        if (this.#isConfigReference(namespace, name)) this.#isConfigDirty = true;
        this.#markIngresses(this.#ingresses.usingConfigMap(namespace, name));
        return;
      default:
        assertNever(kind);
    }
  }

  /** Whether this is the controller's ConfigMap or one that it names. */
  #isConfigReference(namespace: string, name: string): boolean {
    const { addHeaders, proxySetHeaders } = this.#config.config.routing.headerMaps;
    return [this.#options.configmap, addHeaders, proxySetHeaders].some((other) => other?.namespace === namespace && other.name === name);
  }

  #markIngresses(keys: Iterable<string>): void {
    for (const key of keys) this.#dirtyIngresses.add(key);
  }

  /** The settings to publish, if they changed. */
  #updateConfig(snapshot: Snapshot): Settings | undefined {
    if (!this.#isConfigDirty) return undefined;
    this.#isConfigDirty = false;
    const before = this.#config.config;
    const reading = this.#readConfig(snapshot);
    this.#config = reading;
    if (!isDeepStrictEqual(before.routing, reading.config.routing)) {
      this.#markIngresses(this.#ingresses.keys());
      this.#hosts.markAll();
    }
    const isSame = this.#isStarted && isDeepStrictEqual(before.settings, reading.config.settings);
    return isSame ? undefined : reading.config.settings;
  }

  #readConfig(snapshot: Snapshot): ConfigReading {
    const { configmap } = this.#options;
    const object = configmap === undefined ? undefined : snapshot.get('ConfigMap', configmap.namespace, configmap.name);
    const reading = withSnippets(
      withFirewallFinding(withHeaderMaps(readConfigMap(object, this.#options), object, snapshot), object),
      object,
    );
    if (configmap === undefined || object !== undefined) return reading;
    const flag = { origin: { kind: 'Flag', namespace: '', name: '--configmap' } };
    const message = `ConfigMap ${configmap.namespace}/${configmap.name} does not exist; defaults are used`;
    return { ...reading, findings: [finding('PRT-CONF-4', message, flag)] };
  }

  #updateClasses(snapshot: Snapshot): void {
    if (!this.#areClassesDirty) return;
    this.#areClassesDirty = false;
    this.#classFindings = [...findingsOfClasses(snapshot.list('IngressClass'), this.#options)];
    if (!this.#options.applyDefaultClass) return;
    const before = this.#defaultClass;
    this.#defaultClass = findDefaultClass(snapshot.list('IngressClass'));
    if (before?.controller === this.#defaultClass?.controller && before?.metadata.name === this.#defaultClass?.metadata.name) return;
    this.#markIngresses(this.#ingresses.withoutClassName());
  }

  #updateIngresses(snapshot: Snapshot): void {
    const { routing } = this.#config.config;
    const context = { snapshot, options: this.#options, routing, defaultClass: this.#defaultClass, userLists: this.#userLists };
    for (const key of this.#dirtyIngresses) {
      const { before, after } = this.#ingresses.update(key, context);
      this.#report.markIngress(key);
      this.#hosts.replaceIngress(before, after);
    }
    this.#dirtyIngresses.clear();
  }

  #updateRows(snapshot: Snapshot, settings: Settings | undefined): ModelDelta {
    const { missingProtections, ...routing } = this.#config.config.routing;
    const context = {
      snapshot,
      keyPairs: this.#keyPairs,
      clientTrust: this.#clientTrust,
      noAuthLocations: routing.noAuthLocations,
      upstreamSecrets: this.#upstreamSecretReader,
      options: this.#options,
      noTlsRedirectLocations: routing.noTlsRedirectLocations,
      proxySslLocationOnly: routing.proxySslLocationOnly,
      allowsCrossNamespace: routing.allowsCrossNamespace,
      statusAddresses: routing.statusAddresses,
      customHttpErrors: routing.customHttpErrors,
      passesBackendErrors: routing.passesBackendErrors,
      patterns: this.#patterns,
      redirectCode: routing.redirectCode,
      unownedAction: missingFirewallOf({}, routing.firewall) === 'refused' ? REFUSED : undefined,
      isEverythingRefused: missingProtections.length > 0,
    };
    const hosts: VirtualHost[] = [];
    const removedHosts: HostName[] = [];
    const changes = this.#hosts.translateMarked(context);
    for (const { name, before, after, row } of changes) {
      this.#report.markHost(name);
      this.#upstreams.replaceUses(name, before?.uses ?? [], after?.uses ?? []);
      this.#certificates.replaceUses(name, listOf(before?.certificate), listOf(after?.certificate));
      this.#upstreamSecrets.replaceUses(name, before?.upstreamSecrets ?? [], after?.upstreamSecrets ?? []);
      if (row !== undefined) hosts.push(row);
      else if (before !== undefined && after === undefined) removedHosts.push(name);
    }
    const derived = this.#derivedHosts.update(changes);
    const derivedNames = new Set(derived.rows.map((row) => row.name));
    const { rows: certificates, removed: removedCertificates } = this.#certificates.takeChanges();
    const { rows: upstreamSecrets, removed: removedUpstreamSecrets } = this.#upstreamSecrets.takeChanges();
    return {
      ...(settings !== undefined && { settings }),
      hosts: [...hosts, ...derived.rows],
      // A name may stop being that of a rule and be an alias from then on.
      removedHosts: [
        ...removedHosts.filter((name) => !derivedNames.has(name)),
        ...derived.removed.filter((name) => !removedHosts.includes(name)),
      ],
      ...this.#upstreams.translateMarked(snapshot, this.#options),
      certificates,
      removedCertificates,
      upstreamSecrets,
      removedUpstreamSecrets,
    };
  }
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
