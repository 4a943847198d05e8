// What the workers get of a delta: everything but the origins, which only explanations and diagnostics need, and those are made in the
// main thread. With them a route takes twice the memory in each worker, and the copy of a large delta half as long again.
import type { ModelDelta } from '../model/delta.ts';
import type { Origin } from '../model/origin.ts';
import type { Route, VirtualHost } from '../model/route.ts';

const nowhere: Origin = { kind: '', namespace: '', name: '' };

/** The same rows with one empty origin. */
export function deltaForWorkers(delta: ModelDelta): ModelDelta {
  return {
    ...delta,
    hosts: delta.hosts.map(hostWithoutOrigins),
    upstreams: delta.upstreams.map((upstream) => ({ ...upstream, origin: nowhere })),
    certificates: delta.certificates.map((certificate) => ({ ...certificate, origin: nowhere })),
  };
}

function hostWithoutOrigins(host: VirtualHost): VirtualHost {
  return { ...host, origin: nowhere, routes: host.routes.map(routeWithoutOrigin) };
}

function routeWithoutOrigin(route: Route): Route {
  return { ...route, origin: nowhere };
}
