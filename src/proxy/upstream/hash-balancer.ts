// `upstream-hash-by`: requests with the same key go to the same endpoint, or to the same few of them.
import type { LoadBalancing } from '../../model/policies/load-balancing.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { compileTemplate, type ExpandTemplate } from '../policies/variables.ts';
import type { Balancer, EndpointPicker } from './balancer.ts';
import { HashRing } from './hash-ring.ts';
import type { UpstreamEndpoint } from './upstream-group.ts';

type Group = readonly UpstreamEndpoint[];

export class HashBalancer implements Balancer {
  readonly #expand: ExpandTemplate;
  readonly #subsetSize: number | undefined;
  readonly #random: () => number;
  /** Each endpoint alone, or the subsets. */
  #groups: readonly Group[] = [];
  #ring: HashRing | undefined;

  /** `random` in [0, 1). */
  constructor(row: Extract<LoadBalancing, { kind: 'hash' }>, random: () => number) {
    this.#expand = compileTemplate(row.key);
    this.#subsetSize = row.subsetSize;
    this.#random = random;
  }

  setEndpoints(endpoints: readonly UpstreamEndpoint[]): void {
    this.#groups = this.#subsetSize === undefined ? endpoints.map((endpoint) => [endpoint]) : subsetsOf(endpoints, this.#subsetSize);
    // Made for the first request: endpoints may change many times before.
    this.#ring = undefined;
  }

  start(request: PolicyRequest): EndpointPicker {
    const ring = (this.#ring ??= this.#createRing());
    const groups = this.#groups;
    const key = this.#expand(request);
    return (tried) => {
      const isUsedUp = (index: number): boolean => groups[index]?.every((endpoint) => tried.includes(endpoint)) ?? true;
      const index = tried.length === 0 ? ring.find(key) : ring.findExcept(key, isUsedUp);
      return this.#pickOf(groups[index] ?? [], tried);
    };
  }

  #createRing(): HashRing {
    // ingress-nginx hashes the numbers of subsets, the addresses of endpoints.
    return new HashRing(this.#groups.map((group, index) => (this.#subsetSize === undefined ? (group[0]?.label ?? '') : `set${index + 1}`)));
  }

  #pickOf(group: Group, tried: readonly UpstreamEndpoint[]): UpstreamEndpoint | undefined {
    const usable = tried.length === 0 ? group : group.filter((endpoint) => !tried.includes(endpoint));
    return usable.length === 1 ? usable[0] : usable[Math.floor(this.#random() * usable.length)];
  }
}

/** ingress-nginx: as many subsets of this size as are needed, the last one filled up with the first endpoints. */
function subsetsOf(endpoints: readonly UpstreamEndpoint[], size: number): readonly Group[] {
  const count = Math.ceil(endpoints.length / size);
  return Array.from({ length: count }, (_, subset) => {
    const members = Array.from({ length: size }, (__, place) => endpoints[(subset * size + place) % endpoints.length]);
    return members.filter((endpoint) => endpoint !== undefined);
  });
}
