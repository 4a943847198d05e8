// From a batch of changed objects to tables that serve: store, translation, publication, acknowledgement. One batch at a time, in order.
import type { Diagnostic } from '../model/diagnostic.ts';
import { isEmptyDelta, type ModelDelta } from '../model/delta.ts';
import type { Upstream } from '../model/upstream.ts';
import { DurationHistogram } from '../observe/duration-histogram.ts';
import type { Ingress } from '../resources/objects.ts';
import type { ObjectChange, Snapshot } from '../resources/snapshot.ts';
import type { ResourceStore } from '../resources/store.ts';
import type { SourceBatch } from '../sources/source.ts';
import type { AdmissionVerdict } from '../translate/admission.ts';
import type { Translator } from '../translate/translator.ts';
import { DiagnosticList } from './diagnostic-list.ts';
import { ExternalNames, lookupHost } from './external-names.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface PublisherDeps {
  readonly store: ResourceStore;
  readonly translator: Translator;
  readonly pool: WorkerPool;
  /** Objects changed; what they mean is known. */
  readonly onChanges: (changes: readonly ObjectChange[]) => void;
  /** What there is to say about the objects may have changed; asked for by `takeNewDiagnostics` when there is time. */
  readonly onReport: () => void;
  /** Ports that Portico itself listens on: ExternalNames must not lead to them. */
  readonly ownPorts: readonly number[];
  /** Those of them that carry no traffic: nothing must lead to them. */
  readonly adminPorts: readonly number[];
  readonly onResolveError: (host: string, error: Error) => void;
}

export class Publisher {
  /** From the moment a change was noticed until every worker serves it. */
  readonly propagation = new DurationHistogram();
  appliedChanges = 0;
  lastAppliedAtMs = 0;
  readonly #deps: PublisherDeps;
  readonly #externalNames: ExternalNames;
  /** Version -> when its change was noticed. */
  readonly #underWay = new Map<number, number>();
  readonly #sourceDiagnostics = new DiagnosticList();
  #hasRemovals = false;
  /** `forgetRemoved` came too early. */
  #isForgettingDue = false;
  #isStarted = false;
  /** What waits for the first addresses of a name, in order. */
  #held: { readonly delta: ModelDelta; readonly noticedAtMs: number }[] = [];

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#externalNames = new ExternalNames({
      lookup: lookupHost,
      ownPorts: deps.ownPorts,
      adminPorts: deps.adminPorts,
      onChange: (upstreams) => this.#send(deltaOfUpstreams(upstreams), performance.now()),
      onError: deps.onResolveError,
    });
  }

  /** Takes a batch of the source over and publishes what it changes. */
  take(batch: SourceBatch): void {
    const { noticedAtMs } = batch;
    const { store, translator } = this.#deps;
    const changes = store.apply(batch.changes);
    const isFirst = !this.#isStarted;
    this.#isStarted = true;
    this.#sourceDiagnostics.replace(batch.diagnostics);
    if (changes.length > 0 || isFirst) {
      const { delta } = translator.translate(store, isFirst ? 'all' : changes);
      if (isFirst || !isEmptyDelta(delta)) this.#send(this.#externalNames.apply(delta), noticedAtMs);
      this.#hasRemovals ||= changes.some((change) => change.after === undefined) || delta.removedHosts.length > 0;
      this.#deps.onChanges(changes);
    }
    this.#deps.onReport();
  }

  /** All that there is to say now. Takes time proportional to it. */
  standingDiagnostics(): readonly Diagnostic[] {
    return [...this.#sourceDiagnostics.current, ...(this.#isStarted ? this.#deps.translator.standingDiagnostics() : [])];
  }

  /** What there is to say now and was not at the last call. Takes time proportional to what changed. */
  takeNewDiagnostics(): readonly Diagnostic[] {
    return [...this.#sourceDiagnostics.takeNew(), ...(this.#isStarted ? this.#deps.translator.takeNewDiagnostics() : [])];
  }

  /** As of the last batch. */
  get objects(): Snapshot {
    return this.#deps.store;
  }

  /** What admission says about an Ingress that somebody wants to write. */
  check(ingress: Ingress): AdmissionVerdict {
    const { store, translator } = this.#deps;
    return translator.check(ingress, store);
  }

  /** Whether `check` looks at this Ingress. */
  isOurs(ingress: Ingress): boolean {
    const { store, translator } = this.#deps;
    return translator.isOurs(ingress, store);
  }

  isServed({ metadata }: Ingress): boolean {
    return this.#deps.translator.isServed(metadata.namespace, metadata.name);
  }

  onApplied(version: number): void {
    for (const [published, noticedAtMs] of this.#underWay) {
      if (published > version) break;
      this.#underWay.delete(published);
      this.appliedChanges++;
      this.propagation.observe((performance.now() - noticedAtMs) / 1000);
    }
    this.lastAppliedAtMs = Date.now();
    if (this.#isForgettingDue) this.forgetRemoved();
  }

  get isUpToDate(): boolean {
    return this.#underWay.size === 0 && this.#held.length === 0;
  }

  /** Removes the metrics of hosts and Ingresses that are gone; for when there is time. While workers still serve them, it is put off. */
  forgetRemoved(): void {
    if (!this.#hasRemovals) return;
    this.#isForgettingDue = !this.isUpToDate;
    if (this.#isForgettingDue) return;
    this.#hasRemovals = false;
    const { store, pool } = this.#deps;
    const hosts: ReadonlyMap<string, unknown> = pool.model.hosts;
    pool.requests.retain(({ host, namespace, ingress }) => {
      const hasHost = host === '' || hosts.has(host);
      return hasHost && (ingress === '' || store.get('Ingress', namespace, ingress) !== undefined);
    });
  }

  close(): void {
    this.#externalNames.close();
  }

  /** Publishes at once, or behind what waits for the addresses of a new ExternalName (for a bounded time). */
  #send(delta: ModelDelta, noticedAtMs: number): void {
    const answered = this.#held.length > 0 ? undefined : this.#externalNames.whenAnswered();
    if (this.#held.length === 0 && answered === undefined) return this.#publish(delta, noticedAtMs);
    this.#held.push({ delta, noticedAtMs });
    void answered?.then(() => this.#publishHeld());
  }

  #publishHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const { delta, noticedAtMs } of held) this.#publish(this.#externalNames.fill(delta), noticedAtMs);
  }

  #publish(delta: ModelDelta, noticedAtMs: number): void {
    this.#underWay.set(this.#deps.pool.publish(delta), noticedAtMs);
  }
}

function deltaOfUpstreams(upstreams: readonly Upstream[]): ModelDelta {
  return {
    hosts: [],
    removedHosts: [],
    upstreams,
    removedUpstreams: [],
    certificates: [],
    removedCertificates: [],
    upstreamSecrets: [],
    removedUpstreamSecrets: [],
  };
}
