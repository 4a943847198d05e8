// bind-address and disable-ipv6 of the ConfigMap, which open and close ports while connections are served.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from './cluster-rig.ts';
import { catchAllManifests, startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

function config(data: Readonly<Record<string, string>>): string {
  const lines = Object.entries(data).map(([key, value]) => `  ${key}: "${value}"`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller}\ndata:\n${lines.join('\n')}\n`;
}

/** Whether the address takes connections on the port. */
function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host);
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
    socket.on('close', (hadError) => resolve(!hadError));
  });
}

describe('bind-address', () => {
  let portico: Portico;
  before(async () => {
    const manifests = { ...catchAllManifests([1], {}), 'config.yaml': config({ 'bind-address': '127.0.0.2', 'disable-ipv6': 'true' }) };
    portico = await startPortico({ manifests, args: ['--bind='], workers: 2 });
  });
  after(() => portico.stop());

  async function openAddresses(): Promise<string> {
    const open: string[] = [];
    for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
      const ports = [await canConnect(host, portico.httpPort), await canConnect(host, portico.httpsPort)];
      if (ports[0] !== ports[1]) return 'one port of two';
      if (ports[0] === true) open.push(host);
    }
    return open.join(' ');
  }

  const waitForAddresses = async (wanted: string): Promise<void> => {
    let seen = '';
    await waitUntil(
      async () => (seen = await openAddresses()) === wanted,
      () => `${seen} and not ${wanted} are open\n${portico.output()}`,
    );
  };

  it('is where the ports are open at the start', async () => {
    assert.equal(await openAddresses(), '127.0.0.2');
    await waitUntil(
      () => /of 127\.0\.0\.2 with 2 workers/.test(portico.output()),
      () => portico.output(),
    );
  });

  it('changes while a connection goes on', async () => {
    const socket = net.connect(portico.httpPort, '127.0.0.2');
    let received = '';
    socket.on('data', (data) => (received += data.toString('latin1')));
    const ask = async (): Promise<void> => {
      received = '';
      socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
      await waitUntil(
        () => received.startsWith('HTTP/1.1 '),
        () => 'no answer',
      );
    };
    await ask();
    portico.write('config.yaml', config({ 'bind-address': '127.0.0.3,127.0.0.1', 'disable-ipv6': 'true' }));
    await waitForAddresses('127.0.0.1 127.0.0.3');
    await ask();
    socket.destroy();
  });

  it('leaves the others open where this machine lacks one, and says so', async () => {
    portico.write('config.yaml', config({ 'bind-address': '127.0.0.2,192.0.2.77', 'disable-ipv6': 'true' }));
    await waitForAddresses('127.0.0.2');
    await waitUntil(
      () => /this machine has no address 192\.0\.2\.77/.test(portico.output()),
      () => portico.output(),
    );
    portico.write('config.yaml', config({ 'bind-address': '192.0.2.78', 'disable-ipv6': 'true' }));
    await waitUntil(
      () => /this machine has no address 192\.0\.2\.78/.test(portico.output()),
      () => portico.output(),
    );
    assert.equal(await openAddresses(), '127.0.0.2');
  });

  it('is opened once another program has left it', async () => {
    const other = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(portico.httpPort, '127.0.0.4', resolve));
    portico.write('config.yaml', config({ 'bind-address': '127.0.0.4,127.0.0.2,127.0.0.1', 'disable-ipv6': 'true' }));
    await waitUntil(
      () => /is in use by another program/.test(portico.output()),
      () => portico.output(),
    );
    await waitForAddresses('127.0.0.1 127.0.0.2');
    await new Promise((resolve) => other.close(resolve));
    await waitUntil(
      async () => (await canConnect('127.0.0.4', portico.httpPort)) && (await canConnect('127.0.0.4', portico.httpsPort)),
      () => portico.output(),
    );
    // Told once, though it was tried again.
    assert.equal(portico.output().match(/is in use by another program/g)?.length, 1);
  });

  it('is every address without the key', async () => {
    portico.write('config.yaml', config({ 'disable-ipv6': 'true' }));
    await waitForAddresses('127.0.0.1 127.0.0.2 127.0.0.3');
    portico.write('config.yaml', config({ 'bind-address': '127.0.0.1' }));
    await waitForAddresses('127.0.0.1');
    portico.write('config.yaml', config({ 'server-tokens': 'false' }));
    await waitForAddresses('127.0.0.1 127.0.0.2 127.0.0.3');
  });
});
