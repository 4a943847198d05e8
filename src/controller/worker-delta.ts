// What the workers get of a delta: everything but the origins, which only explanations and diagnostics need, and those are made in the
// main thread. With them a route takes twice the memory in each worker, and the copy of a large delta half as long again.
import type { ModelDelta } from '../model/delta.ts';
import type { Origin } from '../model/origin.ts';
import type { Route, RoutePolicies, VirtualHost } from '../model/route.ts';

const nowhere: Origin = { kind: '', namespace: '', name: '' };
const noPolicies: RoutePolicies = {};

/** The same rows with one empty origin; policies that say nothing are one object too, and so are those of neighbours that say the same. */
export function deltaForWorkers(delta: ModelDelta): ModelDelta {
  return {
    ...delta,
    hosts: delta.hosts.map(hostWithoutOrigins),
    upstreams: delta.upstreams.map((upstream) => ({ ...upstream, origin: nowhere })),
    certificates: delta.certificates.map((certificate) => ({ ...certificate, origin: nowhere })),
  };
}

function hostWithoutOrigins(host: VirtualHost): VirtualHost {
  let last = noPolicies;
  const routes = host.routes.map((route) => {
    if (!hasSameMembers(last, route.policies)) last = route.policies;
    return { ...route, origin: nowhere, policies: last };
  });
  if (host.rootRoute === undefined) return { ...host, origin: nowhere, routes };
  return { ...host, origin: nowhere, routes, rootRoute: routeWithoutOrigin(host.rootRoute) };
}

/** In the same order, too: they were made the same way. */
function hasSameMembers(left: RoutePolicies, right: RoutePolicies): boolean {
  const others = Object.entries(left);
  const members = Object.entries(right);
  return (
    members.length === others.length && members.every(([key, value], index) => others[index]?.[0] === key && others[index][1] === value)
  );
}

function routeWithoutOrigin(route: Route): Route {
  return { ...route, origin: nowhere, policies: Object.keys(route.policies).length === 0 ? noPolicies : route.policies };
}
