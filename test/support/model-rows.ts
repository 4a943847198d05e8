// Short ways to write rows of the routing model in tests.
import type { Origin } from '../../src/model/origin.ts';
import { hostName } from '../../src/model/route.ts';
import type { PathMatch, Route, RoutePolicies, VirtualHost } from '../../src/model/route.ts';
import { upstreamKey } from '../../src/model/upstream.ts';

export function exact(path: string): PathMatch {
  return { kind: 'exact', path };
}

export function prefix(path: string): PathMatch {
  return { kind: 'prefix', path };
}

export function regex(pattern: string): PathMatch {
  return { kind: 'regex', pattern };
}

export function ingressOrigin(name: string, field: string): Origin {
  return { kind: 'Ingress', namespace: 'default', name, field };
}

/** Its id is the kind and the path; it goes to a Service of that name. */
export function routeFor(match: PathMatch, policies: RoutePolicies = {}): Route {
  const path = match.kind === 'regex' ? match.pattern : match.path;
  const id = `${match.kind} ${path}`;
  return {
    id,
    match,
    action: { kind: 'forward', upstream: upstreamKey('default', id, '80') },
    policies,
    labels: { namespace: 'default', ingress: 'test', service: id, servicePort: '80', path },
    origin: ingressOrigin('test', `spec.rules[0].http.paths[${id}]`),
  };
}

export function hostWith(name: string, matches: readonly PathMatch[], pathMode: VirtualHost['pathMode'] = 'literal'): VirtualHost {
  return {
    name: hostName(name),
    pathMode,
    routes: matches.map((match) => routeFor(match)),
    tls: { kind: 'none' },
    origin: ingressOrigin('test', 'spec.rules[0].host'),
  };
}
