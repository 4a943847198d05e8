// Rows that follow from a host: its aliases, and the redirect to it with or without `www.`. Whether one counts is decided where all hosts
// are known (derived-hosts.ts); here only what it would be.
import type { Origin } from '../../model/origin.ts';
import type { Redirect } from '../../model/policies/redirect.ts';
import { CATCH_ALL_HOST, hostName } from '../../model/route.ts';
import type { HostName, HostTls, Route, TlsRedirect, VirtualHost } from '../../model/route.ts';
import { coversHost } from '../certificate.ts';
import type { ServedIngress } from './served-ingress.ts';

export interface DerivedRowsInput {
  readonly row: VirtualHost;
  /** Oldest first. */
  readonly ingresses: readonly ServedIngress[];
  /** Names of the host's certificate. */
  readonly certificateNames: readonly string[];
  readonly hasTlsEntry: boolean;
  /** Whether the wildcard host that takes a name too has a TLS entry. */
  readonly hasWildcardTls: (name: HostName) => boolean;
  /** Redirects to HTTPS that depend on whether the requested name has a certificate, by route. */
  readonly redirectsByCertificate: ReadonlyMap<string, TlsRedirect>;
  readonly redirectCode: number;
}

/** Names of the host beside its own: those of the first Ingress that has any (ingress-nginx, `createServers`). */
export function aliasesOf(name: HostName, ingresses: readonly ServedIngress[]): readonly HostName[] {
  const owner = aliasOwner(ingresses);
  return owner?.annotations.serverAliases?.filter((alias) => alias !== name) ?? NO_NAMES;
}

export function aliasOwner(ingresses: readonly ServedIngress[]): ServedIngress | undefined {
  return ingresses.find(({ annotations }) => (annotations.serverAliases?.length ?? 0) > 0);
}

/** The Ingress that asks for the redirect. Any of the host switches it on. */
export function wwwRedirectOwner(ingresses: readonly ServedIngress[]): ServedIngress | undefined {
  return ingresses.find(({ annotations }) => annotations.wwwRedirect === true);
}

export function deriveRows(input: DerivedRowsInput): readonly VirtualHost[] {
  const { row, ingresses } = input;
  const aliases = aliasesOf(row.name, ingresses);
  const owner = wwwRedirectOwner(ingresses);
  const counterpart = owner === undefined ? undefined : wwwCounterpart(row.name);
  if (aliases.length === 0 && counterpart === undefined) return NO_ROWS;
  const rows = aliases.map((alias) => aliasRow(alias, input));
  if (owner !== undefined && counterpart !== undefined) rows.push(wwwRow(counterpart, owner.ingress.origin, input));
  return rows;
}

const NO_NAMES: readonly HostName[] = [];
const NO_ROWS: readonly VirtualHost[] = [];

/** Undefined for names that no `www.` can stand before. */
export function wwwCounterpart(name: HostName): HostName | undefined {
  if (name === CATCH_ALL_HOST || name.startsWith('*.')) return undefined;
  return hostName(name.startsWith('www.') ? name.slice('www.'.length) : `www.${name}`);
}

function aliasRow(alias: HostName, input: DerivedRowsInput): VirtualHost {
  const { row } = input;
  const tls = tlsFor(alias, input);
  const hasTlsEntry = tls.kind !== 'none' || input.hasWildcardTls(alias);
  return { ...row, name: alias, aliasOf: row.name, tls, routes: routesFor(hasTlsEntry, input) };
}

/** The certificate of the host is only shown for names that it is for; others get what they would get without the host. */
function tlsFor(name: HostName, { row, certificateNames }: DerivedRowsInput): HostTls {
  return row.tls.kind === 'certificate' && coversHost(certificateNames, name) ? row.tls : { kind: 'none' };
}

/** ingress-nginx asks for each request whether its name has a certificate. */
function routesFor(hasTlsEntry: boolean, input: DerivedRowsInput): readonly Route[] {
  const { row, redirectsByCertificate } = input;
  if (hasTlsEntry === input.hasTlsEntry || redirectsByCertificate.size === 0) return row.routes;
  return row.routes.map((route) => {
    const tlsRedirect = redirectsByCertificate.get(route.id);
    if (tlsRedirect === undefined) return route;
    const { tlsRedirect: _, ...policies } = route.policies;
    return { ...route, policies: hasTlsEntry ? { ...policies, tlsRedirect } : policies };
  });
}

function wwwRow(name: HostName, origin: Origin, input: DerivedRowsInput): VirtualHost {
  const { row, redirectCode } = input;
  const redirect: Redirect = { statusCode: redirectCode, to: { kind: 'host', host: row.name } };
  const route: Route = {
    id: 'prefix:/',
    match: { kind: 'prefix', path: '/' },
    action: { kind: 'redirect', redirect },
    policies: {},
    labels: { namespace: origin.namespace, ingress: origin.name, service: '', servicePort: '', path: '/' },
    origin,
  };
  return { name, pathMode: 'literal', routes: [route], tls: tlsFor(name, input), origin };
}
