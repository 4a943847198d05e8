// The PROXY protocol header, versions 1 and 2 (HAProxy's proxy-protocol.txt), with which a load balancer in front tells whose connection
// it carries. Only on listeners that require it: a connection without a whole, well-formed header is closed, nothing is guessed.
import { isIP } from 'node:net';

export interface ProxyHeader {
  /** Undefined for `UNKNOWN` and `LOCAL`: the connection speaks for itself. */
  readonly source: { readonly address: string; readonly port: number; readonly destinationPort: number } | undefined;
  /** Bytes that the header takes up. */
  readonly length: number;
}

export type ProxyHeaderAnswer =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'header'; readonly header: ProxyHeader };

const MORE: ProxyHeaderAnswer = { kind: 'more' };
const BAD: ProxyHeaderAnswer = { kind: 'bad' };
const V1_MAX_BYTES = 107;
const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_FIXED_BYTES = 16;
/** Addresses and TLVs behind the fixed part; more than any sender needs. */
const V2_MAX_BYTES = 4096;

/** Looks at the first bytes of a connection. */
export function parseProxyHeader(bytes: Buffer): ProxyHeaderAnswer {
  if (bytes.length === 0) return MORE;
  return bytes[0] === V2_SIGNATURE[0] ? parseVersion2(bytes) : parseVersion1(bytes);
}

function parseVersion1(bytes: Buffer): ProxyHeaderAnswer {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n', 0, 'latin1');
  if (!'PROXY '.startsWith(bytes.toString('latin1', 0, Math.min(6, bytes.length)))) return BAD;
  if (end < 0) return bytes.length >= V1_MAX_BYTES ? BAD : MORE;
  const length = end + 2;
  const words = bytes.toString('latin1', 0, end).split(' ');
  if (words[1] === 'UNKNOWN') return { kind: 'header', header: { source: undefined, length } };
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  const isGood = words.length === 6 && version !== 0 && isIP(source) === version && isIP(destination) === version;
  if (!isGood || !isPort(sourcePort) || !isPort(destinationPort)) return BAD;
  return {
    kind: 'header',
    header: { source: { address: source, port: Number(sourcePort), destinationPort: Number(destinationPort) }, length },
  };
}

function parseVersion2(bytes: Buffer): ProxyHeaderAnswer {
  const seen = Math.min(bytes.length, V2_SIGNATURE.length);
  if (!bytes.subarray(0, seen).equals(V2_SIGNATURE.subarray(0, seen))) return BAD;
  if (bytes.length < V2_FIXED_BYTES) return MORE;
  const versionAndCommand = bytes[12] ?? 0;
  const familyAndProtocol = bytes[13] ?? 0;
  const addressBytes = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || addressBytes > V2_MAX_BYTES) return BAD;
  const length = V2_FIXED_BYTES + addressBytes;
  if (bytes.length < length) return MORE;
  const command = versionAndCommand & 0x0f;
  if (command === 0) return { kind: 'header', header: { source: undefined, length } };
  if (command !== 1) return BAD;
  const body = bytes.subarray(V2_FIXED_BYTES, length);
  if (familyAndProtocol === 0x11 && body.length >= 12) {
    const address = body.subarray(0, 4).join('.');
    return { kind: 'header', header: { source: { address, port: body.readUInt16BE(8), destinationPort: body.readUInt16BE(10) }, length } };
  }
  if (familyAndProtocol === 0x21 && body.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2).toString(16));
    const source = { address: canonicalIpv6(groups.join(':')), port: body.readUInt16BE(32), destinationPort: body.readUInt16BE(34) };
    return { kind: 'header', header: { source, length } };
  }
  // Other families carry no address that could be used.
  return familyAndProtocol === 0 ? { kind: 'header', header: { source: undefined, length } } : BAD;
}

function isPort(text: string): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65535;
}

function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
