// Hands out TCP ports that nothing listens on, outside of the range that the system gives to outgoing connections, each one once.
import { createServer } from 'node:net';

export interface FreePorts {
  take: () => Promise<number>;
}

const FIRST = 10_000;
const LAST = 32_000;

/** `random` decides where the search starts, so that two runs at the same time rarely meet. */
export function createFreePorts(random: () => number): FreePorts {
  let next = FIRST + Math.floor(random() * (LAST - FIRST));
  return {
    async take() {
      for (;;) {
        next = next >= LAST ? FIRST : next + 1;
        // Others may take one meanwhile.
        const port = next;
        if ((await canListen(port, '0.0.0.0')) && (await canListen(port, '127.0.0.1'))) return port;
      }
    },
  };
}

async function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
