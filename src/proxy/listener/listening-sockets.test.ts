// Several sockets for one port: connections come in by more than one of them, and none is left when the port is closed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { findFreePorts } from '../../../test/feature/portico.ts';
import { ListeningSockets } from './listening-sockets.ts';

const host = '127.0.0.1';

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, host);
  await once(socket, 'connect');
  return socket;
}

test('connections come in by several sockets, until the port is closed', async () => {
  const [httpPort = 0, httpsPort = 0] = await findFreePorts(2);
  const accepted = new Map<net.Server, number>();
  const clients: net.Socket[] = [];
  const createServer = (): net.Server => {
    const server = net.createServer((socket) => {
      accepted.set(server, (accepted.get(server) ?? 0) + 1);
      socket.on('error', () => undefined);
      socket.end();
    });
    return server;
  };
  const sockets = new ListeningSockets({ createServer, httpPort, httpsPort });
  assert.deepEqual(await sockets.listenOn([{ address: host, isOptional: false }]), []);
  for (let count = 0; count < 100; count++) {
    const client = await connect(httpPort);
    client.resume();
    clients.push(client);
    await once(client, 'end');
  }
  assert.ok(accepted.size > 1, `${accepted.size} sockets took connections`);
  assert.equal(
    [...accepted.values()].reduce((sum, count) => sum + count, 0),
    100,
  );
  for (const client of clients) client.destroy();
  sockets.close();
  for (let count = 0; count < 20; count++) await assert.rejects(connect(httpPort), /ECONNREFUSED/);
});

test('a port that another program has is an error, and nothing stays open', async () => {
  const [httpPort = 0, httpsPort = 0] = await findFreePorts(2);
  const other = net.createServer().listen(httpsPort, host);
  await once(other, 'listening');
  const sockets = new ListeningSockets({ createServer: () => net.createServer(), httpPort, httpsPort });
  await assert.rejects(sockets.listenOn([{ address: host, isOptional: false }]), /EADDRINUSE/);
  await assert.rejects(connect(httpPort), /ECONNREFUSED/);
  other.close();
});
