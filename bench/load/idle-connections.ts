// Opens many connections, makes one request on each and then keeps it open: `node idle-connections.ts PORT HOST COUNT`. When the last one has its answer
// or has failed, it prints `open N failed M` and waits to be stopped. Four source addresses, so that ports do not run out.
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const [port = 0, count = 0] = [process.argv[2], process.argv[4]].map(Number);
const host = process.argv[3] ?? '';
const atOnce = 200;
const request = `GET /small HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: idle-connections\r\nAccept: */*\r\n\r\n`;

// Held here so that none is collected.
const sockets: Socket[] = [];
let begun = 0;
let answered = 0;
let failed = 0;

function openNext(): void {
  if (begun === count) {
    if (answered + failed === count) {
      process.stdout.write(`open ${sockets.filter((socket) => !socket.destroyed).length} failed ${failed}\n`);
    }
    return;
  }
  begun += 1;
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (begun % 4)}` });
  sockets.push(socket);
  let isSettled = false;
  const settle = (isAnswered: boolean): void => {
    if (!isSettled) {
      isSettled = true;
      answered += isAnswered ? 1 : 0;
      failed += isAnswered ? 0 : 1;
      openNext();
    }
  };
  socket.on('error', () => {
    socket.destroy();
  });
  socket.on('close', () => {
    settle(false);
  });
  socket.on('data', (data) => {
    settle(data.toString('latin1', 0, 12) === 'HTTP/1.1 200');
  });
  socket.write(request);
}

for (let started = 0; started < Math.min(atOnce, count); started += 1) {
  openNext();
}
