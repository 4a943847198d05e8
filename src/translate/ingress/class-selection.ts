// Which Ingresses are ours: ingress-nginx's rules (field, then annotation, then the flags), and the default class for manifests.
import { CLASS_ANNOTATION } from '../../resources/ingress.ts';
import type { Ingress, IngressClass } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { TranslatorOptions } from '../options.ts';

/** Undefined: the Ingress is ours. Otherwise why it is not. */
export function findForeignClass(
  ingress: Ingress,
  snapshot: Snapshot,
  options: TranslatorOptions,
  defaultClass: IngressClass | undefined,
): Finding | undefined {
  const { ingressClassName } = ingress.spec;
  // The annotation is not consulted where the field is set.
  if (ingressClassName !== undefined) return judgeClassName(ingress, ingressClassName, snapshot, options);
  const annotation = ingress.metadata.annotations.get(CLASS_ANNOTATION);
  if (annotation !== undefined && annotation !== '') {
    if (annotation === options.ingressClass) return undefined;
    const message = `the class ${annotation} is not ${options.ingressClass}: the Ingress is ignored`;
    return finding('PRT-CLASS-1', message, ingress, annotationField(CLASS_ANNOTATION));
  }
  if (options.watchIngressWithoutClass) return undefined;
  if (!options.applyDefaultClass || defaultClass === undefined) {
    return finding('PRT-CLASS-3', 'the Ingress names no class and is ignored; write spec.ingressClassName', ingress, 'spec');
  }
  if (isOurClass(defaultClass, options)) return undefined;
  const message = `the default class ${defaultClass.metadata.name} belongs to ${defaultClass.controller}: the Ingress is ignored`;
  return finding('PRT-CLASS-1', message, ingress, 'spec');
}

/** The class that an Ingress without class gets: of several default classes the newest, as the API server's admission decides. */
export function findDefaultClass(classes: Iterable<IngressClass>): IngressClass | undefined {
  let newest: IngressClass | undefined;
  for (const candidate of classes) {
    if (candidate.isDefault && (newest === undefined || isNewer(candidate, newest))) newest = candidate;
  }
  return newest;
}

/** What there is to say about our own classes: as in ingress-nginx, their parameters are not read. */
export function* findingsOfClasses(classes: Iterable<IngressClass>, options: TranslatorOptions): Iterable<Finding> {
  for (const ingressClass of classes) {
    if (ingressClass.parameters === undefined || !isOurClass(ingressClass, options)) continue;
    const { kind, name } = ingressClass.parameters;
    const message = `the parameters ${kind} ${name} have no effect: settings come from the ConfigMap of --configmap`;
    yield finding('PRT-CLASS-4', message, ingressClass, 'spec.parameters');
  }
}

function judgeClassName(ingress: Ingress, name: string, snapshot: Snapshot, options: TranslatorOptions): Finding | undefined {
  const field = 'spec.ingressClassName';
  const ingressClass = snapshot.get('IngressClass', '', name);
  if (ingressClass === undefined) return finding('PRT-CLASS-2', `no IngressClass ${name} exists: the Ingress is ignored`, ingress, field);
  if (isOurClass(ingressClass, options)) return undefined;
  const message = `the class ${name} belongs to ${ingressClass.controller}, not to ${options.controllerClass}: the Ingress is ignored`;
  return finding('PRT-CLASS-1', message, ingress, field);
}

function isOurClass(ingressClass: IngressClass, options: TranslatorOptions): boolean {
  if (ingressClass.controller === options.controllerClass) return true;
  return options.ingressClassByName && ingressClass.metadata.name === options.ingressClass;
}

function isNewer(a: IngressClass, b: IngressClass): boolean {
  const difference = a.metadata.creationTimestampMs - b.metadata.creationTimestampMs;
  return difference === 0 ? a.metadata.name < b.metadata.name : difference > 0;
}
