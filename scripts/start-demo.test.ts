import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findFreePorts } from '../test/feature/portico.ts';
import { PATIENCE_MS } from '../test/support/polling.ts';

const script = fileURLToPath(new URL('start-demo.ts', import.meta.url));
const hasCurl = spawnSync('curl', ['--version']).status === 0;

async function listenOnFreePort(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, port: address.port };
}

/** Starts the demo and answers its output once it has announced itself, or once it has ended. */
async function startDemo(...flags: readonly string[]): Promise<{ readonly child: ChildProcess; readonly output: string }> {
  const child = spawn(process.execPath, [script, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const told = Promise.withResolvers<void>();
  const timer = setTimeout(told.resolve, PATIENCE_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Ctrl-C ends the demo.')) told.resolve();
    });
  }
  child.once('close', told.resolve);
  await told.promise;
  clearTimeout(timer);
  return { child, output };
}

describe('npm start', () => {
  it(
    'prints curl lines that work as printed, and ends with 0 at Ctrl-C',
    { skip: hasCurl ? false : 'curl is not installed' },
    async (context) => {
      const [http, https, healthz] = await findFreePorts(3);
      const { child, output } = await startDemo(`--http-port=${http}`, `--https-port=${https}`, `--healthz-port=${healthz}`);
      if (output.includes('it is the port of a demo backend')) {
        context.skip('another demo is running on this machine');
        return;
      }
      try {
        const lines = [...output.matchAll(/^ {2}(curl .*)$/gm)].map((match) => match[1] ?? '');
        assert.equal(lines.length, 3, output);
        const answers: string[] = [];
        for (const line of lines) answers.push((await promisify(execFile)('sh', ['-c', `${line} -sS`])).stdout);
        assert.match(answers[0] ?? '', /"backend":"wear-service"/);
        assert.match(answers[1] ?? '', /"backend":"watch-service"/);
        assert.match(answers[2] ?? '', /"backend":"default-backend"/);
      } finally {
        child.kill('SIGINT');
        if (child.exitCode === null) await once(child, 'exit');
      }
      assert.equal(child.exitCode, 0);
      const certificate = /--cacert (\S+)/.exec(output)?.[1] ?? '';
      assert.notEqual(certificate, '');
      assert.equal(existsSync(certificate), false);
    },
  );

  it('explains in one line that a port is in use, and ends', async () => {
    const { server, port } = await listenOnFreePort();
    const { child, output } = await startDemo(`--http-port=${port}`);
    server.close();
    assert.equal(child.exitCode, 1);
    assert.equal(
      output,
      `portico demo: port ${port} is in use by another program; choose another port, for example: npm start -- --http-port ${port + 1}\n`,
    );
  });
});
