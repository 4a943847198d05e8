// Control paths of the echo backend: paths that make it act instead of only telling what it was sent. They are a prefix of the path,
// matched after percent-decoding; every query parameter of such a path becomes a response header.

export type Control =
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'bytes'; readonly lengthBytes: number }
  | { readonly kind: 'response-headers' }
  | { readonly kind: 'basic-auth'; readonly user: string; readonly password: string }
  | { readonly kind: 'close' };

export interface ControlledRequest {
  readonly control: Control;
  /** Response fields that the query asks for, in its order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MAX_DELAY_MS = 3_600_000;

/** The control that a request target asks for; undefined if it is an ordinary path. */
export function findControl(target: string): ControlledRequest | undefined {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const control = parseControl(percentDecode(path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, ''), 'utf8'));
  if (control === undefined) return undefined;
  return { control, fields: question < 0 ? [] : parseFields(target.slice(question + 1)) };
}

function parseControl(path: string): Control | undefined {
  const [empty, word, first = '', second = ''] = path.split('/');
  if (empty !== '') return undefined;
  switch (word) {
    case 'status': {
      const code = parseNumber(first, 999);
      return code === undefined || code < 200 ? undefined : { kind: 'status', code };
    }
    case 'delay': {
      const delayMs = parseNumber(first, MAX_DELAY_MS);
      return delayMs === undefined ? undefined : { kind: 'delay', delayMs };
    }
    case 'bytes': {
      const lengthBytes = parseNumber(first, Number.MAX_SAFE_INTEGER);
      return lengthBytes === undefined ? undefined : { kind: 'bytes', lengthBytes };
    }
    case 'response-headers':
      return { kind: 'response-headers' };
    case 'basic-auth':
      return { kind: 'basic-auth', user: first, password: second };
    case 'close':
      return { kind: 'close' };
    default:
      return undefined;
  }
}

function parseNumber(text: string, max: number): number | undefined {
  if (!/^[0-9]{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}

function parseFields(query: string): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [];
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = percentDecode(part.slice(0, equals), 'latin1');
    const value = percentDecode(part.slice(equals + 1), 'latin1');
    // A parameter must never be able to end its header line.
    if (FIELD_NAME.test(name) && !/[\r\n\0]/.test(value)) fields.push([name, value]);
  }
  return fields;
}

function percentDecode(text: string, encoding: 'latin1' | 'utf8'): string {
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString(encoding);
}
