// What a flag is: to the command line, to the help, and to the reference page.
import type { ServeOptions } from '../controller/serve-options.ts';
import type { Result } from '../kit/result.ts';

export const FLAG_GROUPS = [
  'Objects',
  'Classes and namespaces',
  'Ports',
  'Traffic',
  'Admission webhook',
  'Status and events',
  'Metrics and log',
  'Life',
] as const;
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** `translation`: `portico check` has the flag too. */
type FlagUse = 'serve' | 'translation';

/** What the help and the reference page say about a flag. */
export interface FlagDescription {
  readonly name: string;
  /** `v` for `-v`. */
  readonly short?: string;
  /** What stands for the value in the help; null: a boolean flag, whose value may be left out. */
  readonly placeholder: string | null;
  readonly defaultText: string;
  readonly group: FlagGroup;
  readonly use: FlagUse;
  /** Whether ingress-nginx has the flag with this meaning. */
  readonly isFromIngressNginx: boolean;
  /** One sentence without the default. */
  readonly summary: string;
  /** Where Portico behaves otherwise than ingress-nginx: ends a sentence that starts with "differs:". */
  readonly differs?: string;
}

export interface Flag<T> extends FlagDescription {
  readonly parse: (text: string) => Result<T>;
  /** Present where the flag may be repeated. */
  readonly append?: (values: T, more: T) => T;
}

export type FlagTable = { readonly [K in keyof ServeOptions]: Flag<ServeOptions[K]> };
export type FlagKey = keyof ServeOptions;

/** `append` of flags whose value is a list. */
export function joined<T>(values: readonly T[], more: readonly T[]): readonly T[] {
  return [...values, ...more];
}
