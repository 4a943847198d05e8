// Gathers everything that translation found into the list of current diagnostics, on demand: most changes happen while nobody asks,
// and the look-up of lines reads texts again. What was looked up once is kept while its object is the same. What has nothing to tell is not
// looked at.
import type { Certificate, CertificateKey } from '../model/certificate.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { DerivedHosts } from './derived-hosts.ts';
import { finding, toDiagnostic } from './finding.ts';
import type { Finding, Subject } from './finding.ts';
import type { HostTable } from './host-table.ts';
import type { IngressTable } from './ingress-table.ts';
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

export class DiagnosticReport {
  readonly #nowMs: () => number;
  readonly #tables: Tables;
  readonly #known = new WeakMap<Finding, { readonly subject: Subject; readonly diagnostic: Diagnostic }>();
  readonly #useFindings = new WeakMap<UpstreamUse, { readonly problem: UpstreamProblem; readonly finding: Finding }>();
  #snapshot: Snapshot | undefined;
  #configFindings: readonly Finding[] = [];
  #current: readonly Diagnostic[] | undefined;

  constructor(nowMs: () => number, tables: Tables) {
    this.#nowMs = nowMs;
    this.#tables = tables;
  }

  /** Something was translated: the list is to be made anew when it is asked for. */
  reset(snapshot: Snapshot, configFindings: readonly Finding[]): void {
    this.#snapshot = snapshot;
    this.#configFindings = configFindings;
    this.#current = undefined;
  }

  diagnostics(): readonly Diagnostic[] {
    this.#current ??= this.#gather();
    return this.#current;
  }

  #gather(): readonly Diagnostic[] {
    const byText = new Map<string, Diagnostic>();
    for (const found of this.#findings()) {
      const diagnostic = this.#toDiagnostic(found);
      // Hosts of one Ingress find the same thing each: a missing Secret, a missing Service.
      byText.set(sortKey(diagnostic), diagnostic);
    }
    return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, diagnostic]) => diagnostic);
  }

  *#findings(): Iterable<Finding> {
    yield* this.#configFindings;
    yield* this.#tables.ingresses.findings();
    yield* this.#tables.hosts.findings();
    yield* this.#upstreamFindings();
    yield* this.#tables.derivedHosts.findings();
    yield* this.#tables.hosts.lonelyCanaryFindings();
    const nowMs = this.#nowMs();
    for (const { notAfterMs, origin } of this.#tables.certificates.rows()) {
      if (notAfterMs >= nowMs) continue;
      const message = `the certificate expired at ${new Date(notAfterMs).toISOString()}; it is shown all the same`;
      yield finding('PRT-TLS-4', message, { origin });
    }
  }

  *#upstreamFindings(): Iterable<Finding> {
    for (const { key, problem, hosts } of this.#tables.upstreams.problems()) {
      for (const host of hosts) {
        for (const use of this.#tables.hosts.get(host)?.uses ?? []) if (use.ref.key === key) yield this.#useFinding(use, problem);
      }
    }
  }

  #useFinding(use: UpstreamUse, problem: UpstreamProblem): Finding {
    const known = this.#useFindings.get(use);
    if (known?.problem === problem) return known.finding;
    const found = describeProblem(use, problem);
    this.#useFindings.set(use, { problem, finding: found });
    return found;
  }

  #toDiagnostic(found: Finding): Diagnostic {
    const subject = this.#currentSubject(found.subject);
    const known = this.#known.get(found);
    if (known?.subject === subject) return known.diagnostic;
    const diagnostic = toDiagnostic(found, subject);
    this.#known.set(found, { subject, diagnostic });
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

function sortKey({ origin, code, message }: Diagnostic): string {
  return [origin.kind, origin.namespace, origin.name, origin.field ?? '', code, message].join('\0');
}
