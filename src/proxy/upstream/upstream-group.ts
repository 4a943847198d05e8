// The endpoints of one upstream in one worker: round robin, passive ejection and the idle connections of each endpoint. A group lives as
// long as a route may refer to it and changes in place, so that a change of endpoints touches no route.
import type { UpstreamSecret, UpstreamSecretKey, UpstreamTls } from '../../model/upstream-tls.ts';
import type { Endpoint, Upstream, UpstreamKey } from '../../model/upstream.ts';
import type { UpstreamConnection } from '../http1/upstream-connection.ts';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import type { LoadBalancing } from '../../model/policies/load-balancing.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { startAffinity } from '../policies/cookie-affinity.ts';
import { type Balancer, createBalancer, type EndpointPicker } from './balancer.ts';
import { backendIdOf, StickyEndpoints } from './sticky-endpoints.ts';
import { UpstreamTlsDialler } from './upstream-tls.ts';

/** An endpoint that refuses this many connections in a row is left alone for a while (Envoy's `consecutive_local_origin_failure`). */
const REFUSALS_BEFORE_EJECTION = 5;
/** First pause; doubles with every further refusal. */
const EJECTION_MS = 1000;
const MAX_EJECTION_MS = 30_000;

/** One endpoint with its idle connections. */
export class UpstreamEndpoint {
  readonly address: string;
  readonly port: number;
  /** `address:port`, IPv6 in brackets: for the log. */
  readonly label: string;
  /** The idle connection that was used last; it knows the next. Last in, first out: the warmest connection is used, the others age. */
  idle: UpstreamConnection | undefined;
  /** True once the endpoint has left the Service: its connections are not used again. */
  isDraining = false;
  #refusals = 0;
  #ejectedUntilMs = 0;

  constructor(endpoint: Endpoint) {
    this.address = endpoint.address;
    this.port = endpoint.port;
    this.label = endpoint.address.includes(':') ? `[${endpoint.address}]:${endpoint.port}` : `${endpoint.address}:${endpoint.port}`;
  }

  isEjected(nowMs: number): boolean {
    return this.#ejectedUntilMs > nowMs;
  }

  /** A connection was refused or timed out. */
  noteRefusal(nowMs: number): void {
    this.#refusals++;
    const excess = this.#refusals - REFUSALS_BEFORE_EJECTION;
    if (excess >= 0) this.#ejectedUntilMs = nowMs + Math.min(EJECTION_MS * 2 ** Math.min(excess, 10), MAX_EJECTION_MS);
  }

  noteConnected(): void {
    this.#refusals = 0;
    this.#ejectedUntilMs = 0;
  }
}

export class UpstreamGroup {
  readonly key: UpstreamKey;
  /** `namespace-service-port`. */
  name: string;
  endpoints: readonly UpstreamEndpoint[] = [];
  /** Idle connections over all endpoints, bounded by `upstream-keepalive-connections`. */
  idleCount = 0;
  /** Undefined: plain TCP. */
  tls: UpstreamTlsDialler | undefined;
  affinity: CookieAffinity | undefined;
  balancer: Balancer | undefined;
  #loadBalancing: LoadBalancing | undefined;
  #sticky: StickyEndpoints | undefined;
  #backendId: string | undefined;
  #next: number;

  /** `random` in [0, 1): where round robin starts, so that workers and replicas do not march in step. */
  constructor(key: UpstreamKey, random: number) {
    this.key = key;
    this.name = '';
    this.#next = Math.floor(random * 0x40000000);
  }

  /** Takes over the model's row. Endpoints that stay keep their connections; those that go are drained. */
  update(upstream: Upstream, secrets: ReadonlyMap<UpstreamSecretKey, UpstreamSecret>): void {
    this.name = upstream.name;
    // All TLS settings are in the key: only the Secret can have changed.
    if (upstream.tls !== undefined && this.tls === undefined) this.tls = createDialler(upstream.tls, secrets);
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.label, endpoint]));
    this.endpoints = upstream.endpoints.map((row) => {
      const endpoint = new UpstreamEndpoint(row);
      const known = before.get(endpoint.label);
      before.delete(endpoint.label);
      return known ?? endpoint;
    });
    for (const gone of before.values()) drain(gone);
    this.affinity = upstream.affinity;
    if (JSON.stringify(upstream.loadBalancing) !== JSON.stringify(this.#loadBalancing)) {
      this.#loadBalancing = upstream.loadBalancing;
      this.balancer = upstream.loadBalancing === undefined ? undefined : createBalancer(upstream.loadBalancing);
    }
    this.#onEndpointsChange();
  }

  /** What affinity cookies of this upstream say about who gave them. */
  get backendId(): string {
    return (this.#backendId ??= backendIdOf(this.name));
  }

  get sticky(): StickyEndpoints {
    return (this.#sticky ??= new StickyEndpoints(this.name, this.endpoints, Math.random));
  }

  /** True: how the endpoint is chosen depends on the request (`startPicking`). */
  get asksRequest(): boolean {
    return this.affinity !== undefined || this.balancer?.start !== undefined;
  }

  /** How the endpoint is chosen, of an upstream that does not ask the request; undefined: round robin. */
  get pickAlone(): EndpointPicker | undefined {
    return this.balancer?.pick;
  }

  /** How the endpoint of a request is chosen; undefined: round robin. Affinity goes before balancing. */
  startPicking(request: PolicyRequest): EndpointPicker | undefined {
    if (this.affinity !== undefined) return startAffinity(request, this, this.affinity);
    return this.balancer?.start?.(request) ?? this.balancer?.pick;
  }

  /** Secrets were replaced: if one of them is this upstream's, no connection that was made with the old one is used again. */
  refreshTls(secrets: ReadonlyMap<UpstreamSecretKey, UpstreamSecret>): void {
    const { tls } = this;
    if (tls?.row.secret === undefined || tls.secret === secrets.get(tls.row.secret)) return;
    this.tls = createDialler(tls.row, secrets);
    const before = this.endpoints;
    this.endpoints = before.map((endpoint) => new UpstreamEndpoint(endpoint));
    for (const endpoint of before) drain(endpoint);
    this.#onEndpointsChange();
  }

  #onEndpointsChange(): void {
    this.#sticky = undefined;
    this.#backendId = undefined;
    this.balancer?.setEndpoints(this.endpoints);
  }

  /** The upstream is not referred to any more. */
  close(): void {
    for (const endpoint of this.endpoints) drain(endpoint);
    this.endpoints = [];
  }

  /**
   * The next endpoint by round robin that was not tried yet and is not ejected; else one that is ejected; else one that was tried, as
   * nginx's balancer in ingress-nginx does. Undefined: there is none.
   */
  pick(nowMs: number, tried: readonly UpstreamEndpoint[]): UpstreamEndpoint | undefined {
    const { endpoints } = this;
    const count = endpoints.length;
    if (count === 0) return undefined;
    let ejected: UpstreamEndpoint | undefined;
    let triedBefore: UpstreamEndpoint | undefined;
    for (let i = 0; i < count; i++) {
      const endpoint = endpoints[this.#next++ % count];
      if (endpoint === undefined) continue;
      if (tried.length > 0 && tried.includes(endpoint)) triedBefore ??= endpoint;
      else if (!endpoint.isEjected(nowMs)) return endpoint;
      else ejected ??= endpoint;
    }
    return ejected ?? triedBefore;
  }
}

function createDialler(row: UpstreamTls, secrets: ReadonlyMap<UpstreamSecretKey, UpstreamSecret>): UpstreamTlsDialler {
  return new UpstreamTlsDialler(row, row.secret === undefined ? undefined : secrets.get(row.secret));
}

function drain(endpoint: UpstreamEndpoint): void {
  endpoint.isDraining = true;
  // Closing takes a connection off the list.
  while (endpoint.idle !== undefined) endpoint.idle.close();
}
