// Writes DER, the binary form of ASN.1 (ITU-T X.690), as far as certificates need it. Each function answers one whole element: tag,
// length, contents.

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function derSequence(...elements: readonly Buffer[]): Buffer {
  return element(TAG.sequence, ...elements);
}

/** Of one element; larger sets would have to be sorted. */
export function derSet(only: Buffer): Buffer {
  return element(TAG.set, only);
}

/** An integer that is not negative, from its bytes, most significant first. */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const first = digits[0];
  if (first === undefined) return element(TAG.integer, Buffer.of(0));
  return first > 0x7f ? element(TAG.integer, Buffer.of(0), digits) : element(TAG.integer, digits);
}

export function derBoolean(value: boolean): Buffer {
  return element(TAG.boolean, Buffer.of(value ? 0xff : 0));
}

export function derNull(): Buffer {
  return element(TAG.null);
}

/** A string of bits whose number is a multiple of eight unless `unusedBits` says how many of the last byte do not count. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(TAG.bitString, Buffer.of(unusedBits), bytes);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return element(TAG.octetString, bytes);
}

export function derUtf8String(text: string): Buffer {
  return element(TAG.utf8String, Buffer.from(text, 'utf8'));
}

/** From the dotted form, such as `2.5.4.3`. Throws where it is none: identifiers are constants of the program. */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  if (first === undefined || second === undefined || ![first, second, ...rest].every((arc) => Number.isInteger(arc) && arc >= 0)) {
    throw new RangeError(`${dotted} is not an object identifier`);
  }
  return element(TAG.objectIdentifier, ...[first * 40 + second, ...rest].map(base128));
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). Parts of a second are cut off. */
export function derTime(timeMs: number): Buffer {
  const text = `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  const isGeneralized = text.slice(0, 4) >= '2050';
  return isGeneralized ? element(TAG.generalizedTime, Buffer.from(text)) : element(TAG.utcTime, Buffer.from(text.slice(2)));
}

/** `[number] EXPLICIT`. */
export function derExplicit(number: number, inner: Buffer): Buffer {
  return element(0xa0 | number, inner);
}

/** `[number] IMPLICIT` of a type that is not constructed. */
export function derImplicit(number: number, contents: Uint8Array): Buffer {
  return element(0x80 | number, contents);
}

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const lengthBytes = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of(tag), encodeLength(lengthBytes), ...contents]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.of(0x80 | digits.length, ...digits);
}

function base128(arc: number): Buffer {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80);
  return Buffer.from(digits);
}
