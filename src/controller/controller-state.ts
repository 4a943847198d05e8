// What the metrics page shows of the controller, gathered when somebody scrapes.
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AdmissionMetrics, ControllerState } from '../observe/metrics-page.ts';
import type { ClusterSource } from '../sources/cluster/cluster-source.ts';
import type { ClusterDuties } from './cluster-duties.ts';
import type { Publisher } from './publisher.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ControllerStateParts {
  readonly pool: WorkerPool;
  readonly publisher: Publisher;
  readonly diagnostics: readonly Diagnostic[];
  readonly logLinesDropped: number;
  readonly spans: ControllerState['spans'];
  /** Undefined where objects come from manifests. */
  readonly cluster: ClusterSource | undefined;
  /** Undefined where objects come from manifests. */
  readonly duties: ClusterDuties | undefined;
  /** Undefined where it is off. */
  readonly admission: AdmissionMetrics | undefined;
  /** Of the Lease. */
  readonly electionId: string;
}

export function readControllerState(parts: ControllerStateParts): ControllerState {
  const { pool, publisher, diagnostics, logLinesDropped, spans, cluster, duties, admission, electionId } = parts;
  // Without other replicas there is no election: this one leads.
  const isLeader = duties?.isLeader ?? true;
  return {
    configHash: pool.version,
    isLastChangeApplied: publisher.isUpToDate,
    lastAppliedAtMs: publisher.lastAppliedAtMs,
    appliedChanges: publisher.appliedChanges,
    failedChanges: 0,
    tableVersion: pool.version,
    openConnections: pool.connectionCount.total,
    logLinesDropped,
    spans,
    diagnostics,
    // As ingress-nginx, so that each is told once and not by every replica.
    certificates: isLeader ? listCertificates(pool) : [],
    orphans: listOrphans(diagnostics),
    leader: { name: electionId, isLeader },
    ...(cluster === undefined ? {} : { apiServer: cluster }),
    ...(duties === undefined ? {} : { writes: { status: duties.statusCounts, events: duties.eventCounts } }),
    ...(admission === undefined ? {} : { admission }),
    eventLoops: pool.eventLoops(),
  };
}

function listCertificates({ model }: WorkerPool): ControllerState['certificates'] {
  const shown = [];
  for (const { name, tls } of model.hosts.values()) {
    const certificate = tls.kind === 'certificate' ? model.certificates.get(tls.certificate) : undefined;
    if (certificate !== undefined) shown.push({ host: name, certificate });
  }
  return shown;
}

function listOrphans(diagnostics: readonly Diagnostic[]): ControllerState['orphans'] {
  const orphans: ControllerState['orphans'][number][] = [];
  for (const { code, origin } of diagnostics) {
    if (origin.kind !== 'Ingress') continue;
    const { namespace, name: ingress } = origin;
    if (code === 'PRT-RULE-3' || code === 'PRT-RULE-4') orphans.push({ namespace, ingress, type: 'no-service' });
    else if (code === 'PRT-RULE-5') orphans.push({ namespace, ingress, type: 'no-endpoint' });
  }
  return orphans;
}
