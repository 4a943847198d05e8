// Resumption of TLS sessions: at every worker of a process, at every replica that has the same key, and nowhere where it is switched off.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import type { SecureVersion } from 'node:tls';
import { catchAllManifests, startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

interface Handshake {
  readonly isResumed: boolean;
  readonly session: Buffer;
}

/** One handshake and one request, since the tickets of TLS 1.3 come behind the handshake. */
function shakeHands({ httpsPort }: Portico, version: SecureVersion, session?: Buffer): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let latest: Buffer | undefined;
    const socket = connect(
      {
        host: '127.0.0.1',
        port: httpsPort,
        servername: 'a.example',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...(session !== undefined && { session }),
      },
      () => socket.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'),
    );
    socket.on('session', (given: Buffer) => (latest = given));
    socket.on('error', reject);
    socket.on('data', () => undefined);
    socket.on('end', () => {
      resolve({ isResumed: socket.isSessionReused(), session: latest ?? socket.getSession() ?? Buffer.alloc(0) });
      socket.destroy();
    });
  });
}

function config(data: Readonly<Record<string, string>>): string {
  const lines = Object.entries(data).map(([key, value]) => `  ${key}: "${value}"`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: controller}\ndata:\n${lines.join('\n')}\n`;
}

describe('TLS sessions', () => {
  const running: Portico[] = [];
  after(async () => {
    await Promise.all(running.map((portico) => portico.stop()));
  });

  async function start(data: Readonly<Record<string, string>>, workers = 1): Promise<Portico> {
    const manifests = { ...catchAllManifests([1], {}), 'config.yaml': config(data) };
    const portico = await startPortico({ manifests, workers });
    running.push(portico);
    return portico;
  }

  /** How many of twelve connections with the session of a first one resume it. */
  async function countResumed(first: Portico, second: Portico, version: SecureVersion): Promise<number> {
    const { session } = await shakeHands(first, version);
    let resumed = 0;
    for (let count = 0; count < 12; count++) if ((await shakeHands(second, version, session)).isResumed) resumed++;
    return resumed;
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    describe(version, () => {
      let plain: Portico;
      before(async () => {
        plain = await start({ 'ssl-protocols': version }, 2);
      });

      it('are resumed at any worker', async () => assert.equal(await countResumed(plain, plain, version), 12));

      it('are resumed at another replica with the same key, and at no other', async () => {
        for (const bytes of [48, 80]) {
          const shared = { 'ssl-session-tickets': 'true', 'ssl-session-ticket-key': randomBytes(bytes).toString('base64') };
          const [first, second] = [await start(shared), await start(shared)];
          assert.equal(await countResumed(first, second, version), 12);
          assert.equal(await countResumed(first, plain, version), 0);
          await Promise.all([first.stop(), second.stop()]);
        }
      });

      it('are never resumed where neither cache nor tickets are on', async () => {
        const off = await start({ 'ssl-session-cache': 'false' });
        assert.equal(await countResumed(off, off, version), 0);
      });
    });
  }
});
