// What stands on each page of docs/reference: tables of the registries, with a few words around them.
import type { Command } from 'commander';
import { createProgram } from '../src/cli/program.ts';
import { FLAG_GROUPS } from '../src/cli/flag.ts';
import type { FlagDescription } from '../src/cli/flag.ts';
import { flagKeys, flags } from '../src/cli/flags.ts';
import { otherFlags } from '../src/cli/other-flags.ts';
import { assertNever } from '../src/kit/assert-never.ts';
import { diagnosticCodes } from '../src/model/diagnostic-codes.ts';
import { errorCodes } from '../src/model/error-codes.ts';
import { metrics, NGINX_PREFIX } from '../src/observe/metric-names.ts';
import { annotationRows } from '../src/translate/annotations/registry.ts';
import type { AnnotationRow, WithoutIt } from '../src/translate/annotations/row.ts';
import { configRows } from '../src/translate/configmap/registry.ts';
import type { ConfigRow } from '../src/translate/configmap/row.ts';
import { compatibilitySections, strictest } from './compatibility-page.ts';
import { markdownTable } from './markdown-table.ts';
import { snippetSections } from './snippet-page.ts';

export interface ReferencePage {
  /** In docs. */
  readonly file: string;
  readonly text: string;
}

/** All files in it are pages. */
export const REFERENCE_FOLDER = 'reference/';

export function referencePages(): readonly ReferencePage[] {
  return [
    page('error-codes.md', 'Error codes', errorCodeSections()),
    page('diagnostics.md', 'Diagnostics', diagnosticSections()),
    page('flags.md', 'Flags', flagSections()),
    page('commands.md', 'Commands', commandSections()),
    page('annotations.md', 'Annotations', annotationSections()),
    page('configmap.md', 'ConfigMap keys', configMapSections()),
    page('snippets.md', 'Snippets', snippetSections()),
    page('metrics.md', 'Metrics', metricSections()),
    { ...page('', 'Compatibility with ingress-nginx', compatibilitySections()), file: 'compatibility.md' },
  ];
}

function page(file: string, title: string, sections: readonly string[]): ReferencePage {
  const notice = '<!-- Made by `npm run docs` from the registries in src; do not edit. -->';
  return { file: REFERENCE_FOLDER + file, text: `${[`# ${title}`, notice, ...sections].join('\n\n')}\n` };
}

function errorCodeSections(): readonly string[] {
  const rows = Object.entries(errorCodes).map(([code, row]) => [
    `\`${code}\``,
    row.slug,
    row.status === 0 ? '–' : String(row.status),
    row.source,
    row.closes ? 'yes' : 'no',
    row.meaning,
  ]);
  return [
    'Every answer that Portico makes itself because something went wrong has one of these codes. It stands in the access log, in the ' +
      'metric `portico_rejected_requests_total`, and in the response header `X-Portico-Error` (ConfigMap key `portico-error-header`). ' +
      'A code is never given a second meaning.',
    '*Source* says who caused it; *closes*, whether the client’s connection ends after the answer.',
    markdownTable(['Code', 'Slug', 'Status', 'Source', 'Closes', 'Meaning'], rows),
  ];
}

function diagnosticSections(): readonly string[] {
  const rows = Object.entries(diagnosticCodes).map(([code, row]) => [`\`${code}\``, row.slug, row.severity, row.meaning]);
  return [
    'What Portico has to say about your objects. `portico check` prints diagnostics with file, line, object and field; `portico serve` ' +
      'logs them when they appear and counts them in the metric `portico_diagnostics`. A code is never given a second meaning.',
    '*error*: something asked for does not work. *warning*: it works, but not as written. *info*: worth knowing.',
    markdownTable(['Code', 'Slug', 'Severity', 'Meaning'], rows),
  ];
}

function flagSections(): readonly string[] {
  const all: readonly FlagDescription[] = flagKeys.map((key) => flags[key]);
  const groups = FLAG_GROUPS.flatMap((group) => [
    `## ${group}`,
    markdownTable(
      ['Flag', 'Default', 'Of ingress-nginx', 'In `check`', 'Meaning'],
      all.filter((flag) => flag.group === group).map(flagRow),
    ),
  ]);
  const others = [...otherFlags.values()].map((flag) => [
    `\`--${flag.name}\``,
    flag.defaultText === '' ? '' : `\`${flag.defaultText}\``,
    flag.kind === 'no-effect' ? `accepted without effect: ${flag.reason}` : `an error: ${flag.instead}`,
  ]);
  return [
    'Flags of `portico serve`; those marked so also of `portico check`. Names, meanings and defaults are those of ingress-nginx where it ' +
      'has the flag. `--flag value` and `--flag=value` are the same; a boolean flag without a value is true. Durations are written as in Go ' +
      '(`90s`, `1m30s`) or as seconds. An unknown flag is an error.',
    ...groups,
    '## Other flags of ingress-nginx',
    'With another value than the default, Portico says so at the start.',
    markdownTable(['Flag', 'Default', 'In Portico'], others),
  ];
}

function flagRow(flag: FlagDescription): readonly string[] {
  const dashes = flag.name.length === 1 ? '-' : '--';
  const value = flag.placeholder === null ? '' : ` ${flag.placeholder}`;
  return [
    `\`${dashes}${flag.name}${value}\``,
    flag.defaultText === '' ? '' : `\`${flag.defaultText}\``,
    flag.isFromIngressNginx ? 'yes' : 'no',
    flag.use === 'translation' ? 'yes' : 'no',
    flag.summary,
  ];
}

function commandSections(): readonly string[] {
  const sections = lowestCommands(createProgram()).flatMap((command) => {
    const name = fullName(command);
    // The flags of serve and check have a page of their own.
    const ownOptions = command.options.filter((option) => !isRegistryFlag(option.long ?? ''));
    const rows = [
      ...command.registeredArguments.map((argument) => [`\`${argument.name()}\``, describeOption(argument.description, undefined)]),
      ...ownOptions.map((option) => [`\`${option.flags}\``, describeOption(option.description, option.defaultValue)]),
    ];
    const more = ownOptions.length < command.options.length ? ['Further flags: [flags.md](flags.md).'] : [];
    const table = rows.length === 0 ? [] : [markdownTable(['Argument or option', 'Meaning'], rows)];
    return [`## ${name}`, `${capitalised(command.description())}.`, `\`${name} ${command.usage()}\``, ...table, ...more];
  });
  return [
    '`bin/portico` runs from any directory, also through a symbolic link. Each command has `--help`.',
    'Exit codes: 0 done; 1 the command failed, or `check` found an error; 2 the command line is wrong.',
    ...sections,
  ];
}

/** Those that do something: a command with commands below it does not. */
function lowestCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((below) => (below.commands.length === 0 ? [below] : lowestCommands(below)));
}

/** `portico webhook-certs create`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function isRegistryFlag(long: string): boolean {
  return flagKeys.some((key) => `--${flags[key].name}` === long);
}

function describeOption(description: string, defaultValue: unknown): string {
  const text = capitalised(description);
  return typeof defaultValue === 'string' && defaultValue !== '' ? `${text}. Default: \`${defaultValue}\`.` : `${text}.`;
}

function annotationSections(): readonly string[] {
  const rows = annotationRows.map((row) => [
    [row.name, ...row.aliases].map((name) => `\`${name}\``).join(', '),
    row.scope,
    row.risk,
    annotationState(row),
    row.summary,
  ]);
  return [
    'Annotations of ingress-nginx, without the prefix `nginx.ingress.kubernetes.io/` (see `--annotations-prefix`).',
    '*Scope* says what an annotation changes: the *location*s (host and path) of its Ingress, the whole *host*, the *backend* (Service port), ' +
      'or the *ingress* as an object. *Risk* is what the ConfigMap key `annotations-risk-level` compares. Where an annotation that protects ' +
      'a route is not supported, requests are answered with 503 rather than let through.',
    `${supportedCount(annotationRows)} of ${annotationRows.length} are supported.`,
    markdownTable(['Annotation', 'Scope', 'Risk', 'Support', 'Meaning'], rows),
  ];
}

function annotationState({ status }: AnnotationRow): string {
  switch (status.kind) {
    case 'supported':
      return status.onInvalid === 'drop' ? 'yes; an invalid value drops the Ingress' : 'yes';
    case 'not-yet':
      return `not yet: ${withoutIt[strictest(status.without)]}`;
    case 'no-effect':
      return `no effect: ${status.reason}`;
    default:
      return assertNever(status);
  }
}

/** From the mildest to the strictest. */
const withoutIt: Readonly<Record<WithoutIt, string>> = {
  same: 'no effect',
  serve: 'no effect',
  'ignore-ingress': 'the Ingress is ignored',
  refuse: 'the paths of the Ingress answer 503',
  'refuse-hosts': 'all paths of its hosts answer 503',
};

function configMapSections(): readonly string[] {
  const rows = configRows.map((row) => [
    `\`${row.key}\``,
    row.defaultText === '' ? '' : `\`${row.defaultText}\``,
    configState(row),
    row.summary,
  ]);
  return [
    'Keys of the ConfigMap that `--configmap ns/name` names. Those of ingress-nginx have its names and defaults; those of Portico begin ' +
      'with `portico-`. A change is live at once, without a restart.',
    `${supportedCount(configRows)} of ${configRows.length} are supported.`,
    markdownTable(['Key', 'Default', 'Support', 'Meaning'], rows),
  ];
}

function configState({ status }: ConfigRow): string {
  switch (status.kind) {
    case 'supported':
      return 'yes';
    case 'not-yet':
      if (status.without === 'refuse') return 'not yet: all paths answer 503 where it is set';
      return status.reason === '' ? 'not yet: no effect' : `not yet: no effect, as ${status.reason}`;
    case 'no-effect':
      return `no effect: ${status.reason}`;
    default:
      return assertNever(status);
  }
}

function supportedCount(rows: readonly { readonly status: { readonly kind: string } }[]): number {
  return rows.filter(({ status }) => status.kind === 'supported').length;
}

function metricSections(): readonly string[] {
  const rows = Object.values(metrics).map((row) => [
    `\`${row.name}\``,
    row.type,
    [...(row.hasControllerLabels ? ['*C*'] : []), ...row.labels.map((label) => `\`${label}\``)].join(' '),
    row.help,
  ]);
  return [
    `\`GET /metrics\` on the health port (\`--healthz-port\`), in the text format of Prometheus. What begins with \`${NGINX_PREFIX}\` has the ` +
      'names, labels and meanings of ingress-nginx; the metrics of requests among them are counted with `--enable-metrics` only.',
    '*C* stands for the labels `controller_namespace`, `controller_class` and `controller_pod`.',
    markdownTable(['Metric', 'Type', 'Labels', 'Meaning'], rows),
  ];
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
