// Manifests that many feature tests need, as texts that can be put together to one file: each ends in a separator.

export const ingressClass = `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
`;

/** A Service with port 80, and an EndpointSlice for each of these ports of loopback. */
export function service(name: string, ports: readonly number[]): string {
  const slices = ports.map(
    (port) => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-${port}, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
ports: [{port: ${port}}]
endpoints: [{addresses: [127.0.0.1]}]
---
`,
  );
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: 80}]}\n---\n${slices.join('')}`;
}

/** All paths of the host `NAME.example` to port 80 of the Service. `annotations`: without the prefix of ingress-nginx. */
export function ingress(name: string, serviceName: string, annotations: Readonly<Record<string, string>>): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    nginx.ingress.kubernetes.io/${key}: ${JSON.stringify(value)}\n`);
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations:
${lines.join('')}spec:
  ingressClassName: nginx
  rules: [{host: ${name}.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${serviceName}, port: {number: 80}}}}]}}]
---
`;
}

/** The ConfigMap that `startPortico` names. */
export function configMap(data: Readonly<Record<string, string>>): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller}\ndata: ${JSON.stringify(data)}\n---\n`;
}
