// Adds the canaries of one host to the routes of their main Ingresses: a canary belongs to the route with the same path and path type as
// its own rule says (where ImplementationSpecific is Prefix), that of a catch-all Ingress to the catch-all route. A rule for Prefix `/` also
// finds a spec.defaultBackend that answers there. A canary never makes a host or a route.
import type { Canary } from '../../model/policies/canary.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { HostName, Route } from '../../model/route.ts';
import type { IngressBackend } from '../../resources/objects.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { defaultBackendField, defaultBackendFields, pathFields } from './field-names.ts';
import type { ServiceFields } from './field-names.ts';
import type { Transport } from './host-transport.ts';
import { hostOfRule } from './served-ingress.ts';
import type { ServedIngress } from './served-ingress.ts';
import { useBackend } from './upstream-use.ts';
import type { UpstreamUse } from './upstream-use.ts';

export interface CanaryInput {
  readonly name: HostName;
  /** Both oldest first. */
  readonly ingresses: readonly ServedIngress[];
  readonly canaries: readonly ServedIngress[];
  /** Changed in place. */
  readonly routes: Map<string, Route>;
  readonly transportOf: (served: ServedIngress) => Transport;
}

export interface CanaryReading {
  readonly uses: readonly UpstreamUse[];
  readonly findings: readonly Finding[];
}

/** A rule path, or `spec.defaultBackend` on the catch-all host. */
interface Place {
  /** Path type and path. */
  readonly key: string;
  readonly field: string;
  readonly service: ServiceFields;
  readonly backend: IngressBackend;
}

interface Main {
  readonly served: ServedIngress;
  readonly field: string;
}

interface MadeCanary {
  readonly row: Canary;
  readonly uses: readonly UpstreamUse[];
}

const ROOT_KEY = 'Prefix /';

export function attachCanaries(input: CanaryInput): CanaryReading {
  return new CanaryAttachment(input).run();
}

class CanaryAttachment {
  readonly #input: CanaryInput;
  readonly #mains = new Map<string, Main>();
  readonly #uses: UpstreamUse[] = [];
  readonly #findings: Finding[] = [];

  constructor(input: CanaryInput) {
    this.#input = input;
    for (const served of input.ingresses) {
      for (const { key, field } of placesOf(served, input.name)) {
        if (!this.#mains.has(key)) this.#mains.set(key, { served, field });
      }
    }
  }

  run(): CanaryReading {
    for (const canary of this.#input.canaries) {
      for (const place of placesOf(canary, this.#input.name)) this.#attach(canary, place);
    }
    return { uses: this.#uses, findings: this.#findings };
  }

  #attach(canary: ServedIngress, place: Place): void {
    const main = this.#mains.get(place.key) ?? (place.key === ROOT_KEY ? this.#mainOfRoot() : undefined);
    const routes = main === undefined ? [] : this.#routesOf(main.served, main.field);
    if (main === undefined || routes.length === 0) {
      return this.#report(canary, place, 'no Ingress without annotation canary has a route for this host, path and path type');
    }
    const made = this.#makeCanary(canary, place, this.#input.transportOf(main.served));
    // What is refused or answered otherwise stays as it is.
    const forwarding = routes.filter(({ action }) => action.kind === 'forward');
    if (made === undefined || forwarding.length === 0) return;
    const { row, uses } = made;
    if (forwarding.some(({ policies }) => policies.canary !== undefined)) {
      return this.#report(canary, place, 'an older canary has this path already');
    }
    if (forwarding.some(({ action }) => action.kind === 'forward' && action.upstream === row.upstream)) {
      return this.#report(canary, place, 'its Service port is that of the main Ingress');
    }
    for (const route of forwarding) this.#input.routes.set(route.id, { ...route, policies: { ...route.policies, canary: row } });
    this.#uses.push(...uses);
  }

  /** The Ingress whose spec.defaultBackend takes what no rule takes. */
  #mainOfRoot(): Main | undefined {
    const served = this.#input.ingresses.find((candidate) => this.#routesOf(candidate, defaultBackendField).length > 0);
    return served === undefined ? undefined : { served, field: defaultBackendField };
  }

  #routesOf({ ingress }: ServedIngress, field: string): readonly Route[] {
    const { namespace, name } = ingress.metadata;
    return [...this.#input.routes.values()].filter(
      ({ origin }) => origin.kind === 'Ingress' && origin.namespace === namespace && origin.name === name && origin.field === field,
    );
  }

  /** The canary is reached as the main Ingress says its own backend is. */
  #makeCanary(served: ServedIngress, { backend, service: fields, field }: Place, transport: Transport): MadeCanary | undefined {
    if (backend.kind !== 'service' || served.canary === undefined) {
      this.#findings.push(finding('PRT-RULE-2', 'the backend of a canary must be a Service', served.ingress, field));
      return undefined;
    }
    const { target, uses } = useBackend({ served, backend, fields }, transport);
    return { row: { ...served.canary, ...target }, uses };
  }

  #report({ ingress }: ServedIngress, { field }: Place, reason: string): void {
    this.#findings.push(finding('PRT-RULE-12', `the canary takes no requests here: ${reason}`, ingress, field));
  }
}

function* placesOf({ ingress }: ServedIngress, name: HostName): Iterable<Place> {
  const { rules, defaultBackend } = ingress.spec;
  if (name === CATCH_ALL_HOST && defaultBackend !== undefined) {
    yield { key: defaultBackendField, field: defaultBackendField, service: defaultBackendFields, backend: defaultBackend };
  }
  for (const [ruleIndex, rule] of rules.entries()) {
    if (hostOfRule(rule.host) !== name) continue;
    for (const [pathIndex, { path, pathType, backend }] of (rule.paths ?? []).entries()) {
      const { path: field, service } = pathFields(ruleIndex, pathIndex);
      yield { key: `${pathType === 'Exact' ? pathType : 'Prefix'} ${path}`, field, service, backend };
    }
  }
}
