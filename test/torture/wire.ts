// A strict reader of HTTP/1.1 messages. It is the judge's own eye on both sides of the proxy and shares no code with the engine under
// test: two readers that agree by accident of shared code would prove nothing. Everything is a latin1 string, one character per byte.
// Whatever is ambiguous or malformed by RFC 9110 and RFC 9112 is `bad`; there is no tolerance mode.

/** A header or trailer field: the name in lower case, the value without the white space around it. */
export type Field = readonly [name: string, value: string];

export interface RequestMessage {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
}

export interface ResponseMessage {
  readonly status: number;
  readonly version: string;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
  /** The body ended only with the connection. */
  readonly untilClose: boolean;
}

/** `more` with a message: its head is complete and its body is not. `end` is the offset of the first byte after the message. */
export type RequestReading =
  | { readonly kind: 'more'; readonly message: RequestMessage | undefined }
  | { readonly kind: 'done'; readonly message: RequestMessage; readonly end: number }
  | { readonly kind: 'bad'; readonly why: string };

export type ResponseReading =
  | { readonly kind: 'more'; readonly message: ResponseMessage | undefined }
  | { readonly kind: 'done'; readonly message: ResponseMessage; readonly end: number }
  | { readonly kind: 'truncated'; readonly message: ResponseMessage }
  | { readonly kind: 'bad'; readonly why: string };

type BodyReading =
  | { readonly kind: 'more'; readonly body: string }
  | { readonly kind: 'done'; readonly body: string; readonly trailers: readonly Field[]; readonly end: number }
  | { readonly kind: 'bad'; readonly why: string };

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) (HTTP\/1\.[01])$/;
const statusLine = /^(HTTP\/1\.[01]) ([0-9]{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const chunkSizeLine = /^0*([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/;
const length = /^[0-9]{1,15}$/;

/** Values of the fields with this lower-case name, in order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field[0] === name).map((field) => field[1]);
}

/** Reads one request from the start of the bytes. A lone LF in an incomplete head is `bad` at once. */
export function readRequest(bytes: string): RequestReading {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    return /(^|[^\r])\n/.test(bytes) ? { kind: 'bad', why: 'bare LF in head' } : { kind: 'more', message: undefined };
  }
  const [first = '', ...lines] = bytes.slice(0, headEnd).split('\r\n');
  const matched = requestLine.exec(first);
  if (matched === null) return { kind: 'bad', why: `bad request line ${JSON.stringify(first.slice(0, 60))}` };
  const [, method = '', target = '', version = ''] = matched;
  const problems: string[] = [];
  const fields = readFields(lines, problems);
  problems.push(...requestProblems(version, fields));
  if (problems.length > 0) return { kind: 'bad', why: problems.join('; ') };
  const body = readBody(bytes, headEnd + 4, fields, '0');
  const message = { method, target, version, fields, body: '', trailers: [] };
  switch (body.kind) {
    case 'bad':
      return body;
    case 'more':
      return { kind: 'more', message: { ...message, body: body.body } };
    case 'done':
      return { kind: 'done', message: { ...message, body: body.body, trailers: body.trailers }, end: body.end };
  }
}

/** What makes a request ambiguous as a whole: its framing and its host (RFC 9112 sections 3.2 and 6.3). */
function requestProblems(version: string, fields: readonly Field[]): string[] {
  const problems = framingProblems(fields);
  const hosts = valuesOf(fields, 'host').length;
  if (hosts > 1) problems.push(`${hosts} Host fields`);
  if (version === 'HTTP/1.1' && hosts === 0) problems.push('no Host');
  if (version === 'HTTP/1.0' && valuesOf(fields, 'transfer-encoding').length > 0) problems.push('Transfer-Encoding in HTTP/1.0');
  return problems;
}

function framingProblems(fields: readonly Field[]): string[] {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  const problems: string[] = [];
  if (codings.length > 0 && lengths.length > 0) problems.push('both Content-Length and Transfer-Encoding');
  if (codings.length > 1 || (codings.length === 1 && codings[0]?.toLowerCase() !== 'chunked')) {
    problems.push(`Transfer-Encoding ${JSON.stringify(codings)}`);
  }
  if (lengths.length > 1 || (lengths.length === 1 && !length.test(lengths[0] ?? ''))) {
    problems.push(`Content-Length ${JSON.stringify(lengths)}`);
  }
  return problems;
}

/** Reads a body whose framing has no problem; `lengthWithout` is the length when no field gives one. */
function readBody(bytes: string, at: number, fields: readonly Field[], lengthWithout: string): BodyReading {
  if (valuesOf(fields, 'transfer-encoding').length > 0) return readChunked(bytes, at);
  const end = at + Number(valuesOf(fields, 'content-length')[0] ?? lengthWithout);
  const body = bytes.slice(at, end);
  return bytes.length < end ? { kind: 'more', body } : { kind: 'done', body, trailers: [], end };
}

/**
 * Reads one response. `method` is that of its request, `closed` says that the peer has ended the connection.
 * Without any byte the answer is `more` in both cases.
 */
export function readResponse(bytes: string, method: string, closed: boolean): ResponseReading {
  if (bytes === '') return { kind: 'more', message: undefined };
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    return closed
      ? { kind: 'bad', why: `no complete response head: ${JSON.stringify(bytes.slice(0, 60))}` }
      : { kind: 'more', message: undefined };
  }
  const [first = '', ...lines] = bytes.slice(0, headEnd).split('\r\n');
  const matched = statusLine.exec(first);
  if (matched === null) return { kind: 'bad', why: `bad status line ${JSON.stringify(first.slice(0, 60))}` };
  const problems: string[] = [];
  const fields = readFields(lines, problems);
  const status = Number(matched[2]);
  const message: ResponseMessage = { status, version: matched[1] ?? '', fields, body: '', trailers: [], untilClose: false };
  const at = headEnd + 4;
  if (problems.length > 0) return { kind: 'bad', why: problems.join('; ') };
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { kind: 'done', message, end: at };
  problems.push(...framingProblems(fields));
  if (problems.length > 0) return { kind: 'bad', why: problems.join('; ') };
  if (valuesOf(fields, 'transfer-encoding').length === 0 && valuesOf(fields, 'content-length').length === 0) {
    const untilClose = { ...message, body: bytes.slice(at), untilClose: true };
    return closed ? { kind: 'done', message: untilClose, end: bytes.length } : { kind: 'more', message: untilClose };
  }
  const body = readBody(bytes, at, fields, '0');
  switch (body.kind) {
    case 'bad':
      return body;
    case 'more':
      return { kind: closed ? 'truncated' : 'more', message: { ...message, body: body.body } };
    case 'done':
      return { kind: 'done', message: { ...message, body: body.body, trailers: body.trailers }, end: body.end };
  }
}

/** Everything that a client received. `rest` is what follows the last complete response. */
export interface Responses {
  readonly final: readonly ResponseMessage[];
  /** 1xx except 101. */
  readonly interim: readonly ResponseMessage[];
  /** How the last response stands; `done` also when nothing at all was received. */
  readonly state: 'done' | 'more' | 'truncated' | 'bad';
  readonly why: string;
  readonly rest: string;
  /** The last response, when its head is complete and it is not. */
  readonly pending: ResponseMessage | undefined;
  /** Bytes after a 101. */
  readonly tunnel: string | undefined;
}

/** Reads all responses; `methods[i]` is the method of the request that final response i answers, GET where the list ends. */
export function readResponses(bytes: string, methods: readonly string[], closed: boolean): Responses {
  const final: ResponseMessage[] = [];
  const interim: ResponseMessage[] = [];
  const result = { final, interim, why: '', rest: '', pending: undefined, tunnel: undefined };
  let rest = bytes;
  while (rest !== '') {
    const reading = readResponse(rest, methods[final.length] ?? 'GET', closed);
    if (reading.kind === 'bad') return { ...result, state: 'bad', why: reading.why, rest };
    if (reading.kind !== 'done') return { ...result, state: reading.kind, rest, pending: reading.message };
    rest = rest.slice(reading.end);
    const { status } = reading.message;
    if (status >= 100 && status < 200 && status !== 101) interim.push(reading.message);
    else final.push(reading.message);
    if (status === 101) return { ...result, state: 'done', tunnel: rest };
  }
  return { ...result, state: 'done' };
}

/** Reads a chunked body with its trailers (RFC 9112 section 7.1); `at` is the offset of its first byte. */
export function readChunked(bytes: string, at: number): BodyReading {
  let body = '';
  let position = at;
  for (;;) {
    const lineEnd = bytes.indexOf('\n', position);
    if (lineEnd < 0) return { kind: 'more', body };
    const line = bytes.slice(position, lineEnd + 1);
    const matched = chunkSizeLine.exec(line);
    if (matched === null) return { kind: 'bad', why: `bad chunk-size line ${JSON.stringify(line.slice(0, 40))}` };
    const size = Number.parseInt(matched[1] ?? '', 16);
    position = lineEnd + 1;
    if (size === 0) return readTrailers(bytes, position, body);
    const data = bytes.slice(position, position + size);
    if (data.length < size) return { kind: 'more', body: body + data };
    body += data;
    position += size;
    const end = bytes.slice(position, position + 2);
    if (!'\r\n'.startsWith(end)) return { kind: 'bad', why: 'no CRLF after chunk data' };
    if (end !== '\r\n') return { kind: 'more', body };
    position += 2;
  }
}

function readTrailers(bytes: string, at: number, body: string): BodyReading {
  const lines: string[] = [];
  let position = at;
  for (;;) {
    const lineEnd = bytes.indexOf('\n', position);
    if (lineEnd < 0) return { kind: 'more', body };
    const line = bytes.slice(position, lineEnd + 1);
    position = lineEnd + 1;
    if (!line.endsWith('\r\n')) return { kind: 'bad', why: 'bare LF in trailers' };
    if (line === '\r\n') break;
    lines.push(line.slice(0, -2));
  }
  const problems: string[] = [];
  const trailers = readFields(lines, problems);
  return problems.length > 0 ? { kind: 'bad', why: `trailer: ${problems.join('; ')}` } : { kind: 'done', body, trailers, end: position };
}

/** Reads field lines (RFC 9112 section 5), adding to `problems` what a strict reader refuses. */
function readFields(lines: readonly string[], problems: string[]): Field[] {
  const fields: Field[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line)) {
      problems.push('line starts with white space (obs-fold)');
      continue;
    }
    if (colon < 0) {
      problems.push('field line without a colon');
      continue;
    }
    const name = line.slice(0, colon);
    if (!token.test(name)) problems.push(`bad field name ${JSON.stringify(name)}`);
    const value = line
      .slice(colon + 1)
      .replace(/^[ \t]+/, '')
      .replace(/[ \t]+$/, '');
    if (!fieldValue.test(value)) problems.push(`control character in the value of ${name}`);
    fields.push([name.toLowerCase(), value]);
  }
  return fields;
}
