// A bound on the connections of a server to which everybody can connect, and which somebody has to reach: a new one takes the place of the
// oldest. Were it refused instead, whoever holds as many as there may be would keep all others out, the kubelet's probes among them.
import type { Server, Socket } from 'node:net';

/** Ends the oldest connection whenever there are more than `limit`. */
export function keepNewestConnections(server: Server, limit: number): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= limit) return;
    const [oldest] = open;
    if (oldest === undefined) return;
    open.delete(oldest);
    oldest.destroy();
  });
}
