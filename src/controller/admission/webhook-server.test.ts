// The bounds of the webhook's server, over real connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { ClientRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { PATIENCE_MS } from '../../../test/support/polling.ts';
import { ok } from '../../kit/result.ts';
import { createSelfSignedCertificate } from '../../proxy/listener/self-signed.ts';
import { listenWebhookServer } from './webhook-server.ts';
import type { WebhookServer } from './webhook-server.ts';

const MIB = 1024 * 1024;

describe('the server of the webhook', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-webhook-'));
  const { chainPem, privateKeyPem } = createSelfSignedCertificate({
    commonName: 'webhook',
    organization: 'portico',
    dnsNames: ['127.0.0.1'],
    days: 1,
    nowMs: Date.now(),
    keyType: 'ec',
  });
  let server: WebhookServer;

  beforeEach(async () => {
    writeFileSync(join(folder, 'cert'), chainPem);
    writeFileSync(join(folder, 'key'), privateKeyPem);
    server = await listenWebhookServer({
      host: '127.0.0.1',
      port: 0,
      certificatePath: join(folder, 'cert'),
      keyPath: join(folder, 'key'),
      rereadEveryMs: 60_000,
      // 40 MiB over TLS may take longer than ten seconds on a busy machine.
      requestTimeoutMs: PATIENCE_MS,
      review: (body) => ok(String(body.length)),
      onCertificateChange: () => undefined,
      onCertificateError: () => undefined,
    });
  });
  afterEach(() => server.close());
  after(() => rmSync(folder, { recursive: true }));

  /** A request whose body is written by the test. */
  const begin = (headers: Record<string, string | number> = {}): { readonly sent: ClientRequest; readonly answer: Promise<string> } => {
    const sent = request({ host: '127.0.0.1', port: server.port, method: 'POST', ca: chainPem, agent: false, headers });
    const answer = new Promise<string>((resolve, reject) => {
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(`${response.statusCode} ${text.trim()}`));
        response.on('error', reject);
      });
      sent.on('error', reject);
    });
    // Those that are still open at the end of a test fail then.
    answer.catch(() => undefined);
    return { sent, answer };
  };
  const untilWritten = (sent: ClientRequest, chunk: Buffer | string): Promise<void> =>
    new Promise((resolve) => {
      sent.write(chunk, () => resolve());
    });

  it('takes a number of requests at once, and for more the oldest that is not complete goes', async () => {
    const open = Array.from({ length: 64 }, () => begin());
    await Promise.all(open.map(({ sent }) => untilWritten(sent, 'a')));
    const refused: string[] = [];
    void Promise.race(open.map(({ answer }) => answer)).then((answer) => refused.push(answer));
    // All of them have been written to their sockets; that the server has read them shows in the refusals.
    while (refused.length === 0) {
      const { sent, answer } = begin();
      sent.end('b');
      assert.equal(await answer, '200 1');
    }
    assert.match(refused.join(), /^503/);
    for (const { sent } of open) sent.end('c');
    const answers = (await Promise.all(open.map(({ answer }) => answer))).map((answer) => answer.slice(0, 5));
    assert.deepEqual(new Set(answers), new Set(['503 t', '200 2']));
  });

  it('answers although somebody holds all connections that there may be', async () => {
    const held = await Promise.all(
      Array.from({ length: 256 }, async () => {
        const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const { sent, answer } = begin();
    sent.end('b');
    assert.equal(await answer, '200 1');
    for (const socket of held) socket.destroy();
  });

  it('keeps a bounded number of bytes, whatever the number of requests', async () => {
    const open = Array.from({ length: 5 }, () => begin());
    for (const { sent } of open) sent.write(Buffer.alloc(8 * MIB));
    const refused = await Promise.race(open.map(({ answer }) => answer));
    assert.match(refused, /^503/);
    for (const { sent } of open) sent.destroy();
  });

  it('refuses by the length that is announced, and by the length that comes', async () => {
    const announced = begin({ 'Content-Length': 9 * MIB });
    announced.sent.flushHeaders();
    announced.sent.end(Buffer.alloc(9 * MIB));
    assert.match(await announced.answer, /^413/);
    const chunked = begin({ 'Transfer-Encoding': 'chunked' });
    chunked.sent.end(Buffer.alloc(9 * MIB));
    assert.match(await chunked.answer, /^413/);
    const least = begin();
    least.sent.end(Buffer.alloc(9 * MIB - 1, 'a'));
    assert.equal(await least.answer, `200 ${9 * MIB - 1}`);
  });

  it('refuses what is small but takes long to parse', async () => {
    const dense = begin();
    dense.sent.end(`[${'{},'.repeat(500_000)}{}]`);
    assert.match(await dense.answer, /^413 .*values/);
  });

  it('says why it cannot start', async () => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      certificatePath: join(folder, 'cert'),
      keyPath: join(folder, 'missing'),
      rereadEveryMs: 60_000,
      review: () => ok(''),
      onCertificateChange: () => undefined,
      onCertificateError: () => undefined,
    };
    await assert.rejects(listenWebhookServer(options), /missing/);
    await assert.rejects(listenWebhookServer({ ...options, keyPath: join(folder, 'key') }), { code: 'EADDRINUSE' });
  });
});
