// What a replica in a cluster does beside carrying traffic: takes part in the election of a leader and, as the leader, writes the status of
// Ingresses and events about objects. Starts when traffic is carried, ends before the process does. Nothing here can disturb the traffic: what
// the API server refuses is a line of the log and a metric.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Ingress, Kind, KubernetesObject } from '../resources/objects.ts';
import type { ObjectChange, Snapshot } from '../resources/snapshot.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { formatApiError } from '../sources/cluster/api-error.ts';
import type { ObjectName } from '../translate/options.ts';
import { EventRecorder } from './events/event-recorder.ts';
import { configEvent, diagnosticEvent, syncEvent } from './events/object-event.ts';
import { LeaderElection, SoleLeader } from './leader-election.ts';
import { homeNamespace, type OwnPod, readOwnPod } from './own-pod.ts';
import type { ServeOptions } from './serve-options.ts';
import { findAddresses } from './status/addresses.ts';
import type { AddressSource } from './status/addresses.ts';
import { ControllerPods } from './status/controller-pods.ts';
import { StatusWriter } from './status/status-writer.ts';

/** As ingress-nginx. */
const SHORTEST_INTERVAL_MS = 5_000;
/** Everything that is written on the way out takes at most this long. */
const END_LIMIT_MS = 3_000;
/** Events vanish after an hour; a problem that stands is told again before that. */
const REPEAT_MS = 30 * 60_000;

/** The controller's view of the objects. */
export interface ServedObjects {
  readonly objects: Snapshot;
  isServed(ingress: Ingress): boolean;
}

export interface ClusterDutiesDeps {
  readonly client: ApiClient;
  readonly publisher: ServedObjects;
  readonly getDiagnostics: () => readonly Diagnostic[];
  readonly log: Logger;
}

export interface ClusterDuties {
  readonly isLeader: boolean;
  readonly statusCounts: { readonly written: number; readonly failed: number };
  readonly eventCounts: { readonly written: number; readonly failed: number; readonly dropped: number };
  /** Objects changed and were translated. */
  onChanges(changes: readonly ObjectChange[]): void;
  /** Diagnostics that were not there before. */
  onDiagnostics(found: readonly Diagnostic[]): void;
  start(): void;
  /** Takes a few seconds at most, whatever the API server does. */
  end(): Promise<void>;
}

export function createClusterDuties(options: ServeOptions, deps: ClusterDutiesDeps): ClusterDuties {
  const own = readOwnPod(process.env);
  return new Duties(options, deps, { namespace: homeNamespace(own), name: own.name });
}

class Duties implements ClusterDuties {
  readonly #options: ServeOptions;
  readonly #deps: ClusterDutiesDeps;
  /** Its namespace is the home namespace. */
  readonly #pod: OwnPod;
  readonly #leadership: LeaderElection | SoleLeader;
  readonly #events: EventRecorder;
  /** Undefined with `--update-status=false`. */
  readonly #status: StatusWriter | undefined;
  readonly #pods: ControllerPods;
  #repeat: NodeJS.Timeout | undefined;
  readonly statusCounts = { written: 0, failed: 0 };
  readonly eventCounts = { written: 0, failed: 0, dropped: 0 };

  constructor(options: ServeOptions, deps: ClusterDutiesDeps, pod: OwnPod) {
    const { client, log } = deps;
    this.#options = options;
    this.#deps = deps;
    this.#pod = pod;
    this.#pods = new ControllerPods(client, pod.namespace, pod.name);
    this.#leadership = options.disableLeaderElection ? new SoleLeader() : this.#createElection();
    const shared = { client, leadership: this.#leadership, onProblem: (message: string) => log.warn(message) };
    this.#events = new EventRecorder({
      ...shared,
      instance: pod.name,
      patienceMs: options.electionTtlMs * 2,
      nowMs: () => performance.now(),
      random: Math.random,
      counts: this.eventCounts,
    });
    if (!options.updateStatus) return;
    const source = addressSource(options);
    const getService = ({ namespace, name }: ObjectName) => deps.publisher.objects.get('Service', namespace, name);
    this.#status = new StatusWriter({
      ...shared,
      listIngresses: () => this.#servedIngresses(),
      findAddresses: (signal) => findAddresses(source, { getService, client, pods: this.#pods }, signal),
      intervalMs: Math.max(options.statusUpdateIntervalMs, SHORTEST_INTERVAL_MS),
      counts: this.statusCounts,
    });
  }

  get isLeader(): boolean {
    return this.#leadership.isLeader;
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      if (this.#concernsStatus(change)) this.#status?.schedule();
      const { before, after } = change;
      if (after?.kind === 'Ingress' && !this.#options.disableSyncEvents && this.#deps.publisher.isServed(after)) {
        this.#events.record(syncEvent(after));
      }
      if (after?.kind === 'ConfigMap' && isNamed(after, this.#options.configmap))
        this.#events.record(configEvent(after, before === undefined));
    }
  }

  onDiagnostics(found: readonly Diagnostic[]): void {
    for (const diagnostic of found) {
      if (diagnostic.severity === 'info') continue;
      const object = this.#find(diagnostic.origin);
      if (object !== undefined) this.#events.record(diagnosticEvent(diagnostic, object));
    }
  }

  start(): void {
    const { log, getDiagnostics } = this.#deps;
    const { statusUpdateIntervalMs } = this.#options;
    if (statusUpdateIntervalMs < SHORTEST_INTERVAL_MS) log.warn('--status-update-interval is too short: 5 seconds are used');
    if (this.#leadership instanceof LeaderElection) this.#leadership.start();
    this.#events.start();
    this.#status?.schedule(0);
    this.#repeat = setInterval(() => this.onDiagnostics(getDiagnostics()), REPEAT_MS).unref();
  }

  async end(): Promise<void> {
    const signal = AbortSignal.timeout(END_LIMIT_MS);
    clearInterval(this.#repeat);
    await this.#status?.close();
    await Promise.all([this.#clearStatus(signal), this.#events.close(signal)]);
    await this.#leadership.stop(signal);
  }

  #createElection(): LeaderElection {
    const { client, log } = this.#deps;
    const { electionId, electionTtlMs } = this.#options;
    const { namespace, name: pod } = this.#pod;
    const identity = pod === '' ? `${hostname()}-${process.pid}` : pod;
    if (pod === '') log.warn(`POD_NAME is not set: in the election of a leader in the namespace ${namespace} this replica is ${identity}`);
    return new LeaderElection({
      client,
      namespace,
      name: electionId,
      identity,
      ttlMs: electionTtlMs,
      nowMs: () => performance.now(),
      random: Math.random,
      onChange: (isLeader) => {
        log.info(isLeader ? `${identity} leads: it writes status and events` : `${identity} does not lead any more`);
        if (isLeader) this.#status?.schedule(0);
      },
      onError: (error) => log.warn(`the Lease ${namespace}/${electionId}: ${formatApiError(error)}`),
    });
  }

  *#servedIngresses(): Generator<Ingress, void, void> {
    const { publisher } = this.#deps;
    for (const ingress of publisher.objects.list('Ingress')) if (publisher.isServed(ingress)) yield ingress;
  }

  async #clearStatus(signal: AbortSignal): Promise<void> {
    const { updateStatusOnShutdown } = this.#options;
    if (this.#status === undefined || !updateStatusOnShutdown || !this.isLeader) return;
    const isLast = await this.#pods.isLast(signal);
    if (!isLast.ok) this.#deps.log.warn(`the addresses stay in the status of Ingresses: ${isLast.error}`);
    else if (isLast.value) await this.#status.clear(signal);
  }

  #concernsStatus({ kind, namespace, name }: ObjectChange): boolean {
    const { publishService } = this.#options;
    if (kind === 'Service') return publishService?.namespace === namespace && publishService.name === name;
    return kind === 'Ingress' || kind === 'IngressClass' || kind === 'Namespace' || kind === 'ConfigMap';
  }

  /** The object that a diagnostic is about; events of kinds without a namespace would stand where nobody looks. */
  #find({ kind, namespace, name }: Diagnostic['origin']): KubernetesObject | undefined {
    if (namespace === '' || !isEventful(kind)) return undefined;
    return this.#deps.publisher.objects.get(kind, namespace, name);
  }
}

function addressSource({ publishService, publishStatusAddress, reportNodeInternalIp }: ServeOptions): AddressSource {
  if (publishStatusAddress.length > 0) return { kind: 'fixed', addresses: publishStatusAddress };
  if (publishService !== undefined) return { kind: 'service', service: publishService };
  return { kind: 'nodes', prefersInternal: reportNodeInternalIp };
}

function isNamed({ metadata }: KubernetesObject, wanted: ObjectName | undefined): boolean {
  return wanted !== undefined && metadata.namespace === wanted.namespace && metadata.name === wanted.name;
}

const eventfulKinds: ReadonlySet<string> = new Set<Kind>(['Ingress', 'Service', 'EndpointSlice', 'Secret', 'ConfigMap']);

function isEventful(kind: string): kind is Kind {
  return eventfulKinds.has(kind);
}
