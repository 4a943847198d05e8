// What of the access rules of its Ingresses holds on the routes of one host: passwords and authentication services are left out on the
// paths of `no-auth-locations`, and a service whose URL names the host of the request is looked for under the name of this host.
import { isIP } from 'node:net';
import type { AccessPolicy, ExternalAuth } from '../../model/policies/access.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { HostName } from '../../model/route.ts';
import type { AuthUrl } from '../annotations/external-auth.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { addressRef } from '../upstream.ts';
import type { UpstreamRef } from '../upstream.ts';
import type { ServedAccess, ServedExternalAuth } from './served-access.ts';
import type { ServedIngress } from './served-ingress.ts';
import type { UpstreamUse } from './upstream-use.ts';

export type RouteAccess =
  | { readonly kind: 'open' }
  | { readonly kind: 'policy'; readonly policy: AccessPolicy }
  /** The policy cannot be kept: the route answers 503. */
  | { readonly kind: 'refused' };

const OPEN: RouteAccess = { kind: 'open' };
const REFUSED: RouteAccess = { kind: 'refused' };

interface IngressAccess {
  readonly everywhere: RouteAccess;
  readonly withoutAuth: RouteAccess;
}

export class HostAccess {
  readonly findings: Finding[] = [];
  /** Of authentication services. */
  readonly uses: UpstreamUse[] = [];
  readonly #host: HostName;
  readonly #noAuthLocations: readonly string[];
  readonly #byIngress = new Map<ServedIngress, IngressAccess>();

  /** `noAuthLocations`: prefixes of rule paths. */
  constructor(host: HostName, noAuthLocations: readonly string[]) {
    this.#host = host;
    this.#noAuthLocations = noAuthLocations;
  }

  /** `path`: of the rule. */
  of(served: ServedIngress, path: string): RouteAccess {
    const { access } = served;
    if (access === undefined) return OPEN;
    let known = this.#byIngress.get(served);
    if (known === undefined) this.#byIngress.set(served, (known = this.#resolve(served, access)));
    return this.#noAuthLocations.some((prefix) => path.startsWith(prefix)) ? known.withoutAuth : known.everywhere;
  }

  #resolve(served: ServedIngress, { satisfy, addresses, password, external }: ServedAccess): IngressAccess {
    const lists = { satisfy, ...(addresses !== undefined && { addresses }) };
    const withoutAuth: RouteAccess = addresses === undefined ? OPEN : { kind: 'policy', policy: lists };
    const service = external === undefined ? undefined : this.#service(served, external);
    if (service === 'refused') return { everywhere: REFUSED, withoutAuth };
    const policy = { ...lists, ...(password !== undefined && { password }), ...(service !== undefined && { external: service }) };
    return { everywhere: { kind: 'policy', policy }, withoutAuth };
  }

  #service(served: ServedIngress, { url, policy, field }: ServedExternalAuth): ExternalAuth | 'refused' {
    const name = url.host.startsWith('$') ? exactName(this.#host) : url.host;
    if (name === undefined) {
      const message = `auth-url has the host ${url.host}, which may be any name on host ${this.#host}: the paths of this Ingress answer 503 there`;
      this.findings.push(finding('PRT-ANN-4', message, served.ingress, field));
      return 'refused';
    }
    const ref = serviceOf(url, name);
    this.uses.push({ ref, subject: served.ingress, fields: field === undefined ? undefined : { name: field, port: field } });
    return { ...policy, upstream: ref.key, host: name };
  }
}

/** TLS as ingress-nginx speaks it with authentication services: the server name is sent, nothing is verified. */
export function serviceOf({ scheme, port }: Pick<AuthUrl, 'scheme' | 'port'>, host: string): UpstreamRef {
  if (scheme === 'http') return addressRef(host, port, undefined);
  return addressRef(host, port, {
    name: host,
    sendsServerName: isIP(host) === 0,
    verifies: false,
    verifyDepth: 1,
    ciphers: 'DEFAULT',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
  });
}

function exactName(host: HostName): string | undefined {
  return host === CATCH_ALL_HOST || /[*~]/.test(host) ? undefined : host;
}
