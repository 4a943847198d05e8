// /nginx_status: the page of stub_status with the numbers of all workers, for the addresses that the ConfigMap names.
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from './cluster-rig.ts';
import { startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

const PAGE =
  /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/;

function config(data: Readonly<Record<string, string>>): string {
  const lines = Object.entries(data).map(([key, value]) => `  ${key}: "${value}"`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller}\ndata:\n${lines.join('\n')}\n`;
}

const rule = (path: string): string => `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: none, port: {number: 80}}}}]}
    - http: {paths: [{path: ${path}, pathType: Exact, backend: {service: {name: none, port: {number: 80}}}}]}
`;

describe('the status page', () => {
  let portico: Portico;
  before(async () => {
    portico = await startPortico({ manifests: { 'rule.yaml': rule('/other') }, workers: 2 });
  });
  after(() => portico.stop());

  function ask(
    host = 'unknown.test',
    path = '/nginx_status',
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const agent = new Agent({ keepAlive: false });
      get({ host: '127.0.0.1', port: portico.httpPort, path, agent, headers: { host } }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }));
      }).on('error', reject);
    });
  }

  async function numbers(): Promise<readonly number[]> {
    const { status, type, body } = await ask();
    assert.equal(status, 200);
    assert.equal(type, 'text/plain');
    return (PAGE.exec(body) ?? assert.fail(body)).slice(1).map(Number);
  }

  it('counts connections and requests of both workers', async () => {
    const [, acceptedBefore = 0, , requestsBefore = 0] = await numbers();
    for (let count = 0; count < 20; count++) await ask('unknown.test', '/missing');
    const [, accepted, handled, requests] = await numbers();
    assert.deepEqual([accepted, handled, requests], [acceptedBefore + 21, acceptedBefore + 21, requestsBefore + 21]);
  });

  it('tells connections that wait from the one that asks', async () => {
    const idle = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const socket = net.connect(portico.httpPort, '127.0.0.1', () => socket.write('GET /missing HTTP/1.1\r\nHost: a\r\n\r\n'));
        await new Promise((resolve) => socket.once('data', resolve));
        return socket;
      }),
    );
    let seen: readonly number[] = [];
    await waitUntil(
      async () => {
        seen = await numbers();
        const [active, , , , reading, writing, waiting] = seen;
        return active === 7 && reading === 0 && writing === 1 && waiting === 6;
      },
      () => JSON.stringify(seen),
    );
    for (const socket of idle) socket.destroy();
  });

  it('is there only for hosts that no rule names, and not in the log', async () => {
    assert.equal((await ask('shop.test')).status, 503);
    await ask('unknown.test', '/other');
    await waitUntil(
      () => portico.output().includes('GET /other '),
      () => portico.output(),
    );
    assert.doesNotMatch(portico.output(), /GET \/nginx_status HTTP\/1\.1" 200/);
  });

  it('is refused to other addresses, and follows the ConfigMap', async () => {
    const waitForStatus = (status: number): Promise<void> =>
      waitUntil(
        async () => (await ask()).status === status,
        () => `it is not ${status}\n${portico.output()}`,
      );
    portico.write('config.yaml', config({ 'nginx-status-ipv4-whitelist': '192.0.2.0/24' }));
    await waitForStatus(403);
    portico.write('config.yaml', config({ 'nginx-status-ipv4-whitelist': '192.0.2.1,127.0.0.0/8' }));
    await waitForStatus(200);
    portico.write('config.yaml', config({ 'nginx-status-ipv4-whitelist': '' }));
    await waitForStatus(403);
    portico.write('config.yaml', config({ 'nginx-status-ipv4-whitelist': 'everybody' }));
    await waitForStatus(200);
  });

  it('gives way to a rule for its path', async () => {
    portico.write('rule.yaml', rule('/nginx_status'));
    await waitUntil(
      async () => (await ask()).status === 503,
      () => portico.output(),
    );
  });
});
