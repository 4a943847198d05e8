// A DNS server for tests (RFC 1035): answers A questions from a function, with a lifetime of zero, over UDP.
import { createSocket } from 'node:dgram';

export interface DnsServer {
  readonly host: string;
  readonly port: number;
  close: () => Promise<void>;
}

const TYPE_A = 1;
const NO_SUCH_NAME = 3;

/** `addressOf` gives the IPv4 address of a lower-case name without trailing dot, or undefined if there is no such name. */
export async function startDnsServer(
  listen: { readonly host: string; readonly port: number },
  addressOf: (name: string) => string | undefined,
): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const answer = answerQuestion(question, addressOf);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(listen.port, listen.host, resolve);
  });
  return {
    host: listen.host,
    port: socket.address().port,
    close: async () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answerQuestion(message: Buffer, addressOf: (name: string) => string | undefined): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (message.length < end) return undefined;
  const address = addressOf(labels.join('.').toLowerCase());
  const hasAddress = address !== undefined && message.readUInt16BE(at + 1) === TYPE_A;
  const head = Buffer.from(message.subarray(0, 12));
  // Response, authoritative, recursion available; the bit "recursion desired" is kept.
  head.writeUInt16BE(0x8480 | (message.readUInt16BE(2) & 0x0100) | (address === undefined ? NO_SUCH_NAME : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const parts = [head, message.subarray(12, end)];
  if (hasAddress) parts.push(Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]));
  return Buffer.concat(parts);
}
