import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startApiServer } from '../../../test/support/api-server/start-api-server.ts';
import type { ApiServer } from '../../../test/support/api-server/start-api-server.ts';
import type { ApiClient } from './api-client.ts';
import { createApiClient } from './api-client.ts';
import { isExpired } from './api-error.ts';
import { apiResources } from './api-resource.ts';
import type { CredentialOptions } from './credentials.ts';
import { createCredentials } from './credentials.ts';

const { signal } = new AbortController();
const ingresses = { resource: apiResources.Ingress, namespace: 'default' };
const named = (name: string) => ({ ...ingresses, name });

function ingress(
  name: string,
  host = `${name}.test`,
): { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string }; readonly spec: object } {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name }, spec: { rules: [{ host }] } };
}

describe('the client of the API', () => {
  let api: ApiServer;
  let directory: string;
  const clients: ApiClient[] = [];

  const connect = async (options: Partial<CredentialOptions>): Promise<ApiClient> => {
    const credentials = await createCredentials({
      kubeconfig: '',
      apiserverHost: '',
      certificateAuthority: '',
      env: {},
      nowMs: () => performance.now(),
      ...options,
    });
    const client = createApiClient({
      credentials,
      userAgent: 'portico/test',
      fieldManager: 'portico',
      timing: { requestTimeoutMs: 5_000 },
    });
    clients.push(client);
    return client;
  };

  before(async () => {
    api = await startApiServer();
    directory = mkdtempSync(join(tmpdir(), 'api-client-'));
    api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  });
  after(async () => {
    for (const client of clients) client.close();
    await api.close();
    rmSync(directory, { recursive: true });
  });

  it('creates, reads, replaces, patches and deletes, and tells refusals by status and reason', async () => {
    const client = await connect({ kubeconfig: api.kubeconfig() });
    const created = await client.create(ingresses, ingress('one'), signal);
    assert.ok(created.ok, JSON.stringify(created));
    const again = await client.create(ingresses, ingress('one'), signal);
    assert.deepEqual(again.ok ? '' : [again.error.status, again.error.reason], [409, 'AlreadyExists']);
    const changed = { ...(created.value as object), spec: { rules: [{ host: 'changed.test' }] } };
    assert.ok((await client.update(named('one'), changed, signal)).ok);
    const stale = await client.update(named('one'), changed, signal);
    assert.deepEqual(stale.ok ? '' : [stale.error.status, stale.error.reason], [409, 'Conflict']);
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
    const applied = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'one' }, status };
    assert.ok((await client.patch({ ...named('one'), subresource: 'status' }, { kind: 'apply', object: applied, force: true }, signal)).ok);
    const operations = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }] as const;
    assert.ok((await client.patch(named('one'), { kind: 'json', operations }, signal)).ok);
    assert.ok((await client.patch(named('one'), { kind: 'merge', object: { metadata: { labels: { c: 'd' } } } }, signal)).ok);
    const stored = api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'one' });
    assert.deepEqual([stored?.['status'], stored?.metadata.labels], [status, { a: 'b', c: 'd' }]);
    assert.ok((await client.delete(named('one'), signal)).ok);
    const missing = await client.get(named('one'), signal);
    assert.deepEqual(missing.ok ? '' : [missing.error.status, missing.error.reason], [404, 'NotFound']);
  });

  it('lists all pages, and begins anew where they expire', async () => {
    for (let index = 0; index < 1_001; index++) api.put(ingress(`page-${index}`));
    const client = await connect({ kubeconfig: api.kubeconfig() });
    const list = await client.list(ingresses, signal);
    assert.equal(list.ok && list.value.items.length, 1_001);
    const first = await client.listPage(ingresses, {}, signal);
    assert.ok(first.ok && first.value.continueToken !== '');
    api.compact();
    const second = await client.listPage(ingresses, { continueToken: first.value.continueToken }, signal);
    assert.ok(!second.ok && isExpired(second.error));
    const selected = await client.list({ ...ingresses, fieldSelector: 'metadata.name=page-7' }, signal);
    assert.equal(selected.ok && selected.value.items.length, 1);
  });

  it('reads metadata alone, so that no data leaves the API server', async () => {
    api.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'private' }, data: { key: 'c2VjcmV0' } });
    const client = await connect({ kubeconfig: api.kubeconfig() });
    const list = await client.list({ resource: apiResources.Secret, namespace: '', isMetadataOnly: true }, signal);
    assert.ok(list.ok);
    assert.match(JSON.stringify(list.value), /private/);
    assert.doesNotMatch(JSON.stringify(list.value), /c2VjcmV0/);
  });

  it('says how long it is asked to wait', async () => {
    const client = await connect({ kubeconfig: api.kubeconfig() });
    api.fail({ status: 429, retryAfterSeconds: 7, times: 1 });
    const refused = await client.get(named('any'), signal);
    assert.deepEqual(refused.ok ? '' : [refused.error.status, refused.error.retryAfterSeconds], [429, 7]);
  });

  it('ends a watch and a request when its caller gives up', async () => {
    const client = await connect({ kubeconfig: api.kubeconfig() });
    const stop = new AbortController();
    const watching = { resourceVersion: '', timeoutSeconds: 60, onEvent: () => undefined, onOpen: () => setImmediate(() => stop.abort()) };
    const watch = await client.watch(ingresses, watching, stop.signal);
    assert.equal(watch.ok ? '' : watch.error.reason, 'Aborted');
    const late = await client.get(named('any'), stop.signal);
    assert.equal(late.ok ? '' : late.error.reason, 'Aborted');
  });

  it('is a user by client certificate', async () => {
    const client = await connect({ kubeconfig: await api.certificateKubeconfig('alice') });
    assert.deepEqual(await whoAmI(client), 'alice');
  });

  it('asks an exec plugin of the kubeconfig', async () => {
    api.addToken('from-plugin', { name: 'plugin-user', groups: [] });
    const plugin = join(directory, 'plugin.sh');
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'from-plugin' } };
    writeFileSync(plugin, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(credential)}\nEND\n`);
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    assert.equal(await whoAmI(await connect({ kubeconfig: writeKubeconfig('exec', { exec }) })), 'plugin-user');
  });

  it('finds an exec plugin beside the kubeconfig, and tells it what it is asked for', async () => {
    api.addToken('told', { name: 'told-user', groups: [] });
    const status = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"told"}}';
    const script = `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO $GIVEN" > ${join(directory, 'told')}\necho '${status}'\n`;
    writeFileSync(join(directory, 'beside.sh'), script, { mode: 0o755 });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './beside.sh',
      interactiveMode: 'Never',
      provideClusterInfo: true,
      env: [{ name: 'GIVEN', value: 'too' }],
    };
    assert.equal(await whoAmI(await connect({ kubeconfig: writeKubeconfig('beside', { exec }) })), 'told-user');
    const [, info = '', given] = /^(\{.*\}) (\w+)\n$/.exec(readFileSync(join(directory, 'told'), 'utf8')) ?? [];
    const { kind, apiVersion, spec } = JSON.parse(info) as {
      kind: string;
      apiVersion: string;
      spec: { interactive: boolean; cluster: { server: string } };
    };
    assert.deepEqual([kind, apiVersion, given], ['ExecCredential', 'client.authentication.k8s.io/v1', 'too']);
    assert.deepEqual([spec.interactive, spec.cluster.server], [false, api.url]);
  });

  /** A plugin that counts its runs, waits while `gate` exists, and gives the token in the file `token`. */
  const writePlugin = (name: string, token: string, expirationTimestamp?: string) => {
    const [gate, runs, tokenFile] = ['gate', 'runs', 'token'].map((what) => join(directory, `${name}-${what}`)) as [string, string, string];
    const status = expirationTimestamp === undefined ? '' : `,"expirationTimestamp":"${expirationTimestamp}"`;
    const answer = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"$(cat ${tokenFile})"${status}}}`;
    const script = `#!/bin/sh\necho run >> ${runs}\nwhile [ -e ${gate} ]; do sleep 0.05; done\ncat <<END\n${answer}\nEND\n`;
    writeFileSync(tokenFile, token);
    writeFileSync(join(directory, `${name}.sh`), script, { mode: 0o755 });
    return {
      kubeconfig: writeKubeconfig(name, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: `./${name}.sh` } }),
      give: (other: string) => writeFileSync(tokenFile, other),
      hang: () => writeFileSync(gate, ''),
      goOn: () => rmSync(gate),
      runs: () => readFileSync(runs, 'utf8').length / 'run\n'.length,
    };
  };

  it('goes on with what an exec plugin said before while it hangs, and runs it once at a time', async () => {
    api.addToken('kept', { name: 'kept-user', groups: [] });
    const plugin = writePlugin('hanging', 'kept', '1970-01-01T00:10:00Z');
    let nowMs = 0;
    const clock = (): number => nowMs;
    const client = await connect({ kubeconfig: plugin.kubeconfig, nowMs: clock, epochMs: clock, readLimitMs: 1_000 });
    assert.equal(await whoAmI(client), 'kept-user');
    plugin.hang();
    nowMs = 541_000;
    assert.equal(await whoAmI(client), 'kept-user');
    assert.equal(await whoAmI(client), 'kept-user');
    assert.equal(plugin.runs(), 2);
    plugin.goOn();
  });

  it('runs an exec plugin again when what it gave is about to expire, not before', async () => {
    api.addToken('expiring', { name: 'expiring-user', groups: [] });
    const plugin = writePlugin('expiring', 'expiring', '1970-01-01T00:10:00Z');
    let nowMs = 0;
    const clock = (): number => nowMs;
    const client = await connect({ kubeconfig: plugin.kubeconfig, nowMs: clock, epochMs: clock });
    const runsAt: number[] = [];
    for (nowMs of [0, 61_000, 539_000, 541_000, 590_000, 595_000]) {
      assert.equal(await whoAmI(client), 'expiring-user');
      runsAt.push(plugin.runs());
    }
    assert.deepEqual(runsAt, [1, 1, 1, 2, 2, 3], 'a minute before the end, then again after nine tenths of the time that is left');
  });

  it('goes on with what an exec plugin said before while it fails, and does not run it for each request', async () => {
    api.addToken('failing', { name: 'failing-user', groups: [] });
    const plugin = writePlugin('failing', 'failing', '1970-01-01T00:10:00Z');
    let nowMs = 0;
    const clock = (): number => nowMs;
    const client = await connect({ kubeconfig: plugin.kubeconfig, nowMs: clock, epochMs: clock });
    assert.equal(await whoAmI(client), 'failing-user');
    plugin.give('not" JSON');
    const runsAt: number[] = [];
    for (nowMs of [541_000, 542_000, 545_000, 547_000]) {
      assert.equal(await whoAmI(client), 'failing-user');
      runsAt.push(plugin.runs());
    }
    assert.deepEqual(runsAt, [2, 2, 2, 3]);
  });

  it('runs an exec plugin whose credentials do not expire again when they are refused, once for all requests', async () => {
    api.addToken('first', { name: 'first-user', groups: [] });
    const plugin = writePlugin('refused', 'first');
    let nowMs = 0;
    const client = await connect({ kubeconfig: plugin.kubeconfig, nowMs: () => nowMs });
    assert.equal(await whoAmI(client), 'first-user');
    nowMs = 86_400_000;
    assert.equal(await whoAmI(client), 'first-user');
    assert.equal(plugin.runs(), 1);
    api.revokeToken('first');
    api.addToken('second', { name: 'second-user', groups: [] });
    plugin.give('second');
    assert.deepEqual(
      await Promise.all([1, 2, 3, 4].map(() => whoAmI(client))),
      Array.from({ length: 4 }, () => 'second-user'),
    );
    assert.equal(plugin.runs(), 2);
  });

  it('says what is wrong with a kubeconfig or with its plugin, but shows no token', async () => {
    const file = join(directory, 'torn');
    const connectTo = (text: string): Promise<string> => {
      writeFileSync(file, text);
      return connect({ kubeconfig: file }).then(
        async (client) => {
          const answer = await client.get(named('any'), signal);
          return answer.ok ? '' : answer.error.message;
        },
        (error: unknown) => String(error),
      );
    };
    const torn = await connectTo('users:\n- name: a\n  user:\n    token: secret-token: x\n');
    assert.match(torn, /torn cannot be used: .* at line 4/);
    writeFileSync(join(directory, 'raw.sh'), '#!/bin/sh\necho secret-token\n', { mode: 0o755 });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './raw.sh' };
    const client = await connect({ kubeconfig: writeKubeconfig('raw', { exec }) });
    const raw = await client.get(named('any'), signal);
    const message = raw.ok ? '' : raw.error.message;
    assert.match(message, /exec plugin printed is not JSON/);
    assert.doesNotMatch(torn + message, /secret-token/);
  });

  it('reads the token of a kubeconfig from its file', async () => {
    api.addToken('in-file', { name: 'file-user', groups: [] });
    writeFileSync(join(directory, 'token'), 'in-file\n');
    assert.equal(await whoAmI(await connect({ kubeconfig: writeKubeconfig('file', { tokenFile: 'token' }) })), 'file-user');
  });

  it('uses the service account of its pod, and reads the token again when the API server refuses it', async () => {
    const { hostname, port } = new URL(api.url);
    const account = join(directory, 'account');
    writeAccount(account, 'first-token');
    api.addToken('first-token', { name: 'pod', groups: [] });
    const client = await connect({
      env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountPath: account,
    });
    assert.equal(await whoAmI(client), 'pod');
    api.revokeToken('first-token');
    api.addToken('second-token', { name: 'pod-later', groups: [] });
    writeFileSync(join(account, 'token'), 'second-token');
    assert.equal(await whoAmI(client), 'pod-later');
    api.revokeToken('second-token');
    const refused = await client.get(named('any'), signal);
    assert.equal(refused.ok ? '' : refused.error.status, 401);
  });

  it('reads a rotated token before the old one ends', async () => {
    const { hostname, port } = new URL(api.url);
    const account = join(directory, 'rotated');
    writeAccount(account, 'old');
    api.addToken('old', { name: 'old-token', groups: [] });
    api.addToken('new', { name: 'new-token', groups: [] });
    let nowMs = 0;
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const client = await connect({ env, serviceAccountPath: account, nowMs: () => nowMs });
    assert.equal(await whoAmI(client), 'old-token');
    writeFileSync(join(account, 'token'), 'new');
    assert.equal(await whoAmI(client), 'old-token');
    nowMs = 61_000;
    assert.equal(await whoAmI(client), 'new-token');
  });

  it('trusts no server that the authority does not vouch for', async () => {
    const stranger = await connect({ apiserverHost: api.url });
    const refused = await stranger.getPath('/version', signal);
    assert.equal(refused.ok ? '' : refused.error.reason, 'Unreachable');
    const trusting = await connect({ apiserverHost: api.url, certificateAuthority: api.caPath });
    const anonymous = await trusting.getPath('/version', signal);
    assert.equal(anonymous.ok ? '' : anonymous.error.status, 401);
  });

  it('says what is missing where there are no credentials', async () => {
    const nowhere = await connect({});
    const failed = await nowhere.getPath('/version', signal);
    assert.match(failed.ok ? '' : failed.error.message, /--kubeconfig FILE/);
    const wrong = await connect({ kubeconfig: join(directory, 'no-such-file') });
    const unreadable = await wrong.getPath('/version', signal);
    assert.match(unreadable.ok ? '' : unreadable.error.message, /no-such-file cannot be used/);
  });

  const whoAmI = async (client: ApiClient): Promise<unknown> => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const answer = await client.create({ resource: apiResources.SelfSubjectReview, namespace: '' }, review, signal);
    assert.ok(answer.ok, JSON.stringify(answer));
    return (answer.value as { status: { userInfo: { username: string } } }).status.userInfo.username;
  };

  const writeKubeconfig = (name: string, user: object): string => {
    const path = join(directory, name);
    const cluster = { server: api.url, 'certificate-authority': api.caPath };
    const contexts = [{ name: 'c', context: { cluster: 'c', user: 'u' } }];
    writeFileSync(
      path,
      JSON.stringify({ 'current-context': 'c', clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user }], contexts }),
    );
    return path;
  };

  const writeAccount = (path: string, token: string): void => {
    mkdirSync(path);
    writeFileSync(join(path, 'token'), token);
    writeFileSync(join(path, 'ca.crt'), api.caPem);
  };
});
