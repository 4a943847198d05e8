// The command line of the benchmarks.
import { parseArgs } from 'node:util';
import { fail, ok } from '../src/kit/result.ts';
import type { Result } from '../src/kit/result.ts';
import type { TargetName } from './targets/target.ts';

export interface BenchOptions {
  /** Names of scenarios; empty: all. */
  readonly scenarios: readonly string[];
  readonly targets: readonly TargetName[];
  readonly rounds: number;
  /** Length of one measurement under load. */
  readonly seconds: number;
  /** Hosts where the scenario says "many"; the bars are for 10,000. */
  readonly manyHosts: number;
  readonly jsonPath?: string;
  /** Empty: to the terminal, after the tables. */
  readonly markdownPath?: string;
  readonly enforceBars: boolean;
  readonly action: 'run' | 'list' | 'help';
}

export const helpText = `Usage: npm run bench [-- [SCENARIO...] [OPTIONS]]

Measures Portico beside nginx, HAProxy and Caddy. Without a name, all scenarios run (about 45 minutes).

  --list             names and descriptions of the scenarios
  --targets A,B      only these of nginx, haproxy, portico, caddy
  --rounds N         rounds (default 5); targets take turns in each round, medians are reported
  --seconds N        length of one measurement (default 5)
  --hosts N          hosts in the scenarios with many (default 10000, which the bars are for)
  --short            a smoke test: 1 round of 1 second, 1000 hosts; the numbers mean little
  --json FILE        write all results and the facts of the machine
  --markdown [FILE]  write a table for the README, or print it
  --enforce-bars     exit 1 if a bar is missed or not measured, not only if requests failed
  --help
`;

const targetNames: readonly TargetName[] = ['nginx', 'haproxy', 'portico', 'caddy'];

/** Reads the arguments. Fails with one line for the user. */
export function parseOptions(args: readonly string[]): Result<BenchOptions> {
  try {
    return resolve(readArguments(args));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function readArguments(args: readonly string[]) {
  // `--markdown` may stand without a value, which parseArgs does not know.
  const complete = args.flatMap((arg, index) => {
    const next = args[index + 1];
    return arg === '--markdown' && (next === undefined || !next.endsWith('.md')) ? ['--markdown='] : [arg];
  });
  return parseArgs({
    args: complete,
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      short: { type: 'boolean', default: false },
      'enforce-bars': { type: 'boolean', default: false },
      targets: { type: 'string', default: targetNames.join(',') },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      hosts: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
}

function resolve({ values, positionals }: ReturnType<typeof readArguments>): Result<BenchOptions> {
  const number = (text: string | undefined, usual: number, short: number): number => Number(text ?? (values.short ? short : usual));
  const rounds = number(values.rounds, 5, 1);
  const seconds = number(values.seconds, 5, 1);
  const manyHosts = number(values.hosts, 10_000, 1_000);
  if (![rounds, seconds, manyHosts].every((value) => Number.isInteger(value) && value >= 1)) {
    return fail('--rounds, --seconds and --hosts take a whole number from 1');
  }
  const wanted = values.targets.split(',');
  const unknown = wanted.find((name) => !targetNames.some((known) => known === name));
  if (unknown !== undefined) {
    return fail(`unknown target ${unknown}; known are ${targetNames.join(', ')}`);
  }
  return ok({
    scenarios: positionals,
    targets: targetNames.filter((name) => wanted.includes(name)),
    rounds,
    seconds,
    manyHosts,
    ...(values.json === undefined ? {} : { jsonPath: values.json }),
    ...(values.markdown === undefined ? {} : { markdownPath: values.markdown }),
    enforceBars: values['enforce-bars'],
    action: values.help ? 'help' : values.list ? 'list' : 'run',
  });
}
