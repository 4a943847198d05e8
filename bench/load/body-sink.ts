// The backend of the POST scenario: `node body-sink.ts PORT`. It reads each request body to its end before it answers, which nginx's `return`
// does not promise. It trusts its peer, a proxy under test, to send a well-formed head with a Content-Length or chunks.
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\nhello from the bench');
const chunkedEnd = '\r\n0\r\n\r\n';

function serve(socket: Socket): void {
  let head = '';
  let missingBytes = 0;
  let chunkedTail: string | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => {
    socket.destroy();
  });
  const finish = (): void => {
    head = '';
    missingBytes = 0;
    chunkedTail = undefined;
    socket.write(answer);
  };
  socket.on('data', (chunk) => {
    if (chunkedTail !== undefined) {
      chunkedTail = (chunkedTail + chunk.toString('latin1')).slice(-chunkedEnd.length);
    } else if (missingBytes > 0) {
      missingBytes -= chunk.length;
    } else {
      head += chunk.toString('latin1');
      const headEnd = head.indexOf('\r\n\r\n');
      if (headEnd < 0) {
        return;
      }
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      missingBytes = Number(length ?? 0) - (head.length - headEnd - 4);
      chunkedTail = /\r\ntransfer-encoding: *chunked/i.test(head) ? head.slice(-chunkedEnd.length) : undefined;
    }
    if (chunkedTail === undefined ? missingBytes <= 0 : chunkedTail === chunkedEnd) {
      finish();
    }
  });
}

createServer(serve).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
