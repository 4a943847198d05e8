// What the workers get of a delta: everything but the origins, which only explanations and diagnostics need, and those are made in the
// main thread. With them a route takes twice the memory in each worker, and the copy of a large delta half as long again.
import type { ModelDelta } from '../model/delta.ts';
import type { Origin } from '../model/origin.ts';
import type { Route, RoutePolicies, VirtualHost } from '../model/route.ts';

const nowhere: Origin = { kind: '', namespace: '', name: '' };
const noPolicies: RoutePolicies = {};

/** The same rows with one empty origin; policies that say nothing are one object too. */
export function deltaForWorkers(delta: ModelDelta): ModelDelta {
  return {
    ...delta,
    hosts: delta.hosts.map(hostWithoutOrigins),
    upstreams: delta.upstreams.map((upstream) => ({ ...upstream, origin: nowhere })),
    certificates: delta.certificates.map((certificate) => ({ ...certificate, origin: nowhere })),
  };
}

function hostWithoutOrigins(host: VirtualHost): VirtualHost {
  const routes = host.routes.map(routeWithoutOrigin);
  if (host.rootRoute === undefined) return { ...host, origin: nowhere, routes };
  return { ...host, origin: nowhere, routes, rootRoute: routeWithoutOrigin(host.rootRoute) };
}

function routeWithoutOrigin(route: Route): Route {
  return { ...route, origin: nowhere, policies: Object.keys(route.policies).length === 0 ? noPolicies : route.policies };
}
