// Reads the annotations of one Ingress by the registry. Nothing under the prefix is passed over in silence: what is unknown, not
// supported, not valid or without effect becomes a finding; what protects and cannot be honoured makes the routes be refused.
import { assertNever } from '../../kit/assert-never.ts';
import type { Ingress } from '../../resources/objects.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { nearestName } from '../nearest-name.ts';
import { annotationsByName } from './registry.ts';
import { RISKS } from './row.ts';
import type { AnnotationDraft, AnnotationRow, AnnotationStatus, Risk, ValueCheck, WithoutIt } from './row.ts';

/** What the controller's ConfigMap says about annotations. */
export interface AnnotationLimits {
  /** An Ingress with a riskier annotation is dropped (`annotations-risk-level`). */
  readonly riskLevel: Risk;
  /** An Ingress with a value that contains one of these is dropped (`annotation-value-word-blocklist`). */
  readonly blockedWords: readonly string[];
}

export interface IngressAnnotations {
  readonly values: Readonly<AnnotationDraft>;
  /**
   * `refuse`: every route of the Ingress answers 503. `refuse-hosts`: every route of its hosts does. `ignore`: the Ingress has no effect at
   * all.
   */
  readonly verdict: 'serve' | 'refuse' | 'refuse-hosts' | 'ignore';
  readonly findings: readonly Finding[];
}

/** `prefix` without the slash. ingress-nginx: `internal/ingress/annotations`; the three outcomes of invalid values are kept. */
export function readAnnotations(ingress: Ingress, prefix: string, limits: AnnotationLimits): IngressAnnotations {
  let reading: Reading | undefined;
  const start = `${prefix}/`;
  for (const [key, text] of ingress.metadata.annotations) {
    if (!key.startsWith(start)) continue;
    reading ??= new Reading(ingress, limits);
    const name = key.slice(start.length);
    const row = annotationsByName.get(name);
    if (row === undefined) reading.reportUnknown(key, name);
    else if (!isShadowedAlias(ingress, start, row, name)) reading.read(key, row, text);
  }
  return reading?.result() ?? NONE;
}

function isDropping(status: AnnotationStatus, text: string): boolean {
  if (status.kind !== 'supported') return status.check?.(text).ok === false;
  return status.onInvalid === 'drop' && status.read(text, emptyDraft())?.kind === 'invalid';
}

/** What most Ingresses say. */
const NONE: IngressAnnotations = { values: emptyDraft(), verdict: 'serve', findings: [] };

/** An alias only counts where the main name is absent or empty. */
function isShadowedAlias(ingress: Ingress, start: string, row: AnnotationRow, name: string): boolean {
  return name !== row.name && (ingress.metadata.annotations.get(start + row.name) ?? '') !== '';
}

const VERDICTS: readonly IngressAnnotations['verdict'][] = ['serve', 'refuse', 'refuse-hosts', 'ignore'];

/** Findings about one Ingress that come with advice. */
const MAX_ADVICE = 50;

class Reading {
  readonly #ingress: Ingress;
  readonly #limits: AnnotationLimits;
  readonly #draft = emptyDraft();
  readonly #findings: Finding[] = [];
  #verdict: IngressAnnotations['verdict'] = 'serve';

  constructor(ingress: Ingress, limits: AnnotationLimits) {
    this.#ingress = ingress;
    this.#limits = limits;
  }

  result(): IngressAnnotations {
    return { values: this.#draft, verdict: this.#verdict, findings: this.#findings };
  }

  reportUnknown(key: string, name: string): void {
    // Looking for it takes time, and an Ingress has room for thousands of names.
    const meant = this.#findings.length < MAX_ADVICE ? nearestName(name, annotationsByName.keys()) : undefined;
    this.#report('PRT-ANN-1', key, `no annotation ${name} exists${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  }

  read(key: string, row: AnnotationRow, rawText: string): void {
    const text = trimLines(rawText);
    if (text === '') {
      if (rawText !== '') this.#readBlank(key, row, rawText);
      return;
    }
    if (this.#isTooRisky(key, row) || this.#hasBlockedWord(key, rawText)) return;
    this.#readStatus(key, row, text);
  }

  /** ingress-nginx validates a value before it trims it: blanks are no URL, so the Ingress goes, but a realm may have them. */
  #readBlank(key: string, row: AnnotationRow, rawText: string): void {
    const { status } = row;
    if (isDropping(status, rawText)) this.#drop(key, 'the value is blank');
    else this.#report('PRT-ANN-3', key, 'the value is blank, so the annotation counts as absent');
  }

  #isTooRisky(key: string, row: AnnotationRow): boolean {
    if (RISKS.indexOf(row.risk) <= RISKS.indexOf(this.#limits.riskLevel)) return false;
    this.#drop(key, `the risk of ${row.name} is ${row.risk}, above annotations-risk-level ${this.#limits.riskLevel}`);
    return true;
  }

  #hasBlockedWord(key: string, text: string): boolean {
    const word = this.#limits.blockedWords.find((blocked) => text.includes(blocked));
    if (word === undefined) return false;
    this.#drop(key, `the value contains ${JSON.stringify(word)}, which annotation-value-word-blocklist forbids`);
    return true;
  }

  #readStatus(key: string, row: AnnotationRow, text: string): void {
    const { status } = row;
    switch (status.kind) {
      case 'supported': {
        const problem = status.read(text, this.#draft);
        if (problem === undefined) return;
        if (problem.kind === 'unsupported') this.#report('PRT-ANN-2', key, problem.message);
        else if (problem.kind === 'ignored') this.#report('PRT-ANN-3', key, `the value ${problem.message}`);
        else if (problem.kind === 'refused' || status.onInvalid === 'refuse') this.#refuse(key, `the value ${problem.message}`);
        else if (status.onInvalid === 'drop') this.#drop(key, `the value ${problem.message}`);
        else this.#report('PRT-ANN-3', key, `the value ${problem.message}; ${problem.instead ?? 'the default is used'}`);
        return;
      }
      case 'not-yet':
        if (!this.#dropInvalid(key, status.check, text)) this.#readUnsupported(key, row, status.without(text));
        return;
      case 'no-effect':
        if (!this.#dropInvalid(key, status.check, text)) this.#report('PRT-ANN-6', key, `${row.name} has no effect: ${status.reason}`);
        return;
      default:
        assertNever(status);
    }
  }

  #readUnsupported(key: string, row: AnnotationRow, without: WithoutIt): void {
    switch (without) {
      case 'same':
        return;
      case 'serve':
        this.#report('PRT-ANN-2', key, `${row.name} is not supported yet and has no effect`);
        return;
      case 'refuse':
        this.#judge('refuse');
        this.#report('PRT-ANN-4', key, `${row.name} is not supported yet: the paths of this Ingress answer 503 rather than be open`);
        return;
      case 'refuse-hosts':
        this.#judge('refuse-hosts');
        this.#report('PRT-ANN-4', key, `${row.name} is not supported yet: all paths of these hosts answer 503 rather than be open`);
        return;
      case 'ignore-ingress':
        this.#judge('ignore');
        this.#report('PRT-ANN-2', key, `${row.name} is not supported yet: the whole Ingress is ignored`);
        return;
      default:
        assertNever(without);
    }
  }

  /** True: the value means nothing here, but ingress-nginx drops the Ingress for it. */
  #dropInvalid(key: string, check: ValueCheck, text: string): boolean {
    const value = check?.(text);
    if (value === undefined || value.ok) return false;
    this.#drop(key, `the value ${value.error}`);
    return true;
  }

  #refuse(key: string, reason: string): void {
    this.#judge('refuse');
    this.#report('PRT-ANN-4', key, `${reason}: the paths of this Ingress answer 503`);
  }

  #drop(key: string, reason: string): void {
    this.#judge('ignore');
    this.#report('PRT-ANN-5', key, `the Ingress is ignored: ${reason}`);
  }

  /** The strongest verdict counts. */
  #judge(verdict: IngressAnnotations['verdict']): void {
    if (VERDICTS.indexOf(verdict) > VERDICTS.indexOf(this.#verdict)) this.#verdict = verdict;
  }

  #report(code: Finding['code'], key: string, message: string): void {
    this.#findings.push(finding(code, message, this.#ingress, annotationField(key)));
  }
}

function emptyDraft(): AnnotationDraft {
  return { proxy: {}, redirects: {}, upstreamTls: {}, access: { external: {} }, clientCertificates: {} };
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}
