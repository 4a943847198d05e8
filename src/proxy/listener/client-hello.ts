// Reads the server name out of the first bytes of a TLS connection (RFC 8446 4.1.2, RFC 6066 3), before the handshake begins: Node decides
// for a whole server whether clients are asked for certificates, so the connection must be given to the right one. What is read here
// only chooses; the handshake itself is Node's, and what it found counts.

export type ClientHelloAnswer =
  | { readonly kind: 'more' }
  /** No ClientHello: the handshake will fail. */
  | { readonly kind: 'bad' }
  /** `serverName` is empty where there is none. */
  | { readonly kind: 'hello'; readonly serverName: string };

const MORE: ClientHelloAnswer = { kind: 'more' };
const BAD: ClientHelloAnswer = { kind: 'bad' };
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16 * 1024;
/** Larger ones with post-quantum key shares are about 2 KiB. */
const MAX_HELLO_BYTES = 64 * 1024;
const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;

export function parseClientHello(bytes: Buffer): ClientHelloAnswer {
  const message = joinRecords(bytes);
  if (message === undefined) return BAD;
  if (message.length < 4) return MORE;
  if (message[0] !== CLIENT_HELLO) return BAD;
  const length = message.readUIntBE(1, 3);
  if (length > MAX_HELLO_BYTES) return BAD;
  if (message.length < 4 + length) return MORE;
  const serverName = readServerName(new Reader(message.subarray(4, 4 + length)));
  return serverName === undefined ? BAD : { kind: 'hello', serverName };
}

/** The bytes of handshake messages in the records that have arrived so far; undefined: something else. */
function joinRecords(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE_RECORD || (at + 1 < bytes.length && bytes[at + 1] !== 3))
      return parts.length === 0 ? undefined : Buffer.concat(parts);
    if (bytes.length - at < RECORD_HEADER_BYTES) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return undefined;
    parts.push(bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length));
    at += RECORD_HEADER_BYTES + length;
  }
  return Buffer.concat(parts);
}

/** Empty: there is none. Undefined: malformed. */
function readServerName(hello: Reader): string | undefined {
  // Version and random, session id, cipher suites, compression methods.
  hello.skip(2 + 32);
  hello.skip(hello.uint8());
  hello.skip(hello.uint16());
  hello.skip(hello.uint8());
  if (hello.isBad) return undefined;
  if (hello.isAtEnd) return '';
  const extensions = hello.block(hello.uint16());
  while (!extensions.isAtEnd && !extensions.isBad) {
    const type = extensions.uint16();
    const extension = extensions.block(extensions.uint16());
    if (type === SERVER_NAME_EXTENSION) return readHostName(extension.block(extension.uint16()));
  }
  return hello.isBad || extensions.isBad ? undefined : '';
}

function readHostName(names: Reader): string | undefined {
  while (!names.isAtEnd && !names.isBad) {
    const type = names.uint8();
    const name = names.block(names.uint16());
    if (type === HOST_NAME && !names.isBad) return name.text();
  }
  return undefined;
}

/** Reads forward; going beyond the end is remembered and gives zeros. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  isBad = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  uint8(): number {
    return this.#take(1)?.[0] ?? 0;
  }

  uint16(): number {
    return this.#take(2)?.readUInt16BE(0) ?? 0;
  }

  skip(count: number): void {
    this.#take(count);
  }

  block(length: number): Reader {
    return new Reader(this.#take(length) ?? Buffer.alloc(0));
  }

  text(): string {
    return this.#bytes.latin1Slice();
  }

  #take(count: number): Buffer | undefined {
    const start = this.#at;
    this.#at += count;
    if (this.#at <= this.#bytes.length) return this.#bytes.subarray(start, this.#at);
    this.isBad = true;
    return undefined;
  }
}
