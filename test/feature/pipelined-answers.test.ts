// A client that sends requests one behind the other and takes no answers: what is made for it is bounded, and nothing is lost when it
// begins to read.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { readSlowly, waitForPlateau, waitUntil } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

/** Their answers are more than the buffers of the kernel hold. */
const REQUESTS = 60_000;
const START = 'HTTP/1.1 503 ';

async function answered({ healthzPort }: Portico): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${healthzPort}/metrics`)).text();
  return Number(/^nginx_ingress_controller_nginx_process_requests_total\{[^}]*\} (\d+)/m.exec(page)?.[1]);
}

/** Sends all requests and waits until no more answers are made. */
async function sendAll(context: TestContext): Promise<{ readonly portico: Portico; readonly socket: Socket; readonly made: number }> {
  const manifests = catchAllManifests([], { 'keep-alive-requests': '1000000', 'disable-access-log': 'true' });
  const portico = await startPortico({ manifests, args: ['--enable-metrics'] });
  const socket = connect(portico.httpPort, '127.0.0.1');
  context.after(async () => {
    socket.destroy();
    await portico.stop();
  });
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(REQUESTS));
  await waitUntil('answers', async () => (await answered(portico)) > 0);
  const made = await waitForPlateau(() => answered(portico));
  return { portico, socket, made };
}

test('a client that reads no answers gets no more of them made', async (context) => {
  const { socket, made } = await sendAll(context);
  assert.ok(made < REQUESTS, `${made} answers were made`);
  let received = 0;
  let rest = '';
  socket.on('data', (data) => {
    const text = rest + data.toString('latin1');
    received += text.split(START).length - 1;
    rest = text.slice(1 - START.length);
  });
  socket.resume();
  await waitUntil('all answers', () => received === REQUESTS);
});

test('a drain cuts no answer that is on its way', async (context) => {
  const { portico, socket, made } = await sendAll(context);
  process.kill(portico.pid, 'SIGTERM');
  await waitUntil('the drain', () => portico.output().includes('accepting no more connections'));
  // Slowly: the last answers wait in the kernel while Portico has none left to send.
  socket.resume();
  const answers = (await readSlowly(socket)).split(START).slice(1);
  assert.ok(answers.length >= made, `${answers.length} of ${made} answers`);
  assert.match(answers.at(-1) ?? '', /<\/html>\r\n$/);
});
