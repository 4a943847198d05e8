// The rules of host and path matching said as plainly as possible, kept only to check the compiled tables against: it filters
// and sorts all hosts and routes for every question.
import type { Route, VirtualHost } from '../../src/model/route.ts';
import { literalPrefix } from '../../src/kit/literal-prefix.ts';
import { RE2JS } from 're2js';

/** What was decided: the host's name, and the route's id if one takes the path. */
export type Decision =
  | { readonly kind: 'none'; readonly host: string }
  | { readonly kind: 'route'; readonly host: string; readonly route: string }
  | { readonly kind: 'slash-redirect'; readonly host: string; readonly route: string };

/** Decides for a normalised host name and path. */
export function decideNaively(hosts: readonly VirtualHost[], hostName: string, path: string): Decision {
  const host = chooseHost(hosts, hostName);
  if (host === undefined) return { kind: 'none', host: '_' };
  return { host: host.name, ...(host.pathMode === 'regex' ? chooseByPattern(host, path) : chooseByPath(host, path)) };
}

function chooseHost(hosts: readonly VirtualHost[], hostName: string): VirtualHost | undefined {
  const wildcard = hosts.find((host) => {
    const [star, ...parent] = host.name.split('.');
    const [label, ...rest] = hostName.split('.');
    return star === '*' && rest.join('.') === parent.join('.') && /^[A-Za-z0-9_-]+$/.test(label ?? '');
  });
  const exact = hosts.find((host) => host.name === hostName && !host.name.startsWith('*'));
  return exact ?? wildcard ?? hosts.find((host) => host.name === '_');
}

type Choice = { readonly kind: 'none' } | { readonly kind: 'route' | 'slash-redirect'; readonly route: string };

function chooseByPath(host: VirtualHost, path: string): Choice {
  const exact = host.routes.find(({ match }) => match.kind === 'exact' && match.path === path);
  if (exact !== undefined) return { kind: 'route', route: exact.id };
  const same = host.routes.find(({ match }) => match.kind === 'prefix' && match.path === path && !path.endsWith('/'));
  if (same !== undefined) return { kind: 'route', route: same.id };
  for (const kind of ['exact', 'prefix'] as const) {
    const slash = host.routes.find(({ match }) => match.kind === kind && match.path === `${path}/`);
    if (slash !== undefined) return { kind: 'slash-redirect', route: slash.id };
  }
  const prefixes = host.routes.filter(({ match }) => {
    if (match.kind !== 'prefix') return false;
    return path.startsWith(match.path.endsWith('/') ? match.path : `${match.path}/`);
  });
  const [longest] = prefixes.toSorted((one, other) => lengthOf(other) - lengthOf(one));
  return longest === undefined ? { kind: 'none' } : { kind: 'route', route: longest.id };
}

function lengthOf({ match }: Route): number {
  return match.kind === 'regex' ? match.pattern.length : match.path.length;
}

function chooseByPattern(host: VirtualHost, path: string): Choice {
  const byPath = host.routes.map((route) => ({ route, path: route.match.kind === 'regex' ? route.match.pattern : route.match.path }));
  // As ingress-nginx does it: sorted by text descending, then by length descending, both stable.
  byPath.sort((one, other) => Buffer.compare(Buffer.from(other.path), Buffer.from(one.path)));
  byPath.sort((one, other) => Buffer.byteLength(other.path) - Buffer.byteLength(one.path));
  const locations = byPath.flatMap(({ route }) => {
    const { match } = route;
    if (match.kind === 'regex') return [{ route, pattern: match.pattern }];
    if (match.kind === 'exact' || match.path === '/') return [{ route, pattern: match.path }];
    const withSlash = { route, pattern: match.path.endsWith('/') ? match.path : `${match.path}/` };
    const hasExact = host.routes.some((other) => other.match.kind === 'exact' && other.match.path === match.path);
    return hasExact || match.path.endsWith('/') ? [withSlash] : [withSlash, { route, pattern: match.path }];
  });
  const first = locations.find(({ pattern }) => matches(pattern, path));
  return first === undefined ? { kind: 'none' } : { kind: 'route', route: first.route.id };
}

/** A pattern that does not compile takes what begins like it. */
function matches(pattern: string, path: string): boolean {
  try {
    return RE2JS.compile(`^${pattern}`, RE2JS.CASE_INSENSITIVE).test(path);
  } catch {
    return RE2JS.compile(`^${RE2JS.quote(literalPrefix(pattern))}`, RE2JS.CASE_INSENSITIVE).test(path);
  }
}
