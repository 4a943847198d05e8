// Says before anything starts whether the ports can be had. The workers open them with SO_REUSEPORT, which would also succeed beside another
// program that does so: only a plain attempt tells.
import net from 'node:net';

export interface WantedPort {
  readonly flag: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** The port itself, or a free one for 0. Rejects with a message for the user. */
export async function reservePort({ flag, host, port }: WantedPort): Promise<number> {
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  } catch (error) {
    throw new Error(explainListenError(codeOf(error), { flag, host, port }), { cause: error });
  } finally {
    server.close();
  }
}

/** One line with the way out. */
export function explainListenError(code: string, { flag, host, port }: WantedPort): string {
  const where = host === '' ? `port ${port}` : `${host} port ${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use by another program: stop it or choose another port with ${flag}`;
    case 'EACCES':
      return `no right to open ${where}: choose a port above 1023 with ${flag}, or grant CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
      return `this machine has no address ${host}: choose another one with --bind, or with bind-address of the ConfigMap`;
    default:
      return `cannot open ${where} (${code}): choose another port with ${flag}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
