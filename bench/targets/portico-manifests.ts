// The manifests that Portico is given: one file for each host with its Ingress, Service and EndpointSlice, and one with what they share.
import { readFileSync } from 'node:fs';
import type { BenchCertificate } from '../certificate.ts';
import { hostName, secureHost } from '../workload.ts';

const namespace = 'bench';

export interface SharedManifests {
  readonly backendPort: number;
  readonly markerPort: number;
  readonly accessLog: boolean;
  readonly certificate: BenchCertificate;
}

/** Class, settings, certificate, the host with TLS, and the Service that changes are routed to. */
export function sharedManifests({ backendPort, markerPort, accessLog, certificate }: SharedManifests): string {
  const encoded = (path: string): string => readFileSync(path).toString('base64');
  return `apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: nginx }
spec: { controller: k8s.io/ingress-nginx }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: controller, namespace: ${namespace} }
data:
  disable-access-log: "${!accessLog}"
  keep-alive: "600"
  keep-alive-requests: "100000000"
  upstream-keepalive-requests: "100000000"
  upstream-keepalive-timeout: "600"
---
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: ${secureHost}, namespace: ${namespace} }
data:
  tls.crt: ${encoded(certificate.certificatePath)}
  tls.key: ${encoded(certificate.keyPath)}
---
${service('marker', markerPort)}---
${service('secure', backendPort)}---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: secure, namespace: ${namespace} }
spec:
  ingressClassName: nginx
  tls:
    - { hosts: [${secureHost}], secretName: ${secureHost} }
  rules:
    - host: ${secureHost}
      http:
        paths:
${path('/', 'Prefix', 'secure')}`;
}

/** What the route of a host asks for. */
export interface HostPolicy {
  /** Without prefix. The port is that of the backend, which also stands in for an authentication service. */
  readonly annotations: (backendPort: number) => Readonly<Record<string, string>>;
  /** Path of the rule instead of `/`: a regular expression. */
  readonly path?: string;
  /** Annotations of a second Ingress for the same path, with a Service of its own. */
  readonly canary?: Readonly<Record<string, string>>;
  /** htpasswd file of the Secret `users`. */
  readonly users?: string;
}

interface HostSetup {
  readonly backendPort: number;
  readonly policy?: HostPolicy;
}

/** The file of host number `index`; `changePath` is routed to the marker backend. */
export function hostManifests(index: number, { backendPort, policy }: HostSetup, changePath?: string): string {
  const name = `app-${index}`;
  const annotations = policy?.annotations(backendPort) ?? {};
  const changed = changePath === undefined ? '' : path(changePath, 'Exact', 'marker');
  const rule = policy?.path === undefined ? path('/', 'Prefix', name) : path(policy.path, 'ImplementationSpecific', name);
  return [
    ingress({ index, name, annotations, paths: rule + changed }),
    service(name, backendPort),
    ...canaryManifests(index, { backendPort, canary: policy?.canary }),
    ...(policy?.users === undefined ? [] : [userSecret(policy.users)]),
  ].join('---\n');
}

interface CanarySetup {
  readonly backendPort: number;
  readonly canary: HostPolicy['canary'];
}

function canaryManifests(index: number, { backendPort, canary }: CanarySetup): readonly string[] {
  if (canary === undefined) return [];
  const name = `canary-${index}`;
  return [ingress({ index, name, annotations: canary, paths: path('/', 'Prefix', name) }), service(name, backendPort)];
}

interface IngressParts {
  /** Of the host. */
  readonly index: number;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly paths: string;
}

function ingress({ index, name, annotations, paths }: IngressParts): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    nginx.ingress.kubernetes.io/${key}: ${JSON.stringify(value)}\n`);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  namespace: ${namespace}
${lines.length === 0 ? '' : `  annotations:\n${lines.join('')}`}spec:
  ingressClassName: nginx
  rules:
    - host: ${hostName(index)}
      http:
        paths:
${paths}`;
}

function userSecret(users: string): string {
  return `apiVersion: v1
kind: Secret
metadata: { name: users, namespace: ${namespace} }
data: { auth: ${Buffer.from(users).toString('base64')} }
`;
}

function path(text: string, pathType: string, serviceName: string): string {
  return `          - path: ${text}
            pathType: ${pathType}
            backend: { service: { name: ${serviceName}, port: { number: 80 } } }
`;
}

function service(name: string, port: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  ports: [{ name: http, port: 80, targetPort: ${port} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${port}, protocol: TCP }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
`;
}
