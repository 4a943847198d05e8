// The objects of a cluster with many hosts: for each an Ingress, a Service and an EndpointSlice, with the fields that real ones have, because
// reading them is what is measured.
import type { GivenObject } from '../../test/support/api-server/start-api-server.ts';
import { hostName } from '../workload.ts';

const namespace = 'bench';

export function classObject(): GivenObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  };
}

/** Everything that routes host number `index` to the port. */
export function hostObjects(index: number, port: number): readonly GivenObject[] {
  return [ingress(index), service(index), endpoints(index, port)];
}

/** The EndpointSlice of host number `index`. */
export function endpoints(index: number, port: number): GivenObject {
  const name = appName(index);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-x7k2p`,
      namespace,
      labels: {
        app: name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': name,
      },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-11-24T10:00:00Z' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid: '8f2c5a5e-0b9d-4a86-9d0d-2f3f4e1c7a11', controller: true }],
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['127.0.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'node-1',
        zone: 'zone-a',
        targetRef: { kind: 'Pod', namespace, name: `${name}-5d8f7c9b6d-abcde`, uid: '0c1d2e3f-4a5b-6c7d-8e9f-0a1b2c3d4e5f' },
      },
    ],
  };
}

function ingress(index: number): GivenObject {
  const backend = { service: { name: appName(index), port: { number: 80 } } };
  const paths = ['/', '/api', '/static'].map((path) => ({ path, pathType: 'Prefix', backend }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: appName(index),
      namespace,
      labels: { 'app.kubernetes.io/name': appName(index), 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': appName(index), 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' },
    },
    spec: { ingressClassName: 'nginx', rules: [{ host: hostName(index), http: { paths } }] },
  };
}

function service(index: number): GivenObject {
  const name = appName(index);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.${64 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`,
      selector: { app: name },
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
    },
  };
}

function appName(index: number): string {
  return `app-${index}`;
}
