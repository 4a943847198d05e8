// enable-auth-access-log: one more line for each request to an authentication service.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from './cluster-rig.ts';
import { configMap, ingress, ingressClass, service } from './manifests.ts';
import { startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

const FORMAT = '<$request_method $request_uri $status [$upstream_status] [$upstream_addr] $proxy_upstream_name $http_x_tag $req_id>';

function manifests(port: number, logsAuth: boolean): string {
  const config = { 'enable-auth-access-log': String(logsAuth), 'log-format-upstream': FORMAT };
  const guarded = ingress('shop', 'web', { 'auth-url': `http://127.0.0.1:${port}/check` });
  return ingressClass + service('web', [port]) + guarded + configMap(config);
}

describe('requests to authentication services', () => {
  let server: Server;
  let port = 0;
  const running: Portico[] = [];

  before(async () => {
    server = createServer((request, response) => {
      const original = request.headers['x-original-url'] ?? '';
      if (request.url === '/check' && String(original).includes('/hangup')) request.socket.destroy();
      else response.writeHead(request.url !== '/check' ? 200 : String(original).includes('/denied') ? 401 : 204).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(async () => {
    await Promise.all(running.map((portico) => portico.stop()));
    server.closeAllConnections();
    server.close();
  });

  /** Lines of the access log after one request for each path. */
  async function linesFor(logsAuth: boolean, paths: readonly string[], count: number): Promise<readonly string[]> {
    const portico = await startPortico({ manifests: { 'all.yaml': manifests(port, logsAuth) } });
    running.push(portico);
    for (const path of paths) {
      await new Promise((resolve, reject) => {
        const headers = { host: 'shop.example', 'x-tag': 'tagged', 'x-request-id': `id${path}` };
        get({ host: '127.0.0.1', port: portico.httpPort, path, headers }, (response) => response.resume().on('end', resolve)).on(
          'error',
          reject,
        );
      });
    }
    const lines = (): readonly string[] => portico.output().match(/^<.*>$/gm) ?? [];
    await waitUntil(
      () => lines().length >= count,
      () => portico.output(),
    );
    return lines();
  }

  it('have no lines by default', async () => {
    const lines = await linesFor(false, ['/a', '/denied'], 2);
    assert.deepEqual(lines, [
      `<GET /a 200 [200] [127.0.0.1:${port}] default-web-80 tagged id/a>`,
      '<GET /denied 401 [-] [-] default-web-80 tagged id/denied>',
    ]);
  });

  it('have lines with the status and the upstream of the service', async () => {
    const lines = await linesFor(true, ['/a', '/denied', '/hangup'], 6);
    const auth = (path: string, status: number): string =>
      `<GET ${path} ${status} [${status}] [127.0.0.1:${port}] default-web-80 tagged id${path}>`;
    assert.deepEqual(
      lines.slice(0, 4).toSorted(),
      [
        `<GET /a 200 [200] [127.0.0.1:${port}] default-web-80 tagged id/a>`,
        auth('/a', 204),
        '<GET /denied 401 [-] [-] default-web-80 tagged id/denied>',
        auth('/denied', 401),
      ].toSorted(),
    );
    assert.equal(lines.length, 6);
    assert.ok(
      lines.slice(4).some((line) => line.startsWith('<GET /hangup 502 [')),
      lines.join('\n'),
    );
    assert.ok(
      lines.slice(4).some((line) => line.startsWith('<GET /hangup 500 [-] [-]')),
      lines.join('\n'),
    );
  });
});
