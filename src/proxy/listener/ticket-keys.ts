// Keys that TLS session tickets are sealed with. All workers of a process have the same, so that a session may be resumed at any of them;
// with `ssl-session-ticket-key`, all replicas.
import { createHash } from 'node:crypto';

/** Name, HMAC key and AES-128 key of 16 bytes each, as Node wants them. */
const NODE_KEYS_BYTES = 48;
const NAME_BYTES = 16;

/**
 * @param configured base64 of 48 or 80 bytes in the layout of nginx; empty: there is none.
 * @param own 48 random bytes of this process.
 */
export function ticketKeys(configured: string, own: Uint8Array): Buffer {
  if (configured === '') return Buffer.from(own);
  const bytes = Buffer.from(configured, 'base64');
  const name = bytes.subarray(0, NAME_BYTES);
  const secret = bytes.subarray(NAME_BYTES);
  // nginx has the AES key before the HMAC key.
  if (bytes.length === NODE_KEYS_BYTES) return Buffer.concat([name, secret.subarray(16), secret.subarray(0, 16)]);
  // 80 bytes are for AES-256, which Node does not use for tickets.
  return Buffer.concat([name, createHash('sha256').update(secret).digest()]);
}
