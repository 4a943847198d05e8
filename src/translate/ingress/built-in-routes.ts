// What ingress-nginx's default server answers by itself on the ports of the traffic: the health check, and the page that agents of
// monitoring systems read.
import type { Action, Route } from '../../model/route.ts';

const STATUS_PATH = '/nginx_status';

/** Goes before rules for its path. */
export function healthCheckRoute(path: string): Route {
  return builtIn(path, { kind: 'health-check' }, { kind: 'Flag', namespace: '', name: '--health-check-path' });
}

/** Undefined where a route has the path already. `allowed`: the addresses that may read it. */
export function statusRoute(allowed: readonly string[], routes: Iterable<Route>): Route | undefined {
  for (const { match } of routes) if (match.kind !== 'regex' && match.path === STATUS_PATH) return undefined;
  const route = builtIn(STATUS_PATH, { kind: 'status-page', allowed }, { kind: 'Built-in', namespace: '', name: 'status-page' });
  return { ...route, policies: { accessLog: false } };
}

function builtIn(path: string, action: Action, origin: Route['origin']): Route {
  const labels = { namespace: '', ingress: '', service: '', servicePort: '', path };
  return { id: `exact:${path}`, match: { kind: 'exact', path }, action, policies: {}, labels, origin };
}
