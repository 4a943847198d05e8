// The command line of the torture test.
import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '#portico/kit/result.ts';
import type { Address } from './client.ts';

export const usage = `usage: npm run torture [-- OPTIONS]
Sends raw vectors to Portico, which is started for it, and compares what both ends saw with what is wanted.

  --target HOST:PORT    test a proxy that runs already, with --backend-port: the port that it forwards everything to
  --backend-port PORT
  --dir PATH            vectors: a folder or a file, may be repeated (default: the vectors of this repository)
  --only REGEX          vectors whose id matches
  --level LEVEL         must | policy (default: both)
  --jobs N              instances side by side (default 4; 1 with --target)
  --stride N            pipelining: cut at every Nth byte (default 1)
  --no-split            send each vector whole only
  --mutate N            number of mutations (default 300; 0: none); --mutate alone: 5000
  --only-mutate         mutations only
  --buffering           request bodies are taken as a whole before the backend is called; as they come by default, which shows more
                        (up-x-early-answer needs that)
  --seed S              seed of random cuts and mutations (default 1)
  --idle MS             quiet time that ends an exchange (default 500)
  --limit MS            hard limit of one exchange (default 15000)
  --json FILE           write every result
  --verbose             print every vector
  --help`;

export interface Options {
  readonly target: Target | undefined;
  readonly dirs: readonly string[];
  readonly only: RegExp | undefined;
  readonly level: string | undefined;
  readonly jobs: number;
  readonly stride: number;
  readonly splits: boolean;
  readonly mutations: number;
  readonly vectors: boolean;
  readonly buffers: boolean;
  readonly seed: string;
  readonly idleMs: number;
  readonly limitMs: number;
  readonly json: string | undefined;
  readonly verbose: boolean;
  readonly help: boolean;
}

export interface Target {
  readonly proxy: Address;
  readonly backendPort: number;
}

/** Reads the arguments; `defaultDir` holds the vectors of this repository. */
export function parseOptions(argv: readonly string[], defaultDir: string): Result<Options> {
  try {
    return parse(argv, defaultDir);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function parse(argv: readonly string[], defaultDir: string): Result<Options> {
  const { values } = parseArgs({
    args: withMutationCount(argv),
    options: {
      target: { type: 'string' },
      'backend-port': { type: 'string' },
      dir: { type: 'string', multiple: true, default: [defaultDir] },
      only: { type: 'string' },
      level: { type: 'string' },
      jobs: { type: 'string', default: '4' },
      stride: { type: 'string', default: '1' },
      'no-split': { type: 'boolean', default: false },
      mutate: { type: 'string', default: '300' },
      'only-mutate': { type: 'boolean', default: false },
      buffering: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      idle: { type: 'string', default: '500' },
      limit: { type: 'string', default: '15000' },
      json: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { level, seed, json, verbose, help } = values;
  if (level !== undefined && level !== 'must' && level !== 'policy') return fail(`--level ${level}: must or policy`);
  const only = values.only === undefined ? undefined : new RegExp(values.only);
  const target = values.target === undefined ? undefined : parseTarget(values.target, values['backend-port']);
  return ok({
    target,
    dirs: values.dir,
    only,
    level,
    jobs: target === undefined ? wholeNumber('jobs', values.jobs, 1) : 1,
    stride: wholeNumber('stride', values.stride, 1),
    splits: !values['no-split'],
    mutations: wholeNumber('mutate', values.mutate, 0),
    vectors: !values['only-mutate'],
    buffers: values.buffering,
    seed,
    idleMs: wholeNumber('idle', values.idle, 1),
    limitMs: wholeNumber('limit', values.limit, 1),
    json,
    verbose,
    help,
  });
}

/** `--mutate` may stand without a number. */
function withMutationCount(argv: readonly string[]): string[] {
  return argv.flatMap((argument, index) =>
    argument === '--mutate' && !/^[0-9]+$/.test(argv[index + 1] ?? '') ? [argument, '5000'] : [argument],
  );
}

function parseTarget(text: string, backendPort: string | undefined): Target {
  const matched = /^(.+):([0-9]{1,5})$/.exec(text);
  if (matched === null) throw new Error(`--target ${text}: not HOST:PORT`);
  if (backendPort === undefined) throw new Error('--target needs --backend-port');
  return { proxy: { host: matched[1] ?? '', port: Number(matched[2]) }, backendPort: wholeNumber('backend-port', backendPort, 1) };
}

function wholeNumber(name: string, text: string, least: number): number {
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least) throw new Error(`--${name} ${text}: a whole number from ${least} up is needed`);
  return Number(text);
}
