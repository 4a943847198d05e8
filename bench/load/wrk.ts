// Runs wrk and reads its result. The Lua script builds every request once, so that the load generator costs little; it reports as one line
// of JSON, because wrk's own text rounds.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessKeeper } from '../processes.ts';

export interface WrkRun {
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
  /** The requests take turns over these hosts. */
  readonly hosts: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Set: POST with a body of this size. */
  readonly uploadBytes?: number;
  readonly connections: number;
  readonly seconds: number;
  /** Set: each connection waits this long before each request, so that the load stays below what the proxy can do. */
  readonly pauseMs?: number;
  /** True: the script picks each request even where all are the same, so that the load costs what it costs with several hosts. */
  readonly picksRequests?: boolean;
}

export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers with a status above 399, and connections that failed, broke or timed out. */
  readonly errors: Readonly<Record<'status' | 'connect' | 'read' | 'write' | 'timeout', number>>;
}

export interface WrkEnvironment {
  readonly processes: ProcessKeeper;
  readonly directory: string;
  readonly cores: readonly number[];
}

/** Runs wrk to its end. Throws if it cannot connect at all or does not report. */
export async function runWrk(environment: WrkEnvironment, run: WrkRun): Promise<WrkResult> {
  const name = join(mkdtempSync(join(environment.directory, 'wrk-')), 'run');
  writeFileSync(`${name}.lua`, wrkScript(run));
  const scheme = run.secure ? 'https' : 'http';
  const process = environment.processes.start({
    command: 'wrk',
    args: [
      ...['-t', '1', '-c', String(run.connections), '-d', `${run.seconds}s`, '--timeout', '10s', '-s', `${name}.lua`],
      `${scheme}://localhost:${run.port}${run.path}`,
    ],
    cores: environment.cores,
    stdoutPath: `${name}.out`,
    stderrPath: `${name}.err`,
  });
  const status = await process.exited;
  const result = parseWrkOutput(readFileSync(`${name}.out`, 'utf8'));
  if (status !== 0 || result === undefined) {
    throw new Error(`wrk ended with ${status}: ${process.lastWord()}`);
  }
  return result;
}

/** Requests that were certainly answered wrongly or not at all. */
export function failuresOf({ errors }: WrkResult): number {
  return errors.status + errors.connect + errors.write + errors.timeout;
}

/** Connections that ended where the answer before had not announced it. wrk cannot tell one with a request under way from an idle one. */
export function cutsOf({ errors }: WrkResult): number {
  return errors.read;
}

function wrkScript(run: WrkRun): string {
  const quote = (text: string): string => JSON.stringify(text);
  const headers = Object.entries(run.headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  const upload = run.uploadBytes === undefined ? [] : ['wrk.method = "POST"', `wrk.body = string.rep("x", ${run.uploadBytes})`];
  const pause = run.pauseMs === undefined ? [] : [`function delay() return math.random(0, ${run.pauseMs * 2}) end`];
  return [...headers, ...upload, ...hostLines(run.hosts.map(quote), run.picksRequests ?? false), ...pause, reportFunction].join('\n');
}

/** With one host the request is a constant, which is what wrk does fastest, unless it is to be picked. */
function hostLines(quotedHosts: readonly string[], picksRequests: boolean): readonly string[] {
  if (quotedHosts.length === 1 && !picksRequests) {
    return [`wrk.headers["Host"] = ${quotedHosts.join('')}`];
  }
  return [
    `local hosts = { ${quotedHosts.join(', ')} }`,
    'local requests = {}',
    'local turn = 0',
    'function init(args)',
    '  for i, host in ipairs(hosts) do wrk.headers["Host"] = host; requests[i] = wrk.format() end',
    'end',
    'function request() turn = turn % #requests + 1; return requests[turn] end',
  ];
}

const reportFunction = `function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), e.status, e.connect, e.read, e.write, e.timeout))
end
`;

/** Reads the line that the script writes. Undefined if it is missing or broken. */
export function parseWrkOutput(text: string): WrkResult | undefined {
  const json = /^RESULT (\{.*\})$/m.exec(text)?.[1];
  if (json === undefined) {
    return undefined;
  }
  const fields = JSON.parse(json) as Record<string, number | undefined>;
  const field = (name: string): number => fields[name] ?? Number.NaN;
  return {
    requests: field('requests'),
    seconds: field('micros') / 1e6,
    p50Ms: field('p50') / 1e3,
    p99Ms: field('p99') / 1e3,
    errors: {
      status: field('status'),
      connect: field('connect'),
      read: field('read'),
      write: field('write'),
      timeout: field('timeout'),
    },
  };
}
