// `portico webhook-certs` against an API server that grants exactly the rights that the chart gives to its Jobs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startApiServer } from '../support/api-server/start-api-server.ts';
import type { ApiServer } from '../support/api-server/start-api-server.ts';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));
const NAMESPACE = 'ingress';
const NAME = 'portico-admission';
const SERVICE = 'portico-controller-admission';

describe('portico webhook-certs', () => {
  let api: ApiServer;
  let kubeconfig: string;

  beforeEach(async () => {
    api = await startApiServer();
    putRights(api);
    api.setAuthorization('rbac');
    kubeconfig = api.kubeconfig({ name: 'job', groups: [] });
  });
  afterEach(() => api.close());

  const run = (...args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> =>
    new Promise((resolve) => {
      const child = spawn(launcher, [
        'webhook-certs',
        ...args,
        `--kubeconfig=${kubeconfig}`,
        `--namespace=${NAMESPACE}`,
        `--secret-name=${NAME}`,
      ]);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.on('close', (status) => resolve({ status, output }));
    });
  const create = (...hosts: readonly string[]): ReturnType<typeof run> => run('create', `--host=${hosts.join(',')}`);
  const patch = (policy = 'Fail'): ReturnType<typeof run> => run('patch', `--webhook-name=${NAME}`, `--patch-failure-policy=${policy}`);
  const secret = (): Record<string, string> => {
    const stored = api.get({ apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name: NAME });
    return stored?.['data'] as Record<string, string>;
  };
  const webhooks = (): Record<string, unknown>[] => {
    const stored = api.get({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', name: NAME });
    return stored?.['webhooks'] as Record<string, unknown>[];
  };

  it('makes the Secret once, and enters its authority into every webhook', async () => {
    const hosts = [SERVICE, `${SERVICE}.${NAMESPACE}.svc`];
    assert.deepEqual(await create(...hosts), { status: 0, output: `Secret ${NAMESPACE}/${NAME} was created\n` });
    const first = secret();
    assert.deepEqual(Object.keys(first).sort(), ['ca', 'cert', 'key']);
    const again = await create(...hosts);
    assert.equal(again.status, 0);
    assert.match(again.output, /stays as it is/);
    assert.deepEqual(secret(), first);

    putConfiguration(api);
    assert.deepEqual(await patch(), { status: 0, output: `ValidatingWebhookConfiguration ${NAME} was patched\n` });
    for (const webhook of webhooks()) {
      assert.equal(webhook['failurePolicy'], 'Fail');
      assert.deepEqual(webhook['clientConfig'], { service: { name: SERVICE, namespace: NAMESPACE, path: '/' }, caBundle: first['ca'] });
    }
    api.forgetRequests();
    assert.match((await patch()).output, /is as it should be/);
    assert.deepEqual(
      api.requests.map(({ verb }) => verb),
      ['get', 'get'],
    );
    assert.match((await patch('Ignore')).output, /was patched/);
    assert.equal(webhooks()[0]?.['failurePolicy'], 'Ignore');
  });

  it('renews a certificate that is not for the names, and keeps the old authority beside the new one', async () => {
    await create('old.svc');
    const before = secret();
    const renewal = await create(SERVICE);
    assert.match(renewal.output, /was renewed: the certificate is not for portico-controller-admission/);
    const after = secret();
    assert.notEqual(after['cert'], before['cert']);
    const bundle = Buffer.from(after['ca'] ?? '', 'base64').toString();
    assert.ok(bundle.endsWith(Buffer.from(before['ca'] ?? '', 'base64').toString()));
    assert.equal(bundle.match(/BEGIN CERTIFICATE/g)?.length, 2);
  });

  it('says what is missing, and ends with 1', async () => {
    const early = await patch();
    assert.equal(early.status, 1);
    assert.match(early.output, /Secret ingress\/portico-admission: 404/);
    await create(SERVICE);
    const unconfigured = await patch();
    assert.equal(unconfigured.status, 1);
    assert.match(unconfigured.output, /ValidatingWebhookConfiguration portico-admission: 404/);
    kubeconfig = api.kubeconfig({ name: 'nobody', groups: [] });
    const forbidden = await create(SERVICE);
    assert.equal(forbidden.status, 1);
    assert.match(forbidden.output, /403/);
    assert.equal((await run('create')).status, 2);
    assert.equal((await run('patch', `--webhook-name=${NAME}`, '--patch-failure-policy=Maybe')).status, 2);
  });
});

/** As templates/admission of the chart has them. */
function putRights(api: ApiServer): void {
  const group = 'rbac.authorization.k8s.io';
  const apiVersion = `${group}/v1`;
  const subjects = [{ kind: 'User', name: 'job', apiGroup: group }];
  api.put({
    apiVersion,
    kind: 'Role',
    metadata: { name: NAME, namespace: NAMESPACE },
    rules: [
      { apiGroups: [''], resources: ['secrets'], resourceNames: [NAME], verbs: ['get', 'update'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    ],
  });
  api.put({
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name: NAME, namespace: NAMESPACE },
    roleRef: { apiGroup: group, kind: 'Role', name: NAME },
    subjects,
  });
  api.put({
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name: NAME },
    rules: [
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['validatingwebhookconfigurations'],
        resourceNames: [NAME],
        verbs: ['get', 'patch'],
      },
    ],
  });
  api.put({
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: NAME },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: NAME },
    subjects,
  });
}

function putConfiguration(api: ApiServer): void {
  const webhook = (name: string): object => ({
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    clientConfig: { service: { name: SERVICE, namespace: NAMESPACE, path: '/' } },
  });
  api.put({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME },
    webhooks: [webhook('one.example.com'), webhook('two.example.com')],
  });
}
