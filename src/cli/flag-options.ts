// Between the flag registry and commander: makes the options of a command and reads them back as `ServeOptions`.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ServeOptions } from '../controller/serve-options.ts';
import { flagKeys, flags, parseFlag } from './flags.ts';
import type { Flag, FlagKey } from './flag.ts';

export function addFlagOptions(command: Command, keys: readonly FlagKey[]): void {
  for (const key of keys) command.addOption(createOption(key));
}

/** All options: those that the command line gave, and the defaults of the others, also of flags that the command does not have. */
export function readFlagOptions(command: Command): ServeOptions {
  const given = command.opts<Readonly<Record<string, unknown>>>();
  const entries = flagKeys.map((key) => [key, given[createOption(key).attributeName()] ?? defaultOf(key)]);
  // Each value went through the parser of its own flag, and the registry has a flag for every member.
  return Object.fromEntries(entries) as ServeOptions;
}

function createOption<K extends FlagKey>(key: K): Option {
  const flag: Flag<ServeOptions[K]> = flags[key];
  const long = `--${flag.name} ${flag.placeholder === null ? '[true|false]' : `<${flag.placeholder}>`}`;
  const names = flag.short === undefined ? long : `-${flag.short}, ${long}`;
  const shownDefault = flag.defaultText === '' ? '' : ` (default: ${flag.defaultText})`;
  return new Option(names, `${flag.summary}${shownDefault}`).helpGroup(`${flag.group}:`).argParser((text: string, previous: unknown) => {
    const value = parseFlag(key, text);
    if (!value.ok) throw new InvalidArgumentError(`${value.error}.`);
    // What commander hands back is what this parser returned for the flag before.
    return flag.append === undefined || previous === undefined ? value.value : flag.append(previous as ServeOptions[K], value.value);
  });
}

function defaultOf<K extends FlagKey>(key: K): ServeOptions[K] {
  const value = parseFlag(key, flags[key].defaultText);
  if (!value.ok) throw new Error(`default of --${flags[key].name}: ${value.error}`);
  return value.value;
}
