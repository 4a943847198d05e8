// Free TCP ports for one run, below the range that the kernel gives to outgoing connections, so that none is taken between choice and use.
import { createServer } from 'node:net';

const firstPort = 18_000;
const lastPort = 19_999;

export interface PortAllocator {
  /** A port of 127.0.0.1 on which nothing listens and that this allocator did not give out before. Throws if none is left. */
  next(): Promise<number>;
}

/** `random` in [0, 1) chooses where to begin, so that two runs at the same time rarely meet. */
export function createPortAllocator(random: () => number): PortAllocator {
  const span = lastPort - firstPort + 1;
  let offset = Math.floor(random() * span);
  let tried = 0;
  return {
    async next() {
      while (tried < span) {
        const port = firstPort + (offset % span);
        offset += 1;
        tried += 1;
        if (await isFree(port)) {
          return port;
        }
      }
      throw new Error(`no free port between ${firstPort} and ${lastPort}`);
    },
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
