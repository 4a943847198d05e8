// A TCP server whose connections end with it.
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { listen } from '../../../src/echo/echo-server.ts';

export interface SocketServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a free port. `serve` must not throw; errors of sockets are nobody's concern. */
export async function startSocketServer(host: string, serve: (socket: Socket) => Promise<void>): Promise<SocketServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    void serve(socket);
  });
  const port = await listen(server, host, 0);
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
