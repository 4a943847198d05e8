// Echo servers on addresses of their own that share a port, as pods do.
import { startEchoServer } from '../../src/echo/echo-server.ts';
import type { EchoServer } from '../../src/echo/echo-server.ts';
import type { Backend } from './world.ts';

const BACKENDS = 7;

/** Answers them, their names and addresses, and the port. */
export async function startBackends(): Promise<{
  readonly servers: readonly EchoServer[];
  readonly backends: readonly Backend[];
  readonly port: number;
}> {
  const servers: EchoServer[] = [];
  const backends = Array.from({ length: BACKENDS }, (_, index) => ({ name: `backend-${index}`, address: `127.0.1.${index + 1}` }));
  let port = 0;
  for (const { name, address } of backends) {
    const identity = { backend: name, endpoint: name, namespace: 'default' };
    const server = await startEchoServer({ identity, host: address, port });
    servers.push(server);
    port = server.port;
  }
  return { servers, backends, port };
}
