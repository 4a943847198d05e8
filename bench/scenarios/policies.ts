// What a policy costs: the small GET through a route that has one, beside the same through a plain route, which every other row is compared with
// (bars.ts). All rows are sent the same requests: an Origin, credentials, and a cookie of affinity.
import { hashSync } from 'bcryptjs';
import { backendIdOf } from '../../src/proxy/upstream/sticky-endpoints.ts';
import type { HostPolicy } from '../targets/portico-manifests.ts';
import { browserHeaders, responsePaths } from '../workload.ts';
import { loadScenario, plainVariant } from './load-scenario.ts';
import type { LoadVariant } from './load-scenario.ts';

/** As in bars.ts. */
const plainRoute = 'plain route';

const user = 'bench';
const password = 'a password of the bench';
const listedCidrs = 1_000;

/** The upstream of host 0, by the name that ingress-nginx gives it. */
const upstream = 'bench-app-0-80';

const headers: Readonly<Record<string, string>> = {
  Origin: 'https://shop.bench.test',
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  Cookie: `${browserHeaders['Cookie'] ?? ''}; INGRESSCOOKIE=5f1e7a.9c24|${backendIdOf(upstream)}`,
};

/** The last one is where the load comes from. */
function manyCidrs(): string {
  const others = Array.from({ length: listedCidrs - 1 }, (_, index) => `10.${Math.floor(index / 250)}.${index % 250}.0/24`);
  return [...others, '127.0.0.1/32'].join(',');
}

const authService = (port: number): string => `http://127.0.0.1:${port}${responsePaths.small}`;

function withPolicy(label: string, policy: HostPolicy): LoadVariant {
  return { ...plainVariant, label, setup: { policy } };
}

export const policiesScenario = loadScenario({
  name: 'policies',
  title: 'Small GET through a route with a policy, 50 connections',
  targets: ['portico'],
  connections: 50,
  headers,
  variants: [
    { ...plainVariant, label: plainRoute },
    withPolicy('rate limit', { annotations: () => ({ 'limit-rps': '1000000', 'limit-burst-multiplier': '2' }) }),
    withPolicy('allow-list of 1,000 CIDRs', { annotations: () => ({ 'allowlist-source-range': manyCidrs() }) }),
    withPolicy('CORS', { annotations: () => ({ 'enable-cors': 'true', 'cors-allow-origin': 'https://*.bench.test' }) }),
    withPolicy('cookie affinity', { annotations: () => ({ affinity: 'cookie' }) }),
    withPolicy('canary', { annotations: () => ({}), canary: { canary: 'true', 'canary-weight': '50' } }),
    withPolicy('regex rewrite', { annotations: () => ({ 'use-regex': 'true', 'rewrite-target': '/$1' }), path: '/(.*)' }),
    withPolicy('basic auth, cached', {
      annotations: () => ({ 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'bench' }),
      users: `${user}:${hashSync(password, 10)}\n`,
    }),
    withPolicy('external auth, cached', {
      annotations: (port) => ({ 'auth-url': authService(port), 'auth-cache-key': '$http_authorization' }),
    }),
    withPolicy('external auth', { annotations: (port) => ({ 'auth-url': authService(port) }) }),
  ],
});
