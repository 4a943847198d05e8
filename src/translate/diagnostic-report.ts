// Everything that there is to say about the objects now. Translation finds things for an Ingress, a host or an upstream at a time; each of these is a
// unit here, and only the units that were translated are looked at again, when somebody asks: most changes happen while nobody does, and the look-up of
// lines reads texts again. What stands costs nothing until somebody wants to see all of it.
// Invariant: after `#refresh`, `#standing` holds what a fresh translation of the snapshot would find.
import type { Certificate, CertificateKey } from '../model/certificate.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { HostName } from '../model/route.ts';
import type { UpstreamKey } from '../model/upstream.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { DerivedHosts } from './derived-hosts.ts';
import { finding, toDiagnostic } from './finding.ts';
import type { Finding, Subject } from './finding.ts';
import type { HostTable } from './host-table.ts';
import type { IngressKey, IngressTable } from './ingress-table.ts';
import type { UpstreamUse } from './ingress/upstream-use.ts';
import type { SharedRows } from './shared-rows.ts';
import type { UpstreamTable } from './upstream-table.ts';
import type { UpstreamProblem } from './upstream.ts';

interface Tables {
  readonly ingresses: IngressTable;
  readonly hosts: HostTable;
  readonly derivedHosts: DerivedHosts;
  readonly upstreams: UpstreamTable;
  readonly certificates: SharedRows<CertificateKey, Certificate>;
}

/** Units found the same thing so many times: a missing Secret in each host of an Ingress. */
interface Standing {
  finding: Finding;
  count: number;
  /** As it was told last; its line may be an older one. */
  diagnostic: Diagnostic | undefined;
}

/** What has no unit of its own: settings, classes, and what hosts are to each other. Little, and looked at each time. */
const REST = '';

export class DiagnosticReport {
  readonly #nowMs: () => number;
  readonly #tables: Tables;
  readonly #known = new WeakMap<Finding, { readonly subject: Subject; readonly diagnostic: Diagnostic }>();
  readonly #expired = new WeakMap<Certificate, Finding>();
  /** Units to look at again; the empty one stands for the rest. */
  readonly #marked = { ingresses: new Set<IngressKey>(), hosts: new Set<HostName>() };
  #isRestMarked = true;
  /** Of units that found something. */
  readonly #units = new Map<string, readonly Finding[]>();
  readonly #standing = new Map<string, Standing>();
  /** Of `#standing`: not there when `takeNew` was called last. */
  readonly #new = new Set<string>();
  /** There when `takeNew` was called last, and not any more. */
  readonly #gone = new Set<string>();
  #snapshot: Snapshot | undefined;
  #configFindings: readonly Finding[] = [];
  #sorted: readonly Diagnostic[] | undefined;

  constructor(nowMs: () => number, tables: Tables) {
    this.#nowMs = nowMs;
    this.#tables = tables;
  }

  markIngress(key: IngressKey): void {
    this.#marked.ingresses.add(key);
  }

  markHost(name: HostName): void {
    this.#marked.hosts.add(name);
  }

  /** Something was translated. */
  reset(snapshot: Snapshot, configFindings: readonly Finding[]): void {
    this.#snapshot = snapshot;
    this.#configFindings = configFindings;
    this.#isRestMarked = true;
    this.#sorted = undefined;
  }

  /** All, sorted by object. Takes time proportional to them. */
  diagnostics(): readonly Diagnostic[] {
    if (this.#sorted !== undefined) return this.#sorted;
    this.#refresh();
    const sorted = [...this.#standing].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#sorted = sorted.map(([, standing]) => this.#toDiagnostic(standing));
    return this.#sorted;
  }

  /** All, in no order and without a look at lines that moved. */
  standing(): readonly Diagnostic[] {
    this.#refresh();
    return Array.from(this.#standing.values(), (standing) => standing.diagnostic ?? this.#toDiagnostic(standing));
  }

  /** Those that were not there at the last call, sorted by object. Takes time proportional to what was translated since. */
  takeNew(): readonly Diagnostic[] {
    this.#refresh();
    const keys = [...this.#new].sort();
    this.#new.clear();
    this.#gone.clear();
    return keys.flatMap((key) => {
      const standing = this.#standing.get(key);
      return standing === undefined ? [] : [this.#toDiagnostic(standing)];
    });
  }

  #refresh(): void {
    if (!this.#isRestMarked) return;
    const { ingresses, hosts, upstreams } = this.#tables;
    const gone: Finding[] = [];
    const found: Finding[] = [];
    const replace = (unit: string, after: readonly Finding[]): void => {
      gone.push(...(this.#units.get(unit) ?? []));
      found.push(...after);
      if (after.length === 0) this.#units.delete(unit);
      else this.#units.set(unit, after);
    };
    for (const key of this.#marked.ingresses) replace(`Ingress ${key}`, ingresses.findingsOf(key));
    for (const name of this.#marked.hosts) replace(`host ${name}`, hosts.get(name)?.findings ?? []);
    for (const key of upstreams.takeTouched()) replace(`upstream ${key}`, [...this.#upstreamFindings(key)]);
    replace(REST, [...this.#rest()]);
    this.#marked.ingresses.clear();
    this.#marked.hosts.clear();
    this.#isRestMarked = false;
    this.#count(gone, found);
  }

  /** What comes is counted first, so that what goes and comes again is not new. */
  #count(gone: readonly Finding[], found: readonly Finding[]): void {
    for (const one of found) {
      const key = sortKey(one);
      const standing = this.#standing.get(key);
      if (standing === undefined) {
        this.#standing.set(key, { finding: one, count: 1, diagnostic: undefined });
        if (!this.#gone.delete(key)) this.#new.add(key);
      } else {
        standing.finding = one;
        standing.diagnostic = undefined;
        standing.count++;
      }
    }
    for (const one of gone) {
      const key = sortKey(one);
      const standing = this.#standing.get(key);
      if (standing === undefined || --standing.count > 0) continue;
      this.#standing.delete(key);
      if (!this.#new.delete(key)) this.#gone.add(key);
    }
  }

  *#rest(): Iterable<Finding> {
    yield* this.#configFindings;
    yield* this.#tables.derivedHosts.findings();
    yield* this.#tables.hosts.lonelyCanaryFindings();
    const nowMs = this.#nowMs();
    for (const certificate of this.#tables.certificates.rows()) if (certificate.notAfterMs < nowMs) yield this.#expiredFinding(certificate);
  }

  #expiredFinding(certificate: Certificate): Finding {
    const known = this.#expired.get(certificate);
    if (known !== undefined) return known;
    const { notAfterMs, origin } = certificate;
    const message = `the certificate expired at ${new Date(notAfterMs).toISOString()}; it is shown all the same`;
    const found = finding('PRT-TLS-4', message, { origin });
    this.#expired.set(certificate, found);
    return found;
  }

  *#upstreamFindings(key: UpstreamKey): Iterable<Finding> {
    const { upstreams, hosts } = this.#tables;
    const problem = upstreams.problemOf(key);
    if (problem === undefined) return;
    for (const host of upstreams.hostsOf(key)) {
      for (const use of hosts.get(host)?.uses ?? []) if (use.ref.key === key) yield describeProblem(use, problem);
    }
  }

  #toDiagnostic(standing: Standing): Diagnostic {
    const { finding: found } = standing;
    const subject = this.#currentSubject(found.subject);
    const known = this.#known.get(found);
    const diagnostic = known?.subject === subject ? known.diagnostic : toDiagnostic(found, subject);
    if (diagnostic !== known?.diagnostic) this.#known.set(found, { subject, diagnostic });
    standing.diagnostic = diagnostic;
    return diagnostic;
  }

  /** An object that moved in its file without changing is replaced in the store, and only the new one knows its line. */
  #currentSubject(subject: Subject): Subject {
    const { kind, namespace, name } = subject.origin;
    switch (kind) {
      case 'Ingress':
      case 'ConfigMap':
      case 'Secret':
        return this.#snapshot?.get(kind, namespace, name) ?? subject;
      default:
        return subject;
    }
  }
}

function describeProblem({ ref, subject, fields, user }: UpstreamUse, problem: UpstreamProblem): Finding {
  if (subject.origin.kind === 'Flag') return finding('PRT-CONF-5', `${problem.message}; the built-in 404 answers`, subject);
  if (ref.port.kind === 'first')
    return finding(problem.code, `${problem.message}: it cannot stand in for Services without endpoints`, subject, fields?.name);
  const consequence = user?.canary === undefined ? 'the path answers 503' : 'the canary takes no requests';
  return finding(problem.code, `${problem.message}: ${consequence}`, subject, problem.code === 'PRT-RULE-4' ? fields?.port : fields?.name);
}

function sortKey({ subject: { origin }, field, code, message }: Finding): string {
  return [origin.kind, origin.namespace, origin.name, field ?? origin.field ?? '', code, message].join('\0');
}
