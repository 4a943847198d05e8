// Which events there are: what changed and what was found, in the words that `kubectl describe` shows. Reasons and the component are those of
// ingress-nginx where it has them; every other reason is the name of a diagnostic, whose code begins the note.
import type { Diagnostic } from '../../model/diagnostic.ts';
import { diagnosticCodes } from '../../model/diagnostic-codes.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import type { Kind, KubernetesObject } from '../../resources/objects.ts';
import { apiResources } from '../../sources/cluster/api-resource.ts';

/** `reportingController` of ingress-nginx, by which scripts and dashboards find these events. */
export const REPORTING_CONTROLLER = 'nginx-ingress-controller';

/** ingress-nginx's reason for annotations that it denies or cannot read. */
const annotationCodes: ReadonlySet<DiagnosticCode> = new Set(['PRT-ANN-3', 'PRT-ANN-4', 'PRT-ANN-5']);

/** The API server refuses longer notes (`pkg/apis/core/validation/events.go`). */
const MAX_NOTE_BYTES = 1024;

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface ObjectEvent {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** One word in PascalCase. */
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export function syncEvent(ingress: KubernetesObject): ObjectEvent {
  return { regarding: referenceTo(ingress), type: 'Normal', reason: 'Sync', action: 'Sync', note: 'Scheduled for sync' };
}

/** Of the controller's own ConfigMap. */
export function configEvent(configMap: KubernetesObject, isNew: boolean): ObjectEvent {
  const { namespace, name } = configMap.metadata;
  const reason = isNew ? 'CREATE' : 'UPDATE';
  return { regarding: referenceTo(configMap), type: 'Normal', reason, action: 'Sync', note: `ConfigMap ${namespace}/${name}` };
}

export function diagnosticEvent({ code, message, origin }: Diagnostic, object: KubernetesObject): ObjectEvent {
  const place = origin.field === undefined ? '' : ` (${origin.field})`;
  return {
    regarding: referenceTo(object),
    type: 'Warning',
    reason: annotationCodes.has(code) ? 'AnnotationParsingFailed' : pascalCase(diagnosticCodes[code].slug),
    action: 'Translate',
    note: limitBytes(`${code}: ${message}${place}`, MAX_NOTE_BYTES),
  };
}

function referenceTo({ kind, metadata }: KubernetesObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion: apiResources[kind].apiVersion, kind, namespace, name, uid, resourceVersion };
}

function pascalCase(slug: string): string {
  return slug.replace(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function limitBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  // A character that was cut apart becomes U+FFFD, which is longer than what was left of it.
  const cut = Buffer.from(text)
    .subarray(0, limit - 4)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${cut}…`;
}
