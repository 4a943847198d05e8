// What a request pays for having its head parsed, in nanoseconds: heads of several sizes, a response, and heads that arrive in pieces. Beside it
// llhttp, the parser of `node:http`, which also makes strings of all fields (that is how it hands them over). Prints a table, or JSON with --json.
//
//   node_modules/.bin/node bench/micro/head-parser.ts [--json]
import { INCOMPLETE, parseRequestHead, parseResponseHead } from '../../src/proxy/http1/head-parser.ts';
import type { HeadLimits } from '../../src/proxy/http1/head-parser.ts';
import { MessageHead } from '../../src/proxy/http1/message-head.ts';
import { median } from '../measure/statistics.ts';
import { browserHeaders, hostName } from '../workload.ts';

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly medianNs: number;
  readonly bestNs: number;
  /** llhttp on the same bytes; absent where it cannot be compared. */
  readonly llhttpNs?: number;
}

const batch = 2_000;
const rounds = 100;
const warmUpRounds = 30;
const limits: HeadLimits = { requestLineBytes: 8192, headBytes: 65_536, fieldBytes: 16_384, fields: 200 };

/** Returns the offset behind the head, as the parsers of Portico do. */
type Parse = (bytes: Buffer) => number;

function requestHead(path: string, fields: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${hostName(1)}\r\n${lines.join('')}\r\n`, 'latin1');
}

const requests: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'request, 3 fields (curl)', bytes: requestHead('/', { 'User-Agent': 'curl/8.5.0', Accept: '*/*' }) },
  { name: 'request, 12 fields (browser)', bytes: requestHead('/catalogue/shoes?page=2&sort=price', browserHeaders) },
  { name: 'request, 12 fields and a cookie of 4 KiB', bytes: requestHead('/', { ...browserHeaders, Cookie: `s=${'x'.repeat(4096)}` }) },
  {
    name: 'request, 60 fields',
    bytes: requestHead('/', Object.fromEntries(Array.from({ length: 59 }, (_, index) => [`X-Field-Number-${index}`, `value ${index}`]))),
  },
];

const response = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 06 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5120\r\n' +
    'Connection: keep-alive\r\nETag: "5f3c-1400"\r\nCache-Control: max-age=600\r\nVary: Accept-Encoding\r\nSet-Cookie: id=a3fWa; Path=/; Secure; HttpOnly\r\n\r\n',
  'latin1',
);

/** Times per call over batches; throws if the parser does not consume the whole head, so that no refusal is measured as speed. */
function measure(bytes: Buffer, parse: Parse): { readonly medianNs: number; readonly bestNs: number } {
  const times: number[] = [];
  for (let round = 0; round < rounds + warmUpRounds; round += 1) {
    let consumed = 0;
    const start = process.hrtime.bigint();
    for (let call = 0; call < batch; call += 1) {
      consumed += parse(bytes);
    }
    const elapsedNs = Number(process.hrtime.bigint() - start);
    if (consumed !== bytes.length * batch) {
      throw new Error(`a head of ${bytes.length} bytes was not accepted as a whole`);
    }
    if (round >= warmUpRounds) {
      times.push(elapsedNs / batch);
    }
  }
  return { medianNs: median(times), bestNs: Math.min(...times) };
}

/** The parser of `node:http`, which Node keeps internal; undefined where it is not to be had. */
function createLlhttp(): Parse | undefined {
  const found: unknown = process.getBuiltinModule('_http_common');
  const { HTTPParser } = (found ?? {}) as { readonly HTTPParser?: LlhttpConstructor };
  if (HTTPParser === undefined) {
    return undefined;
  }
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeadersComplete] = () => 0;
  parser[HTTPParser.kOnMessageComplete] = () => {};
  return (bytes) => Number(parser.execute(bytes));
}

interface LlhttpConstructor {
  new (): { [callback: number]: () => unknown; initialize(kind: number, resource: object): void; execute(bytes: Buffer): number | Error };
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
  readonly kOnMessageComplete: number;
}

function measureAll(): readonly Row[] {
  const head = new MessageHead();
  const llhttp = createLlhttp();
  const rows: Row[] = requests.map(({ name, bytes }) => ({
    name,
    bytes: bytes.length,
    ...measure(bytes, (buffer) => parseRequestHead(buffer, 0, buffer.length, limits, head)),
    ...(llhttp === undefined ? {} : { llhttpNs: measure(bytes, llhttp).medianNs }),
  }));
  const [, browser] = requests;
  if (browser !== undefined) {
    const parseInTwo: Parse = (buffer) => {
      if (parseRequestHead(buffer, 0, buffer.length >> 1, limits, head) !== INCOMPLETE) {
        throw new Error('half a head must be incomplete');
      }
      return parseRequestHead(buffer, 0, buffer.length, limits, head);
    };
    rows.push({ name: 'request, 12 fields, in two pieces', bytes: browser.bytes.length, ...measure(browser.bytes, parseInTwo) });
  }
  rows.push({
    name: 'response, 9 fields',
    bytes: response.length,
    ...measure(response, (buffer) => parseResponseHead(buffer, 0, buffer.length, limits, head)),
  });
  return rows;
}

function main(): void {
  const rows = measureAll();
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ benchmark: 'head-parser', node: process.version, unit: 'ns', rows }, null, 2)}\n`);
    return;
  }
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(44) : cell.padStart(10))).join('');
  process.stdout.write(`${line(['nanoseconds', 'bytes', 'median', 'best', 'llhttp'])}\n`);
  for (const { name, bytes, medianNs, bestNs, llhttpNs } of rows) {
    process.stdout.write(`${line([name, String(bytes), medianNs.toFixed(0), bestNs.toFixed(0), llhttpNs?.toFixed(0) ?? '-'])}\n`);
  }
}

main();
