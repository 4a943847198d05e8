// What the chart makes of values files: objects that Kubernetes takes, that fit together, and that start Portico as the values say.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { normaliseArguments } from '../../src/cli/arguments.ts';
import { flagKeys, flags, parseFlag } from '../../src/cli/flags.ts';
import { versionLine } from '../../src/cli/version.ts';
import { isMap } from '../support/helm-template/functions.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';
import { checkFields } from './field-check.ts';
import { at, CHART, controllerArgs, listAt, only, readValues, readYamlMap, render, valuesFiles, workloads } from './rendered.ts';

const CLUSTER_WIDE = ['ClusterRole', 'ClusterRoleBinding', 'IngressClass', 'ValidatingWebhookConfiguration'];

suite('chart', () => {
  test('autoscaling looks at the processor alone, unless told otherwise', () => {
    const scaler = only(render({ controller: { autoscaling: { enabled: true } } }).objects, 'HorizontalPodAutoscaler');
    assert.deepEqual(
      listAt(scaler, 'spec', 'metrics').map((metric) => at(metric, 'resource', 'name')),
      ['cpu'],
    );
  });

  for (const file of valuesFiles) {
    const { objects, notes } = render(readValues(file));

    test(`${file}: every object has a kind and fields of Kubernetes`, () => {
      assert.ok(objects.length > 5);
      assert.deepEqual(objects.flatMap(checkFields), []);
    });

    test(`${file}: every object has a name, a namespace where it needs one, and the labels`, () => {
      const keys = objects.map((object) =>
        ['kind', 'namespace', 'name'].map((key) => String(object[key] ?? at(object, 'metadata', key))).join('/'),
      );
      assert.deepEqual(keys, [...new Set(keys)]);
      for (const object of objects) {
        assert.match(String(at(object, 'metadata', 'name')), /^[a-z0-9][a-z0-9-]{0,62}$/);
        assert.equal(at(object, 'metadata', 'namespace') === undefined, CLUSTER_WIDE.includes(String(object['kind'])));
        assert.equal(at(object, 'metadata', 'labels', 'app.kubernetes.io/instance'), 'portico');
      }
    });

    test(`${file}: what names another object names one that is there`, () => {
      const names = (kind: string): readonly Value[] =>
        objects.filter((object) => object['kind'] === kind).map((object) => at(object, 'metadata', 'name'));
      for (const object of objects.filter(({ kind }) => String(kind).endsWith('RoleBinding'))) {
        assert.ok(names(String(at(object, 'roleRef', 'kind'))).includes(at(object, 'roleRef', 'name')));
        assert.ok(names('ServiceAccount').includes(at(object, 'subjects', 0, 'name')));
      }
      for (const workload of workloads(objects)) {
        assert.ok(names('ServiceAccount').includes(at(workload, 'spec', 'template', 'spec', 'serviceAccountName')));
      }
      for (const hook of objects.filter(({ kind }) => kind === 'ValidatingWebhookConfiguration')) {
        assert.ok(names('Service').includes(at(hook, 'webhooks', 0, 'clientConfig', 'service', 'name')));
      }
      for (const scaler of objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject')) {
        assert.ok(names('Deployment').includes(at(scaler, 'spec', 'scaleTargetRef', 'name')));
      }
    });

    test(`${file}: Services lead to pods and to ports that they have`, () => {
      for (const service of objects.filter(({ kind }) => kind === 'Service')) {
        const pods = workloads(objects).filter((workload) =>
          isSubset(at(service, 'spec', 'selector'), at(workload, 'spec', 'template', 'metadata', 'labels')),
        );
        assert.equal(pods.length, 1, String(at(service, 'metadata', 'name')));
        const ports = pods.flatMap((pod) => listAt(pod, 'spec', 'template', 'spec', 'containers', 0, 'ports'));
        for (const port of listAt(service, 'spec', 'ports')) {
          const target = ports.find((one) => at(one, 'name') === at(port, 'targetPort'));
          assert.equal(at(target, 'protocol'), at(port, 'protocol'), JSON.stringify(port));
          assert.ok(String(at(port, 'name')).length <= 15);
        }
      }
    });

    test(`${file}: selectors are those of the pods, volumes that are mounted are there`, () => {
      for (const workload of workloads(objects)) {
        const pod = at(workload, 'spec', 'template', 'spec');
        if (workload['kind'] !== 'Job') {
          assert.ok(isSubset(at(workload, 'spec', 'selector', 'matchLabels'), at(workload, 'spec', 'template', 'metadata', 'labels')));
        }
        const volumes = listAt(pod, 'volumes').map((volume) => at(volume, 'name'));
        for (const mount of listAt(pod, 'containers', 0, 'volumeMounts')) assert.ok(volumes.includes(at(mount, 'name')));
      }
    });

    test(`${file}: the command line is one that Portico has`, () => {
      for (const workload of objects.filter((object) => isController(object))) {
        const [command, ...args] = controllerArgs(workload);
        assert.equal(command, 'serve');
        const { args: known, problems } = normaliseArguments(args);
        assert.deepEqual([...problems, ...known.flatMap(checkFlag)], []);
      }
    });

    test(`${file}: every container may do no more than it needs`, () => {
      for (const workload of workloads(objects)) {
        for (const container of listAt(workload, 'spec', 'template', 'spec', 'containers')) {
          const context = at(container, 'securityContext');
          assert.equal(at(context, 'runAsNonRoot'), true);
          assert.equal(at(context, 'allowPrivilegeEscalation'), false);
          assert.equal(at(context, 'seccompProfile', 'type'), 'RuntimeDefault');
          assert.deepEqual(at(context, 'capabilities', 'drop'), ['ALL']);
          const added = at(context, 'capabilities', 'add');
          assert.deepEqual(added, at(workload, 'metadata', 'name') === 'edge-defaultbackend' ? undefined : ['NET_BIND_SERVICE']);
          // The one user that asks for a writable file system gets it.
          const isWritable = file === 'ingress-nginx-user.yaml' && isController(workload);
          assert.equal(at(context, 'readOnlyRootFilesystem'), !isWritable);
        }
      }
    });

    test(`${file}: the notes are text`, () => assert.match(notes, /^Portico 0\.1\.0 serves the Ingresses of the class "\w+"/));
  }

  test('the version is that of the program', () => {
    const version = versionLine().split(' ')[1];
    assert.equal(readYamlMap(join(CHART, 'Chart.yaml'))['appVersion'], version);
    assert.equal(at(only(render({}).objects, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'image'), `portico:${version}`);
  });

  test('the time that a pod is given to end is enough for its drain', () => {
    const deployment = only(render({}).objects, 'Deployment');
    const beforeClosing = Number(valueOfFlag(deployment, 'shutdown-grace-period'));
    const afterwards = Number(flags.postShutdownGracePeriodMs.defaultText);
    const workerShutdownTimeout = 240;
    const given = Number(at(deployment, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds'));
    assert.ok(beforeClosing > 0);
    assert.ok(given >= beforeClosing + workerShutdownTimeout + afterwards + 10);
  });

  test('the notes say where the time that a pod is given to end is not enough', () => {
    const note = /terminationGracePeriodSeconds is (\d+), but the end of a pod may take (\d+) s/;
    const values = (controller: ValueMap): readonly string[] => note.exec(render({ controller }).notes)?.slice(1) ?? [];
    assert.deepEqual(values({}), []);
    assert.deepEqual(values({ terminationGracePeriodSeconds: 60 }), ['60', '260']);
    assert.deepEqual(values({ terminationGracePeriodSeconds: 60, config: { 'worker-shutdown-timeout': '40s' } }), []);
    assert.deepEqual(values({ config: { 'worker-shutdown-timeout': '5m' } }), ['300', '320']);
    assert.deepEqual(values({ config: { 'worker-shutdown-timeout': 300 } }), ['300', '320']);
    assert.deepEqual(values({ shutdownGracePeriodSeconds: 60 }), ['300', '310']);
    assert.deepEqual(values({ extraArgs: { 'post-shutdown-grace-period': '1h' } }), ['300', '3850']);
    assert.deepEqual(values({ extraArgs: { 'shutdown-grace-period': '51s' } }), ['300', '301']);
  });

  test('the volume for temporary files has a limit, which Portico is told', () => {
    const limits = (values: ValueMap): readonly Value[] => {
      const deployment = only(render(values).objects, 'Deployment');
      const volumes = listAt(deployment, 'spec', 'template', 'spec', 'volumes');
      return [at(volumes[0], 'emptyDir', 'sizeLimit'), valueOfFlag(deployment, 'tmp-size-limit')];
    };
    assert.deepEqual(limits({}), ['4Gi', '4Gi']);
    assert.deepEqual(limits({ controller: { tmpSizeLimit: '500Mi' } }), ['500Mi', '500Mi']);
    assert.deepEqual(limits({ controller: { tmpSizeLimit: '' } }), [undefined, undefined]);
  });

  test('a module for tracing is no obstacle, and the notes say that it is not needed', () => {
    const { notes } = render({ controller: { extraModules: [{ name: 'opentelemetry', image: { image: 'x' } }] } });
    assert.match(notes, /controller\.extraModules has no effect: Portico traces without/);
  });

  test('the fields of a chart value reach the object that they are meant for', () => {
    const { objects } = render({
      controller: {
        keda: { enabled: true, fallback: { failureThreshold: 3, replicas: 11 }, triggers: [{ type: 'cpu' }] },
        metrics: { enabled: true, service: { clusterIPs: ['10.0.0.2'] }, serviceMonitor: { enabled: true, jobLabel: 'app' } },
        admissionWebhooks: {
          service: { clusterIPs: ['10.0.0.3'] },
          certManager: { enabled: true, rootCert: { revisionHistoryLimit: 2 }, admissionCert: { revisionHistoryLimit: 3 } },
        },
      },
      defaultBackend: { enabled: true, service: { clusterIPs: ['10.0.0.4'] } },
    });
    assert.deepEqual(at(only(objects, 'ScaledObject'), 'spec', 'fallback'), { failureThreshold: 3, replicas: 11 });
    assert.equal(at(only(objects, 'ServiceMonitor'), 'spec', 'jobLabel'), 'app');
    assert.equal(at(only(objects, 'Certificate', 'portico-root-cert'), 'spec', 'revisionHistoryLimit'), 2);
    assert.equal(at(only(objects, 'Certificate', 'portico-admission'), 'spec', 'revisionHistoryLimit'), 3);
    const names = ['portico-controller-metrics', 'portico-controller-admission', 'portico-defaultbackend'];
    const addresses = names.map((name) => at(only(objects, 'Service', name), 'spec', 'clusterIPs'));
    assert.deepEqual(addresses, [['10.0.0.2'], ['10.0.0.3'], ['10.0.0.4']]);
  });

  test('the name of the release is used as it is where it has the name of the chart in it', () => {
    only(render({}, 'my-portico').objects, 'Deployment', 'my-portico-controller');
    only(render({}, 'edge').objects, 'Deployment', 'edge-portico-controller');
  });

  test('in the place of a release of ingress-nginx the names and selectors stay', () => {
    const { objects } = render({ nameOverride: 'ingress-nginx' }, 'ingress-nginx');
    const deployment = only(objects, 'Deployment', 'ingress-nginx-controller');
    const selector = {
      'app.kubernetes.io/name': 'ingress-nginx',
      'app.kubernetes.io/instance': 'ingress-nginx',
      'app.kubernetes.io/component': 'controller',
    };
    assert.deepEqual(at(deployment, 'spec', 'selector', 'matchLabels'), selector);
    only(objects, 'Service', 'ingress-nginx-controller');
    only(objects, 'ValidatingWebhookConfiguration', 'ingress-nginx-admission');
    assert.equal(valueOfFlag(deployment, 'election-id'), 'ingress-nginx-leader');
  });

  test('a values file of ingress-nginx: image, lifecycle and Job contexts of its own are not taken over', () => {
    const { objects, notes } = render(readValues('ingress-nginx-user.yaml'));
    const pod = at(only(objects, 'Deployment'), 'spec', 'template', 'spec');
    assert.equal(at(pod, 'containers', 0, 'image'), 'portico:0.1.0');
    assert.equal(at(pod, 'containers', 0, 'lifecycle'), undefined);
    assert.equal(at(pod, 'containers', 0, 'securityContext', 'runAsUser'), 101);
    assert.equal(
      at(
        pod,
        'affinity',
        'podAntiAffinity',
        'requiredDuringSchedulingIgnoredDuringExecution',
        0,
        'labelSelector',
        'matchExpressions',
        0,
        'values',
        0,
      ),
      'portico',
    );
    assert.match(notes, /controller\.image names the controller of ingress-nginx/);
    assert.match(notes, /controller\.lifecycle calls \/wait-shutdown/);
    assert.match(notes, /patch\.image has no effect/);
  });

  test('a values file of ingress-nginx: settings, headers, flags and the Service are', () => {
    const { objects } = render(readValues('ingress-nginx-user.yaml'));
    assert.deepEqual(at(only(objects, 'ConfigMap', 'portico-controller'), 'data'), {
      'allow-snippet-annotations': 'true',
      'add-headers': 'portico/portico-custom-add-headers',
      'proxy-set-headers': 'portico/portico-custom-proxy-headers',
      'ssl-dh-param': 'portico/portico-controller',
      'enable-real-ip': 'true',
      'proxy-body-size': '50m',
      'proxy-read-timeout': '120',
      'server-snippet': 'add_header X-Cluster portico;',
      'use-forwarded-headers': 'true',
      'worker-shutdown-timeout': '240s',
    });
    const deployment = only(objects, 'Deployment');
    assert.equal(valueOfFlag(deployment, 'metrics-per-host'), 'false');
    assert.equal(valueOfFlag(deployment, 'v'), '2');
    const service = only(objects, 'Service', 'portico-controller');
    assert.equal(at(service, 'spec', 'externalTrafficPolicy'), 'Local');
    assert.equal(at(service, 'spec', 'ports', 1, 'targetPort'), 'http');
    assert.equal(at(only(objects, 'PodDisruptionBudget'), 'spec', 'minAvailable'), 2);
  });

  test('with the image of a mirror, Portico is taken from where the repository says', () => {
    const image = (values: ValueMap): Value =>
      at(only(render(values).objects, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'image');
    assert.equal(image({ controller: { image: { repository: 'r.example/portico', tag: '1.2' } } }), 'r.example/portico:1.2');
    assert.equal(image({ global: { image: { registry: 'r.example' } } }), 'r.example/portico:0.1.0');
    assert.equal(image({ global: { image: { registry: 'registry.k8s.io' } } }), 'portico:0.1.0');
    const theirs = { image: 'ingress-nginx/controller', tag: 'v1.12.3', registry: 'registry.k8s.io' };
    assert.equal(image({ controller: { image: { ...theirs, repository: 'r.example/portico' } } }), 'r.example/portico:0.1.0');
    const digest = `sha256:${'a'.repeat(64)}`;
    assert.equal(image({ controller: { image: { digest } } }), `portico:0.1.0@${digest}`);
  });

  test('without a Service, node addresses are reported and may be read; with one they may not', () => {
    const nodes = (values: ValueMap): readonly Value[] =>
      rulesOf(render(values).objects).filter((rule) => listAt(rule, 'resources').includes('nodes'));
    assert.equal(nodes(readValues('daemonset-host-network.yaml')).length, 1);
    assert.equal(nodes({}).length, 0);
    assert.equal(nodes({ controller: { enableTopologyAwareRouting: true } }).length, 1);
    assert.equal(nodes(readValues('two-installations.yaml')).length, 0);
  });

  test('with a scope, ConfigMaps of a third namespace can be read by their names', () => {
    const controller = { configMapNamespace: 'settings', tcp: { configMapNamespace: 'net' }, udp: { configMapNamespace: 'shop' } };
    const streams = { tcp: { '9000': 'shop/db:5432' }, udp: { '53': 'shop/dns:53' } };
    const { objects } = render({ controller: { ...controller, scope: { enabled: true, namespace: 'shop' } }, ...streams });
    for (const [suffix, namespace, name] of [
      ['configmap', 'settings', 'portico-controller'],
      ['tcp', 'net', 'portico-tcp'],
    ] as const) {
      const role = only(objects, 'Role', `portico-${suffix}`);
      assert.equal(at(role, 'metadata', 'namespace'), namespace);
      assert.deepEqual(at(role, 'rules', 0, 'resourceNames'), [name]);
      assert.equal(at(only(objects, 'ConfigMap', name), 'metadata', 'namespace'), namespace);
      assert.equal(at(only(objects, 'RoleBinding', `portico-${suffix}`), 'metadata', 'namespace'), namespace);
    }
    const named = (rendered: readonly ValueMap[]): readonly Value[] =>
      rendered.filter(({ kind }) => kind === 'Role').map((role) => at(role, 'metadata', 'name'));
    assert.ok(!named(objects).includes('portico-udp'));
    assert.ok(!named(render({ controller, ...streams }).objects).includes('portico-tcp'));
  });

  test('with rbac.scope there is no right in the whole cluster', () => {
    const { objects } = render(readValues('keda-scope.yaml'));
    assert.deepEqual(
      objects.filter((object) => object['kind'] === 'ClusterRole').map((object) => at(object, 'metadata', 'name')),
      ['portico-admission'],
    );
    assert.equal(at(only(objects, 'Role', 'portico-watched'), 'metadata', 'namespace'), 'shop');
  });

  test('no rule has a wildcard, nor a verb that nothing uses', () => {
    const used: Record<string, readonly string[]> = {
      configmaps: ['get', 'list', 'watch'],
      endpointslices: ['list', 'watch'],
      ingressclasses: ['list', 'watch'],
      ingresses: ['list', 'watch'],
      'ingresses/status': ['patch'],
      namespaces: ['get', 'list', 'watch'],
      nodes: ['get'],
      pods: ['get', 'list'],
      services: ['list', 'watch'],
      events: ['create', 'patch'],
      leases: ['create', 'get', 'update'],
      secrets: ['create', 'get', 'list', 'update', 'watch'],
      validatingwebhookconfigurations: ['get', 'patch'],
    };
    for (const file of valuesFiles) {
      for (const rule of rulesOf(render(readValues(file)).objects)) {
        assert.doesNotMatch(JSON.stringify(rule), /\*/);
        for (const resource of listAt(rule, 'resources').map(String)) {
          const allowed = used[resource] ?? [];
          for (const verb of listAt(rule, 'verbs')) assert.ok(allowed.includes(String(verb)), `${file}: ${resource} ${String(verb)}`);
        }
        const isOwnSecret = listAt(rule, 'resources').includes('secrets') && listAt(rule, 'verbs').includes('update');
        if (isOwnSecret) assert.equal(listAt(rule, 'resourceNames').length, 1);
      }
    }
  });

  const refusals: readonly (readonly [values: ValueMap, pattern: RegExp])[] = [
    [{ controller: { customTemplate: { configMapName: 'x' } } }, /customTemplate: there is no nginx/],
    [{ controller: { extraModules: [{ name: 'brotli' }] } }, /extraModules: there is no nginx/],
    [{ controller: { autoscaling: { enabled: true }, keda: { enabled: true } } }, /cannot both be enabled/],
    [{ controller: { scope: { enabled: true, namespaceSelector: 'a=b' } } }, /not both/],
    [{ rbac: { scope: true } }, /rbac\.scope needs controller\.scope\.enabled/],
    [{ controller: { hostNetwork: true, sysctls: { 'net.core.somaxconn': '1' } } }, /sysctls cannot be set together/],
  ];
  for (const [values, pattern] of refusals) {
    test(`refused: ${JSON.stringify(values)}`, () => assert.throws(() => render(values), pattern));
  }
});

function isController(object: ValueMap): boolean {
  return (
    (object['kind'] === 'Deployment' || object['kind'] === 'DaemonSet') &&
    at(object, 'metadata', 'labels', 'app.kubernetes.io/component') === 'controller'
  );
}

function isSubset(part: Value, whole: Value): boolean {
  return isMap(part) && isMap(whole) && Object.entries(part).every(([key, value]) => whole[key] === value);
}

function rulesOf(objects: readonly ValueMap[]): readonly Value[] {
  return objects
    .filter((object) => object['kind'] === 'Role' || object['kind'] === 'ClusterRole')
    .flatMap((object) => listAt(object, 'rules'));
}

function valueOfFlag(workload: ValueMap, name: string): string | undefined {
  const prefix = `--${name}=`;
  return controllerArgs(workload)
    .findLast((arg) => arg.startsWith(prefix))
    ?.slice(prefix.length);
}

function checkFlag(arg: string): readonly string[] {
  const [, name = '', value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(arg) ?? [];
  const key = flagKeys.find((one) => flags[one].name === name);
  if (key === undefined) return [`${arg}: no such flag`];
  if (value === undefined) return flags[key].placeholder === null ? [] : [`${arg}: a value is missing`];
  const result = parseFlag(key, value);
  return result.ok ? [] : [`${arg}: ${result.error}`];
}
