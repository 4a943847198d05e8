// Syntax of Host and of the authority in a request target: a registered name or a bracketed IPv6 address, with an optional port.
// Stricter than RFC 3986: no percent-encoding, no user information, no empty label (docs/security.md, "Host").
import { isIPv6 } from 'node:net';
import { COLON, DOT } from './characters.ts';

const MAX_AUTHORITY_BYTES = 255;

/** 1: may stand in a registered name: letters, digits and `-._~`. */
const NAME_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isAlphanumeric = (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
  return isAlphanumeric || '-._~'.includes(String.fromCharCode(byte)) ? 1 : 0;
});

/** Whether `buffer[start, end)` is `name`, `name:port`, `[v6]` or `[v6]:port`, with a port from 1 to 65535. */
export function isValidAuthority(buffer: Buffer, start: number, end: number): boolean {
  if (start === end || end - start > MAX_AUTHORITY_BYTES) return false;
  if (buffer[start] === 91) return isValidIpLiteral(buffer, start, end);
  let at = start;
  let labelStart = start;
  for (; at < end && buffer[at] !== COLON; at++) {
    const byte = buffer[at] ?? 0;
    if (NAME_BYTE[byte] !== 1) return false;
    if (byte !== DOT) continue;
    if (at === labelStart) return false;
    labelStart = at + 1;
  }
  if (at === start) return false;
  return at === end || isValidPort(buffer, at + 1, end);
}

function isValidIpLiteral(buffer: Buffer, start: number, end: number): boolean {
  const close = buffer.indexOf(93, start);
  if (close < 0 || close >= end || !isIPv6(buffer.latin1Slice(start + 1, close)) || buffer.latin1Slice(start, close).includes('%'))
    return false;
  return close + 1 === end || (buffer[close + 1] === COLON && isValidPort(buffer, close + 2, end));
}

function isValidPort(buffer: Buffer, start: number, end: number): boolean {
  if (start === end || end - start > 5) return false;
  let port = 0;
  for (let i = start; i < end; i++) {
    const digit = (buffer[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port >= 1 && port <= 65535;
}
