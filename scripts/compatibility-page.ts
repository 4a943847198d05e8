// docs/compatibility.md: what becomes of every annotation, ConfigMap key and flag of ingress-nginx. From the registries of the program, so
// that nothing can be left out; what no row can say stands in decided-differences.ts.
import type { FlagDescription } from '../src/cli/flag.ts';
import { flagKeys, flags } from '../src/cli/flags.ts';
import { otherFlags } from '../src/cli/other-flags.ts';
import { assertNever } from '../src/kit/assert-never.ts';
import { annotationRows } from '../src/translate/annotations/registry.ts';
import type { AnnotationRow, WithoutIt } from '../src/translate/annotations/row.ts';
import { configRows } from '../src/translate/configmap/registry.ts';
import type { ConfigRow } from '../src/translate/configmap/row.ts';
import { decidedQuirks, failClosed } from './decided-differences.ts';
import type { DecidedDifference } from './decided-differences.ts';
import { markdownTable } from './markdown-table.ts';

const OUTCOMES = ['same', 'differs', 'refused', 'no effect', 'not yet', 'Portico’s own'] as const;
type Outcome = (typeof OUTCOMES)[number];

interface Entry {
  readonly name: string;
  readonly outcome: Outcome;
  /** Never empty but for `same` and what is Portico's own. */
  readonly how: string;
}

/** The sections of the page. */
export function compatibilitySections(): readonly string[] {
  const annotations = annotationRows.map(annotationEntry);
  const keys = configRows.map(configEntry);
  const allFlags = [...flagKeys.map((key) => flagEntry(flags[key])), ...otherFlagEntries()];
  return [
    'What becomes of a setting written for ingress-nginx. *Same*: it does what it does there. *Differs*: it does, but for what is said. ' +
      '*Refused*: it will not be supported, or what it asks for closes the routes; the page says what to use instead. *No effect*: it has nothing to ' +
      'set here. *Not yet*: it has no effect, and each use is a diagnostic. Nothing is without effect in silence: each use of a setting that is ' +
      'not *same* or *differs* is a diagnostic on its object, or a line of the log for a flag.',
    markdownTable(
      ['', ...OUTCOMES, 'all'],
      [counts('Annotations', annotations), counts('ConfigMap keys', keys), counts('Flags', allFlags)],
    ),
    '## Decided differences',
    'What fails open in ingress-nginx and is closed here:',
    differenceTable(failClosed),
    'Accidents of nginx that are not repeated, and choices of Portico:',
    differenceTable(decidedQuirks),
    '## Annotations',
    entryTable('Annotation', annotations),
    '## ConfigMap keys',
    entryTable('Key', keys),
    '## Flags',
    entryTable('Flag', allFlags),
  ];
}

function counts(title: string, entries: readonly Entry[]): readonly string[] {
  const count = (outcome: Outcome): string => String(entries.filter((entry) => entry.outcome === outcome).length);
  return [title, ...OUTCOMES.map(count), String(entries.length)];
}

function differenceTable(rows: readonly DecidedDifference[]): string {
  const cells = rows.map(({ subject, ingressNginx, portico, why }) => [subject, ingressNginx, portico, why]);
  return markdownTable(['Subject', 'ingress-nginx', 'Portico', 'Why'], cells);
}

function entryTable(head: string, entries: readonly Entry[]): string {
  const cells = entries.map(({ name, outcome, how }) => [name, outcome, how === '' ? '–' : how]);
  return markdownTable([head, 'In Portico', 'How'], cells);
}

const SNIPPET =
  'nginx configuration is not read here. Use the annotation or ConfigMap key for the purpose, or `configuration-snippet` with the directives ' +
  'that are interpreted';
const FIREWALL = 'there is no firewall engine yet. Put one in front, or take the annotation away';

function annotationEntry(row: AnnotationRow): Entry {
  const name = [row.name, ...row.aliases].map(code).join(', ');
  const { status, differs } = row;
  switch (status.kind) {
    case 'supported':
      return differs === undefined ? { name, outcome: 'same', how: '' } : { name, outcome: 'differs', how: sentence(differs) };
    case 'no-effect':
      return { name, outcome: 'no effect', how: joinSentences(status.reason, differs) };
    case 'not-yet':
      return withoutSupport(name, row, strictest(status.without));
    default:
      return assertNever(status);
  }
}

function withoutSupport(name: string, row: AnnotationRow, without: WithoutIt): Entry {
  if (row.name.endsWith('-snippet') && row.name !== 'modsecurity-snippet') {
    const dropped = 'The Ingress is dropped by default (`annotations-risk-level`); where Critical is allowed, the snippet is left out';
    return { name, outcome: 'refused', how: joinSentences(SNIPPET, dropped) };
  }
  switch (without) {
    case 'same':
    case 'serve':
      return { name, outcome: 'not yet', how: sentence(row.differs ?? 'served as if it were absent, with a diagnostic') };
    case 'ignore-ingress':
      return { name, outcome: 'refused', how: 'The Ingress is left out, with a diagnostic.' };
    case 'refuse':
      return { name, outcome: 'refused', how: joinSentences('the paths of the Ingress answer 503', FIREWALL) };
    case 'refuse-hosts':
      return { name, outcome: 'refused', how: 'All paths of its hosts answer 503, with a diagnostic.' };
    default:
      return assertNever(without);
  }
}

/** What becomes of an Ingress may depend on the value; the page shows what the values that ask for most lead to. */
export function strictest(without: (text: string) => WithoutIt): WithoutIt {
  const outcomes = new Set(['true', 'any', 'HTTPS', 'on'].map(without));
  return (['refuse-hosts', 'refuse', 'ignore-ingress', 'serve'] as const).find((outcome) => outcomes.has(outcome)) ?? 'same';
}

const OWN_KEY = 'portico-';

function configEntry({ key, status, differs, summary }: ConfigRow): Entry {
  const name = code(key);
  switch (status.kind) {
    case 'supported': {
      if (key.startsWith(OWN_KEY)) return { name, outcome: 'Portico’s own', how: summary };
      const closes = status.onInvalid === 'refuse' ? 'a value that is not valid closes all routes (503) until it is mended' : undefined;
      const how = [differs, closes].filter((text) => text !== undefined);
      return how.length === 0 ? { name, outcome: 'same', how: '' } : { name, outcome: 'differs', how: joinSentences(...how) };
    }
    case 'no-effect':
      return key.endsWith('-snippet')
        ? { name, outcome: 'refused', how: joinSentences(status.reason, SNIPPET) }
        : { name, outcome: 'no effect', how: joinSentences(status.reason, differs) };
    case 'not-yet':
      return status.without === 'refuse'
        ? { name, outcome: 'refused', how: 'All paths answer 503 where it is set, with a diagnostic.' }
        : { name, outcome: 'not yet', how: joinSentences('served as if it were absent, with a diagnostic', status.reason || undefined) };
    default:
      return assertNever(status);
  }
}

function flagEntry({ name, isFromIngressNginx, summary, differs }: FlagDescription): Entry {
  const shown = code(`${name.length === 1 ? '-' : '--'}${name}`);
  if (!isFromIngressNginx) return { name: shown, outcome: 'Portico’s own', how: summary };
  return differs === undefined ? { name: shown, outcome: 'same', how: '' } : { name: shown, outcome: 'differs', how: sentence(differs) };
}

function otherFlagEntries(): readonly Entry[] {
  return [...otherFlags.values()].map((flag): Entry => {
    const name = code(`--${flag.name}`);
    return flag.kind === 'no-effect'
      ? { name, outcome: 'no effect', how: sentence(flag.reason) }
      : { name, outcome: 'refused', how: `The program does not start with it. ${sentence(flag.instead)}` };
  });
}

function code(text: string): string {
  return `\`${text}\``;
}

function joinSentences(...texts: readonly (string | undefined)[]): string {
  return texts.flatMap((text) => (text === undefined ? [] : [sentence(text)])).join(' ');
}

/** With a capital in front, unless it begins with code, and a full stop behind. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
