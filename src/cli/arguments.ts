// Turns a command line in the style of Go flags, as it is written for ingress-nginx, into one that commander reads the same way: a
// boolean flag without value is true and never takes the next argument, `-v=3` is `--v=3`, and flags of ingress-nginx that have no
// meaning here fall out, with a note unless they have their default.
import { flagKeys, flags } from './flags.ts';
import { parseBool } from '../translate/value-parsers.ts';
import { isDefault, otherFlags } from './other-flags.ts';
import type { OtherFlag } from './other-flags.ts';

export interface NormalisedArguments {
  readonly args: readonly string[];
  /** Sentences about flags that were left out. */
  readonly notes: readonly string[];
  /** Sentences about flags that ask for something that Portico cannot do. */
  readonly problems: readonly string[];
}

const booleanFlags: ReadonlySet<string> = new Set(
  flagKeys
    .map((key) => flags[key])
    .filter((flag) => flag.placeholder === null)
    .map((flag) => `--${flag.name}`),
);

/** Everything after `--` is left as it is. */
export function normaliseArguments(argv: readonly string[]): NormalisedArguments {
  const args: string[] = [];
  const notes: string[] = [];
  const problems: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] ?? '';
    if (arg === '--') return { args: [...args, ...argv.slice(index)], notes, problems };
    const equals = arg.indexOf('=');
    const other = arg.startsWith('--') ? otherFlags.get(arg.slice(2, equals === -1 ? undefined : equals)) : undefined;
    if (other !== undefined) {
      const value = equals !== -1 ? arg.slice(equals + 1) : other.isBoolean ? 'true' : argv[++index];
      const problem = checkOtherFlag(other, value);
      if (problem !== undefined) problems.push(problem);
      else if (other.kind === 'no-effect' && !isDefault(other, value ?? '')) notes.push(`--${other.name} has no effect: ${other.reason}`);
    } else if (booleanFlags.has(arg)) args.push(`${arg}=true`);
    else if (arg.startsWith('-v=')) args.push(`-${arg}`);
    else args.push(arg);
  }
  return { args, notes, problems };
}

/** Why the program cannot start with this value, if so. */
function checkOtherFlag(flag: OtherFlag, value: string | undefined): string | undefined {
  if (value === undefined) return `--${flag.name} needs a value.`;
  const parsed = flag.isBoolean ? parseBool(value) : undefined;
  if (parsed?.ok === false) return `the value ${JSON.stringify(value)} of --${flag.name} ${parsed.error}.`;
  if (flag.kind === 'no-effect' || isDefault(flag, value)) return undefined;
  return `--${flag.name} is a flag of ingress-nginx that Portico does not support. ${flag.instead}.`;
}
