// What is read here is what the Kubernetes client library reads, for everything that does not go to the library anyway.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readWithLibrary } from './kubeconfig-library.ts';
import { loadKubeconfig } from './kubeconfig.ts';

describe('a kubeconfig', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  const path = join(directory, 'config');
  after(() => rmSync(directory, { recursive: true }));
  for (const name of ['ca', 'cert', 'key', 'token']) writeFileSync(join(directory, name), `${name} of a file`);

  const status = '{"token":"of-$1","expirationTimestamp":"2026-01-01T00:00:00Z","clientCertificateData":"C","clientKeyData":"K"}';
  const credential = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":${status}}`;
  writeFileSync(join(directory, 'plugin'), `#!/bin/sh\ncat <<END\n${credential}\nEND\n`, { mode: 0o755 });

  const write = (cluster: object, user: object, rest: object = {}): void => {
    const others = {
      clusters: { name: 'other', cluster: { server: 'https://other' } },
      users: { name: 'other', user: { token: 'other' } },
    };
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'chosen',
      contexts: [
        { name: 'other', context: { cluster: 'other', user: 'other' } },
        { name: 'chosen', context: { cluster: 'c', user: 'u', namespace: 'n' } },
      ],
      clusters: [others.clusters, { name: 'c', cluster }],
      users: [others.users, { name: 'u', user }],
      ...rest,
    };
    writeFileSync(path, JSON.stringify(content));
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const https = { server: 'https://api.test:6443/' };

  const cases: readonly (readonly [string, object, object])[] = [
    ['a token', https, { token: 'secret' }],
    ['a token in a file', https, { tokenFile: 'token', token: 'old' }],
    ['a name and a password', https, { username: 'alice', password: 'open' }],
    ['a client certificate in files', { ...https, 'certificate-authority': 'ca' }, { 'client-certificate': 'cert', 'client-key': 'key' }],
    [
      'a client certificate in itself',
      { ...https, 'certificate-authority-data': base64('CA') },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    ],
    ['another name of the server', { ...https, 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true }, { token: 'secret' }],
    ['somebody else to be', https, { token: 'secret', as: 'bob' }],
    [
      'an exec plugin',
      { ...https, 'certificate-authority-data': base64('CA') },
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', args: ['given'] } },
    ],
    ['no TLS', { server: 'http://127.0.0.1:8001', 'insecure-skip-tls-verify': true }, { token: 'secret' }],
    [
      'fields without a value',
      { ...https, 'certificate-authority': null, extensions: [{ name: 'x' }] },
      { token: 'secret', username: null },
    ],
  ];
  for (const [name, cluster, user] of cases) {
    it(`with ${name} means what it means to the library`, async () => {
      write(cluster, user);
      const read = await loadKubeconfig(path);
      assert.equal(read.agent, undefined);
      assert.equal(read.plugin !== undefined, 'exec' in user);
      assert.deepEqual(read, await readWithLibrary(path));
    });
  }

  it('with an exec plugin says what went wrong', async () => {
    const failing = async (exec: object): Promise<string> => {
      write(https, { exec: { apiVersion: 'client.authentication.k8s.io/v1', ...exec } });
      return String(await loadKubeconfig(path).catch((error: unknown) => error));
    };
    assert.match(
      await failing({ command: 'no-such-plugin', installHint: 'Install it.' }),
      /its exec plugin failed: .*ENOENT: Install it\./,
    );
    assert.match(await failing({ command: 'sh', args: ['-c', 'echo sign in first >&2; exit 3'] }), /its exec plugin failed: sign in first/);
    assert.match(await failing({ command: 'echo', args: ['{}'] }), /printed no ExecCredential/);
    assert.match(await failing({ command: './plugin', apiVersion: 'client.authentication.k8s.io/v1beta1' }), /in another version/);
    assert.match(await failing({ command: './plugin', interactiveMode: 'Always' }), /asks a person/);
    assert.match(await failing({}), /has no command/);
  });

  it('with a mistake is refused with its path', async () => {
    const mistakes: readonly (() => void)[] = [
      () => write({}, { token: 'secret' }),
      () => write({ ...https, 'certificate-authority': 'nowhere' }, { token: 'secret' }),
      () => write(https, { tokenFile: 'nowhere' }),
      () => write(https, { token: 'secret' }, { 'current-context': 'nowhere' }),
      () => writeFileSync(path, '{'),
    ];
    for (const make of mistakes) {
      make();
      await assert.rejects(loadKubeconfig(path), new RegExp(`the kubeconfig ${path} cannot be used: .`), make.toString());
    }
  });

  it('with a proxy goes to the library', async () => {
    write({ ...https, 'proxy-url': 'http://proxy.test:3128' }, { token: 'secret' });
    assert.notEqual((await loadKubeconfig(path)).agent, undefined);
  });
});
