// A client that ends its side while answers are on their way still gets them.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { readSlowly, waitForPlateau } from './engine-rig.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

const START = 'HTTP/1.1 503 ';
/** Fewer bytes than are read ahead, so that the end of the client's side is seen behind them. */
const BATCH = 1500;

async function answered({ healthzPort }: Portico): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${healthzPort}/metrics`)).text();
  return Number(/^nginx_ingress_controller_nginx_process_requests_total\{[^}]*\} (\d+)/m.exec(page)?.[1]);
}

test('the end of a client that has not read its answers yet cuts none of them', async (context) => {
  const manifests = catchAllManifests([], { 'keep-alive-requests': '1000000', 'disable-access-log': 'true' });
  const portico = await startPortico({ manifests, args: ['--enable-metrics'] });
  const socket = connect({ port: portico.httpPort, host: '127.0.0.1', allowHalfOpen: true });
  context.after(async () => {
    socket.destroy();
    await portico.stop();
  });
  socket.on('error', () => undefined);
  socket.pause();
  let sent = 0;
  let made = 0;
  // Until the kernel takes no more, and the last answer waits in Portico.
  while (made === sent) {
    socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(BATCH));
    sent += BATCH;
    made = await waitForPlateau(() => answered(portico), sent);
  }
  socket.end();
  // Slowly: the end of the client's side is there long before the last answer has left.
  setTimeout(() => socket.resume(), 500);
  const answers = (await readSlowly(socket)).split(START).slice(1);
  assert.ok(answers.length >= made, `${answers.length} of ${made} answers`);
  assert.match(answers.at(-1) ?? '', /<\/html>\r\n$/);
});
