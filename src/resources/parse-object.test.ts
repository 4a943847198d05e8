import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from 'js-yaml';
import type { KubernetesObject, ObjectOfKind } from './objects.ts';
import type { Kind } from './objects.ts';
import { parseObject } from './parse-object.ts';
import type { ParsedObject } from './parse-object.ts';

function parse(yaml: string): ParsedObject {
  return parseObject(load(yaml), {});
}

function good<K extends KubernetesObject['kind']>(kind: K, yaml: string): ObjectOfKind<K> {
  const parsed = parse(yaml);
  assert.equal(parsed.kind, 'object', JSON.stringify(parsed));
  assert(parsed.kind === 'object');
  assert.deepEqual(parsed.unknownFields, []);
  assert.equal(parsed.object.kind, kind);
  return parsed.object as ObjectOfKind<K>;
}

/** `field: message` of each problem. */
function problems(yaml: string): readonly string[] {
  const parsed = parse(yaml);
  assert(parsed.kind === 'invalid', JSON.stringify(parsed));
  return parsed.problems.map(({ field, message }) => `${field}: ${message}`);
}

function unknownFields(yaml: string): readonly string[] {
  const parsed = parse(yaml);
  assert(parsed.kind === 'object', JSON.stringify(parsed));
  return parsed.unknownFields.map(({ field, message }) => `${field} ${message}`);
}

function ingress(spec: string): string {
  return `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: shop}, spec: ${spec}}`;
}

function path(fields: string): string {
  return ingress(`{rules: [{http: {paths: [{${fields}}]}}]}`);
}

const backend = 'backend: {service: {name: web, port: {number: 80}}}';

describe('identity', () => {
  test('a document without kind or name is no object', () => {
    for (const text of [
      '{apiVersion: v1, metadata: {name: x}}',
      '{apiVersion: v1, kind: Service}',
      '{apiVersion: v1, kind: Service, metadata: {name: 7}}',
      '[1]',
      'text',
    ]) {
      assert.equal(parse(text).kind, 'no-object', text);
    }
  });

  test('other kinds are unknown, even without a name', () => {
    assert.equal(parse('{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}}').kind, 'unknown-kind');
    assert.equal(parse('{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization}').kind, 'unknown-kind');
    assert.equal(parse('{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: x}}').kind, 'unknown-kind');
  });

  test('a misspelt kind gets advice', () => {
    const parsed = parse('{apiVersion: networking.k8s.io/v1, kind: Ingres, metadata: {name: x}}');
    assert(parsed.kind === 'unknown-kind');
    assert.equal(parsed.advice, 'did you mean Ingress?');
  });

  test('removed API versions say what to write', () => {
    const old = '{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: x}, spec: {}}';
    assert.deepEqual(problems(old), [
      'apiVersion: extensions/v1beta1 was removed in Kubernetes 1.22 for Ingress; write networking.k8s.io/v1 and backends as service.name and service.port',
    ]);
    assert.deepEqual(problems('{apiVersion: v1, kind: Ingress, metadata: {name: x}}'), [
      'apiVersion: v1 has no Ingress; write networking.k8s.io/v1',
    ]);
  });
});

describe('metadata', () => {
  test('fills in the default namespace, and none for cluster-scoped kinds', () => {
    assert.equal(good('ConfigMap', '{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}').metadata.namespace, 'default');
    assert.equal(good('Namespace', '{apiVersion: v1, kind: Namespace, metadata: {name: x, namespace: y}}').metadata.namespace, '');
  });

  test('reads the time of creation in milliseconds, absent and null as 0', () => {
    const at = (time: string): number =>
      good('ConfigMap', `{apiVersion: v1, kind: ConfigMap, metadata: {name: x, creationTimestamp: ${time}}}`).metadata.creationTimestampMs;
    assert.equal(at('"2024-06-01T00:00:00Z"'), Date.UTC(2024, 5, 1));
    assert.equal(at('2024-06-01T02:00:00+02:00'), Date.UTC(2024, 5, 1));
    assert.equal(at('null'), 0);
  });

  test('keeps labels and annotations only where something depends on them', () => {
    const metadata = '{name: x, labels: {a: b}, annotations: {c: d}}';
    const kept = (kind: Kind, rest: string): readonly string[] =>
      Object.keys(good(kind, `{kind: ${kind}, metadata: ${metadata}, ${rest}}`).metadata).filter(
        (key) => key === 'labels' || key === 'annotations',
      );
    assert.deepEqual(kept('Ingress', 'apiVersion: networking.k8s.io/v1, spec: {rules: [{}]}'), ['annotations']);
    assert.deepEqual(kept('Namespace', 'apiVersion: v1'), ['labels']);
    assert.deepEqual(kept('Service', 'apiVersion: v1, spec: {ports: [{port: 80}]}'), []);
    assert.deepEqual(kept('EndpointSlice', 'apiVersion: discovery.k8s.io/v1, addressType: IPv4'), []);
    assert.deepEqual(kept('Secret', 'apiVersion: v1'), []);
    assert.deepEqual(kept('ConfigMap', 'apiVersion: v1'), []);
  });

  test('refuses wrong names, times and annotations that are no strings', () => {
    const found = problems(
      '{apiVersion: v1, kind: ConfigMap, metadata: {name: A_b, namespace: a.b, creationTimestamp: yesterday, annotations: {example.com/x: true}, labels: {a: "-"}}}',
    );
    assert.deepEqual(
      found.map((line) => line.slice(0, line.indexOf(': '))),
      ['metadata.annotations["example.com/x"]', 'metadata.namespace', 'metadata.name', 'metadata.creationTimestamp', 'metadata.labels.a'],
    );
    assert.match(found[0] ?? '', /put it in quotes/);
  });

  test('knows the deletion of an Ingress', () => {
    const text = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, deletionTimestamp: "2024-06-01T00:00:00Z"}, spec: {rules: [{host: a}]}}`;
    assert.equal(good('Ingress', text).isBeingDeleted, true);
  });

  test('keeps a key such as __proto__ as data', () => {
    const map = good('ConfigMap', '{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {__proto__: a, constructor: b}}');
    assert.deepEqual(
      [...map.data],
      [
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ],
    );
  });
});

describe('Ingress', () => {
  test('lower-cases hosts and fills in path and path type', () => {
    const { spec } = good(
      'Ingress',
      ingress(`{rules: [{host: Shop.Example.COM, http: {paths: [{${backend}}]}}], tls: [{hosts: [SHOP.example.com]}]}`),
    );
    assert.deepEqual(spec.rules, [
      {
        host: 'shop.example.com',
        paths: [
          {
            path: '/',
            pathType: 'ImplementationSpecific',
            backend: { kind: 'service', name: 'web', port: { kind: 'number', number: 80 } },
          },
        ],
      },
    ]);
    assert.deepEqual(spec.tls, [{ hosts: ['shop.example.com'], secretName: '' }]);
    assert.equal(spec.ingressClassName, undefined);
  });

  test('takes wildcards as the whole first label only', () => {
    assert.equal(good('Ingress', ingress('{rules: [{host: "*.example.com"}]}')).spec.rules[0]?.host, '*.example.com');
    for (const host of ['*', '*.', 'a.*.com', '*a.com', '*.*.com', '10.0.0.1', '::1', 'a_b', 'a..b', '-a', 'a.', `${'a'.repeat(64)}_`]) {
      assert.equal(problems(ingress(`{rules: [{host: ${JSON.stringify(host)}}]}`)).length, 1, host);
      assert.equal(problems(ingress(`{rules: [{host: a}], tls: [{hosts: [${JSON.stringify(host)}]}]}`)).length, 1, host);
    }
  });

  test('needs a default backend or rules, and paths under http', () => {
    assert.deepEqual(problems(ingress('{}')), ['spec: must have defaultBackend or rules']);
    assert.deepEqual(problems(ingress('{rules: [{http: {paths: []}}]}')), ['spec.rules[0].http.paths: must have at least one path']);
    assert.deepEqual(problems('{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}}'), ['spec: is required']);
    assert.equal(good('Ingress', ingress('{rules: [{host: a}]}')).spec.rules[0]?.paths, undefined);
  });

  test('checks paths by their type', () => {
    for (const bad of ['foo', '/a//b', '/a/./b', '/a/../b', '/a%2fb', '/a%2Fb', '/a/..', '/a/.']) {
      assert.equal(problems(path(`path: "${bad}", pathType: Prefix, ${backend}`)).length, 1, bad);
    }
    good('Ingress', path(`path: "/a//b/(.*)", pathType: ImplementationSpecific, ${backend}`));
    assert.equal(problems(path(`path: "foo", pathType: ImplementationSpecific, ${backend}`)).length, 1);
    assert.deepEqual(problems(path(`path: /, pathType: prefix, ${backend}`)), [
      'spec.rules[0].http.paths[0].pathType: must be one of Exact, Prefix, ImplementationSpecific, not "prefix"',
    ]);
  });

  test('needs exactly one of service and resource', () => {
    const field = 'spec.rules[0].http.paths[0].backend';
    assert.deepEqual(problems(path('path: /')), [`${field}: is required`]);
    assert.deepEqual(problems(path('backend: {}')), [`${field}: must have service or resource`]);
    const both = 'backend: {service: {name: a, port: {number: 1}}, resource: {kind: A, name: b}}';
    assert.deepEqual(problems(path(both)), [`${field}: must have service or resource, not both`]);
    const resource = good('Ingress', ingress('{defaultBackend: {resource: {apiGroup: k8s.example.com, kind: Bucket, name: icons}}}'));
    assert.deepEqual(resource.spec.defaultBackend, {
      kind: 'resource',
      apiGroup: 'k8s.example.com',
      resourceKind: 'Bucket',
      name: 'icons',
    });
  });

  test('needs exactly one of port name and number', () => {
    const port = (text: string): string => path(`backend: {service: {name: a, port: ${text}}}`);
    const field = 'spec.rules[0].http.paths[0].backend.service.port';
    assert.deepEqual(problems(port('{}')), [`${field}: must have name or number`]);
    assert.deepEqual(problems(port('{number: 0}')), [`${field}: must have name or number`]);
    assert.deepEqual(problems(port('{name: http, number: 1}')), [`${field}: must have name or number, not both`]);
    for (const bad of [
      '{number: 65536}',
      '{number: -1}',
      '{number: "80"}',
      '{number: 1.5}',
      '{name: "80"}',
      '{name: a--b}',
      '{name: sixteencharacter}',
      '{name: A}',
    ]) {
      assert.equal(problems(port(bad)).length, 1, bad);
    }
    assert.deepEqual(good('Ingress', port('{name: http}')).spec.rules[0]?.paths?.[0]?.backend, {
      kind: 'service',
      name: 'a',
      port: { kind: 'name', name: 'http' },
    });
  });

  test('reports unknown fields with the name that was meant', () => {
    assert.deepEqual(unknownFields(ingress(`{ingressClassname: nginx, rules: [{hosts: a, host: a}], foo: 1}`)), [
      'spec.ingressClassname does not exist, so it has no effect; did you mean ingressClassName?',
      'spec.foo does not exist, so it has no effect',
      'spec.rules[0].hosts does not exist, so it has no effect; did you mean host?',
    ]);
  });
});

describe('IngressClass', () => {
  const text = (spec: string): string => `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: x}, spec: ${spec}}`;

  test('reads controller, default mark and parameters', () => {
    const parsed = good(
      'IngressClass',
      `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: x, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: k8s.io/ingress-nginx, parameters: {kind: ConfigMap, name: p, scope: Namespace, namespace: n}}}`,
    );
    assert.equal(parsed.controller, 'k8s.io/ingress-nginx');
    assert.equal(parsed.isDefault, true);
    assert.deepEqual(parsed.parameters, { apiGroup: '', kind: 'ConfigMap', name: 'p', namespace: 'n' });
  });

  test('refuses controllers without a domain', () => {
    for (const spec of ['{}', '{controller: nginx}', '{controller: "k8s.io/"}', '{controller: "/x"}'])
      assert.equal(problems(text(spec)).length, 1, spec);
    assert.deepEqual(problems('{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: x}}'), ['spec: is required']);
  });
});

describe('Service', () => {
  const text = (spec: string): string => `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: ${spec}}`;

  test('fills in type, protocol and target port', () => {
    const parsed = good('Service', text('{ports: [{port: 80}]}'));
    assert.equal(parsed.type, 'ClusterIP');
    assert.deepEqual(parsed.ports, [{ name: '', protocol: 'TCP', port: 80, targetPort: 80 }]);
  });

  test('takes target ports by number and name', () => {
    const parsed = good('Service', text('{ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: web}]}'));
    assert.deepEqual(
      parsed.ports.map((port) => port.targetPort),
      [8080, 'web'],
    );
    assert.equal(problems(text('{ports: [{port: 80, targetPort: "8080"}]}')).length, 1);
  });

  test('needs ports, unless headless or ExternalName', () => {
    assert.deepEqual(problems(text('{}')), ['spec.ports: must have at least one port']);
    good('Service', text('{clusterIP: None}'));
    assert.equal(good('Service', text('{type: ExternalName, externalName: db.example.com.}')).externalName, 'db.example.com.');
    assert.deepEqual(problems(text('{type: ExternalName}')), ['spec.externalName: is required']);
    assert.equal(problems(text('{type: ExternalName, externalName: "a b"}')).length, 1);
  });

  test('refuses nameless and repeated ports', () => {
    assert.equal(problems(text('{ports: [{port: 1}, {name: b, port: 2}]}')).length, 1);
    assert.deepEqual(problems(text('{ports: [{name: a, port: 1}, {name: a, port: 2}]}')), ['spec.ports[1].name: repeats the name a']);
    assert.deepEqual(problems(text('{ports: [{name: a, port: 1}, {name: b, port: 1}]}')), [
      'spec.ports[1].port: repeats port 1 with protocol TCP',
    ]);
    good('Service', text('{ports: [{name: a, port: 1}, {name: b, port: 1, protocol: UDP}]}'));
  });

  test('reads addresses in canonical form', () => {
    const parsed = good(
      'Service',
      '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: "2001:DB8:0:0::1", externalIPs: [10.0.0.1], ports: [{port: 1}]}, status: {loadBalancer: {ingress: [{ip: "2001:db8::0:2"}, {hostname: lb}]}}}',
    );
    assert.equal(parsed.clusterIP, '2001:db8::1');
    assert.deepEqual(parsed.loadBalancerIngress, [
      { ip: '2001:db8::2', hostname: '' },
      { ip: '', hostname: 'lb' },
    ]);
    assert.equal(problems(text('{clusterIP: nowhere, ports: [{port: 1}]}')).length, 1);
  });
});

describe('EndpointSlice', () => {
  const text = (fields: string): string =>
    `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}, ${fields}}`;

  test('fills in the conditions', () => {
    const parsed = good(
      'EndpointSlice',
      text(
        'addressType: IPv4, ports: [{port: 80}], endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], conditions: {ready: false}}, {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}}]',
      ),
    );
    assert.equal(parsed.serviceName, 'web');
    assert.deepEqual(
      parsed.endpoints.map(({ ready }) => ready),
      [true, false, false],
    );
  });

  test('checks what it does not keep', () => {
    const endpoint = 'addresses: [10.0.0.1], conditions: {serving: 1, terminating: x}, nodeName: A_b, zone: 1, hints: {forZones: [{}]}';
    assert.deepEqual(
      problems(text(`addressType: IPv4, endpoints: [{${endpoint}}]`)).map((line) => line.slice(0, line.indexOf(': '))),
      ['conditions.serving', 'conditions.terminating', 'nodeName', 'zone', 'hints.forZones[0].name'].map(
        (field) => `endpoints[0].${field}`,
      ),
    );
  });

  test('takes loopback addresses, and refuses those that are no endpoint', () => {
    const address = (family: string, value: string): string => text(`addressType: ${family}, endpoints: [{addresses: ["${value}"]}]`);
    good('EndpointSlice', address('IPv4', '127.0.0.1'));
    assert.equal(good('EndpointSlice', address('IPv6', '0:0:0:0:0:0:0:1')).endpoints[0]?.addresses[0], '::1');
    for (const bad of ['0.0.0.0', '169.254.169.254', '224.0.0.1', '::1', 'web', '10.0.0.01', '10.0.0'])
      assert.equal(problems(address('IPv4', bad)).length, 1, bad);
    for (const bad of ['::', 'fe80::1', 'ff02::1', '10.0.0.1', '::ffff:169.254.169.254', 'fe80::1%eth0'])
      assert.equal(problems(address('IPv6', bad)).length, 1, bad);
  });

  test('needs an address type and addresses', () => {
    assert.deepEqual(problems(text('endpoints: []')), ['addressType: is required']);
    assert.deepEqual(problems(text('addressType: IPv4, endpoints: [{}]')), ['endpoints[0].addresses: must have at least one address']);
    assert.deepEqual(problems(text('addressType: IPv4, ports: [{port: 1}, {port: 2}]')), [
      'ports[1].name: must be given where a slice has several ports',
    ]);
  });
});

describe('Secret and ConfigMap', () => {
  test('decodes data, and lets stringData win', () => {
    const parsed = good(
      'Secret',
      '{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: aGVsbG8=, b: "aGVs\\nbG8="}, stringData: {a: plain}}',
    );
    assert.deepEqual(
      [...parsed.data].map(([key, value]) => [key, value.toString()]),
      [
        ['a', 'plain'],
        ['b', 'hello'],
      ],
    );
    assert.equal(parsed.type, 'Opaque');
  });

  test('refuses what is no base64 without showing it', () => {
    const found = problems('{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a.b: hunter22!, c: 12345}}');
    assert.equal(found.length, 2);
    assert.doesNotMatch(found.join(), /hunter22|12345/);
  });

  test('needs both halves of a TLS pair', () => {
    assert.deepEqual(problems('{apiVersion: v1, kind: Secret, metadata: {name: x}, type: kubernetes.io/tls, stringData: {tls.crt: a}}'), [
      'data: must have tls.key, because the type is kubernetes.io/tls',
    ]);
  });

  test('refuses values that are no strings, and data above 1 MiB', () => {
    assert.deepEqual(problems('{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {use-http2: true}}'), [
      'data.use-http2: must be a string, not a boolean; put it in quotes',
    ]);
    assert.equal(problems(`{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: ${'x'.repeat(1024 * 1024 + 1)}}}`).length, 1);
  });
});
