// What a balancer is: how the endpoints of one upstream are chosen where it is not round robin.
import type { LoadBalancing } from '../../model/policies/load-balancing.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { EwmaBalancer } from './ewma.ts';
import { HashBalancer } from './hash-balancer.ts';
import type { UpstreamEndpoint } from './upstream-group.ts';

/** The endpoint for one attempt of a request; `tried` have failed. Undefined: round robin decides. */
export type EndpointPicker = (tried: readonly UpstreamEndpoint[], nowMs: number) => UpstreamEndpoint | undefined;

export interface Balancer {
  /** The endpoints have changed. */
  setEndpoints(endpoints: readonly UpstreamEndpoint[]): void;
  /** Of a balancer that asks nothing of the request. */
  readonly pick?: EndpointPicker;
  /** Of one that does: what is needed of the request is read now, for its head is gone when an attempt has failed. */
  start?(request: PolicyRequest): EndpointPicker;
  /** An endpoint has answered after so many seconds. */
  onAnswer?(endpoint: UpstreamEndpoint, seconds: number, nowMs: number): void;
}

export function createBalancer(row: LoadBalancing): Balancer {
  return row.kind === 'ewma' ? new EwmaBalancer(Math.random) : new HashBalancer(row, Math.random);
}
