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

/** The file of host number `index`; `changePath` is routed to the marker backend. */
export function hostManifests(index: number, backendPort: number, changePath?: string): string {
  const name = `app-${index}`;
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  ingressClassName: nginx
  rules:
    - host: ${hostName(index)}
      http:
        paths:
${path('/', 'Prefix', name)}${changePath === undefined ? '' : path(changePath, 'Exact', 'marker')}---
${service(name, backendPort)}`;
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
