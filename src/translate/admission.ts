// What the admission webhook says about an Ingress that somebody wants to write: the same code reads it that would translate it, and its
// paths are compared with those that are served (ingress-nginx reference 6.7). Changes nothing, does no I/O, and takes time proportional
// to the Ingress and to the Ingresses of its hosts, whatever else there is. Nothing is said about Services, Secrets and ConfigMaps that
// the Ingress names: they may come later, and those that no Ingress names yet are not read from the API server.
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import type { HostName } from '../model/route.ts';
import type { Ingress, IngressClass } from '../resources/objects.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { readAnnotations } from './annotations/read-annotations.ts';
import type { AnnotationDraft } from './annotations/row.ts';
import type { RoutingConfig } from './configmap/row.ts';
import type { Finding } from './finding.ts';
import { findForeignClass } from './ingress/class-selection.ts';
import { inspectIngress } from './ingress/deep-inspection.ts';
import { checkPathTypes } from './ingress/path-types.ts';
import { readSnippets } from './ingress/served-snippets.ts';
import { hostOfRule, isWatched } from './ingress/served-ingress.ts';
import type { ServedIngress } from './ingress/served-ingress.ts';
import type { TranslatorOptions } from './options.ts';
import type { PatternChecker } from './pattern-checker.ts';

export type AdmissionVerdict =
  /** Each warning is one sentence about one field. */
  | { readonly kind: 'allowed'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly warnings: readonly string[] };

/** The state that an Ingress is checked against. */
export interface AdmissionView {
  readonly snapshot: Snapshot;
  readonly options: TranslatorOptions;
  readonly routing: RoutingConfig;
  readonly defaultClass: IngressClass | undefined;
  /** Ingresses that are served and name the host, without canaries, oldest first. */
  readonly ingressesOf: (host: HostName) => readonly ServedIngress[];
  readonly patterns: PatternChecker;
}

const DEFAULT_PREFIX = 'nginx.ingress.kubernetes.io';
/** RFC 9562, as API servers make them. A uid is none of the writer's business; text in it was once used to inject configuration. */
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Annotations of older releases of ingress-nginx that it still warns of. */
const DEPRECATED = /^(enable-influxdb|influxdb-[a-z]+|secure-verify-ca-secret)$/;
const ALLOWED: AdmissionVerdict = { kind: 'allowed', warnings: [] };

/** The checks are made in the order of ingress-nginx, and the first that fails is told. */
export function checkIngress(ingress: Ingress, view: AdmissionView): AdmissionVerdict {
  const { options, routing } = view;
  if (ingress.isBeingDeleted) return ALLOWED;
  const inspected = options.deepInspect ? inspectIngress(ingress) : undefined;
  if (inspected !== undefined) return { kind: 'refused', reason: textOf(inspected), warnings: [] };
  if (!isOurs(ingress, view)) return ALLOWED;
  const pathProblems = checkPathTypes(ingress);
  const { values, verdict, findings } = readAnnotations(ingress, options.annotationsPrefix, routing);
  const warnings = [
    ...warningsOf(ingress, options.annotationsPrefix, [
      ...findings,
      ...problemsOfSnippets(ingress, values, view),
      ...(routing.strictPathTypes ? [] : pathProblems),
    ]),
    ...problemsOfPatterns(ingress, values, view),
  ];
  const reason =
    problemOfObject(ingress, view) ??
    (routing.strictPathTypes ? textOfFirst(pathProblems) : undefined) ??
    problemOfAnnotations(ingress, view) ??
    (verdict === 'ignore' ? reasonOfDrop(findings) : undefined) ??
    findOverlap(ingress, view);
  return reason === undefined ? { kind: 'allowed', warnings } : { kind: 'refused', reason, warnings };
}

/** Whether the Ingress has a class that is ours, and a namespace that is watched. */
export function isOurs(
  ingress: Ingress,
  { snapshot, options, defaultClass }: Pick<AdmissionView, 'snapshot' | 'options' | 'defaultClass'>,
): boolean {
  return (
    findForeignClass(ingress, snapshot, options, defaultClass) === undefined && isWatched(ingress.metadata.namespace, snapshot, options)
  );
}

function problemOfObject({ metadata, spec }: Ingress, { options }: AdmissionView): string | undefined {
  if (options.disableCatchAll && spec.defaultBackend !== undefined) return 'spec.defaultBackend: not allowed by --disable-catch-all';
  if (metadata.uid !== '' && !UID.test(metadata.uid)) return 'metadata.uid: is not a UUID';
  return undefined;
}

function problemOfAnnotations({ metadata }: Ingress, view: AdmissionView): string | undefined {
  const { options, routing } = view;
  const { annotationsPrefix } = options;
  for (const [key, value] of metadata.annotations) {
    if (annotationsPrefix !== DEFAULT_PREFIX && key.startsWith(`${DEFAULT_PREFIX}/`)) {
      return `annotation ${key}: the prefix here is ${annotationsPrefix}, not ${DEFAULT_PREFIX}`;
    }
    if (!key.startsWith(`${annotationsPrefix}/`)) continue;
    const word = routing.blockedWords.find((blocked) => value.includes(blocked));
    if (word !== undefined) return `annotation ${key}: contains the invalid word ${word} (annotation-value-word-blocklist)`;
    if (key.endsWith('-snippet') && !areSnippetsAllowed(view)) {
      return `annotation ${key}: cannot be used, snippets are not allowed (allow-snippet-annotations)`;
    }
  }
  return undefined;
}

function areSnippetsAllowed({ options, routing }: AdmissionView): boolean {
  return routing.allowsSnippets || options.allowSnippetAnnotations;
}

/** Snippets that are allowed and cannot be interpreted: the Ingress is served without them, or answers 503. */
function problemsOfSnippets(ingress: Ingress, values: Readonly<AnnotationDraft>, view: AdmissionView): readonly Finding[] {
  if (!areSnippetsAllowed(view)) return [];
  const { annotationsPrefix } = view.options;
  return readSnippets(ingress, values, { areAllowed: true, annotationsPrefix, knownVariables: view.routing.snippetVariables }).findings;
}

/** Why the translation would leave the Ingress out. */
function reasonOfDrop(findings: readonly Finding[]): string {
  const drops = findings.filter(({ code }) => code === 'PRT-ANN-5');
  return (drops.length > 0 ? drops : findings).map(textOf).join('; ');
}

/**
 * A path of a host belongs to the oldest Ingress that names it, whatever the type of the path; `canary` on either side says that both are
 * meant. An Ingress that is the owner itself may be written.
 */
function findOverlap(ingress: Ingress, { options, ingressesOf }: AdmissionView): string | undefined {
  const canaryKey = `${options.annotationsPrefix}/canary`;
  if (hasText(ingress, canaryKey)) return undefined;
  for (const [host, paths] of pathsByHost(ingress)) {
    for (const { ingress: other } of ingressesOf(host)) {
      for (const path of pathsOf(other, host)) {
        // The first to name a path owns it.
        if (!paths.delete(path) || isSame(other, ingress) || hasText(other, canaryKey)) continue;
        const { namespace, name } = other.metadata;
        return `host "${host}" and path "${path}" is already defined in ingress ${namespace}/${name}`;
      }
    }
  }
  return undefined;
}

function hasText({ metadata }: Ingress, annotation: string): boolean {
  return (metadata.annotations.get(annotation) ?? '') !== '';
}

function isSame(a: Ingress, b: Ingress): boolean {
  return a.metadata.namespace === b.metadata.namespace && a.metadata.name === b.metadata.name;
}

function pathsByHost(ingress: Ingress): ReadonlyMap<HostName, Set<string>> {
  const byHost = new Map<HostName, Set<string>>();
  for (const rule of ingress.spec.rules) {
    const host = hostOfRule(rule.host);
    const paths = byHost.get(host) ?? new Set();
    for (const { path } of rule.paths ?? []) paths.add(path);
    byHost.set(host, paths);
  }
  return byHost;
}

function* pathsOf({ spec }: Ingress, host: HostName): Iterable<string> {
  for (const rule of spec.rules) {
    if (hostOfRule(rule.host) !== host) continue;
    for (const { path } of rule.paths ?? []) yield path;
  }
}

function warningsOf(ingress: Ingress, prefix: string, findings: readonly Finding[]): readonly string[] {
  const deprecated = [...ingress.metadata.annotations.keys()].filter(
    (key) => key.startsWith(`${prefix}/`) && DEPRECATED.test(key.slice(prefix.length + 1)),
  );
  const told = findings.filter(({ code, field = '' }) => {
    if (diagnosticCodes[code].severity === 'info') return false;
    return !deprecated.some((key) => field.includes(`"${key}"`));
  });
  return [...deprecated.map((key) => `annotation ${key}: is deprecated and has no effect`), ...told.map(textOf)];
}

/** Paths that are regular expressions and cannot be used; ingress-nginx does not look, so they are only told. */
function problemsOfPatterns(ingress: Ingress, values: Readonly<AnnotationDraft>, { patterns }: AdmissionView): readonly string[] {
  const { useRegex = false, rewriteTarget } = values;
  if (!useRegex && rewriteTarget === undefined) return [];
  const problems = new Set<string>();
  for (const rule of ingress.spec.rules) {
    for (const { path } of rule.paths ?? []) {
      const problem = useRegex || path !== rewriteTarget ? patterns.problemOf(path, ingress) : undefined;
      if (problem !== undefined) problems.add(`path ${path}: the pattern ${problem}: such paths answer 503`);
    }
  }
  return [...problems];
}

function textOfFirst(findings: readonly Finding[]): string | undefined {
  const [first] = findings;
  return first === undefined ? undefined : textOf(first);
}

/** `annotation KEY: MESSAGE`, `spec.rules[0].host: MESSAGE`. */
function textOf({ field, message }: Finding): string {
  if (field === undefined) return message;
  const annotation = /^metadata\.annotations\["(.*)"\]$/.exec(field);
  return `${annotation === null ? field : `annotation ${annotation[1]}`}: ${message.replace(/^the Ingress is ignored: /, '')}`;
}
