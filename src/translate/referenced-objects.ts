// Which Secrets and ConfigMaps translation will ask the snapshot for, so that a source need not keep all of a cluster: those that flags
// name, that the controller's ConfigMap names, and that Ingresses of ours name. Pure; says too much rather than too little.
import type { ConfigMap, Ingress } from '../resources/objects.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { ObjectRef } from '../resources/store.ts';
import { findForeignClass } from './ingress/class-selection.ts';
import { isWatched } from './ingress/served-ingress.ts';
import type { ObjectName, TranslatorOptions } from './options.ts';

type ReferenceKind = 'Secret' | 'ConfigMap';

/** Annotations whose value is `namespace/name`, or `name` for the namespace of the Ingress. */
const referringAnnotations: readonly { readonly name: string; readonly kind: ReferenceKind }[] = [
  { name: 'auth-secret', kind: 'Secret' },
  { name: 'auth-tls-secret', kind: 'Secret' },
  { name: 'proxy-ssl-secret', kind: 'Secret' },
  { name: 'auth-proxy-set-headers', kind: 'ConfigMap' },
  { name: 'custom-headers', kind: 'ConfigMap' },
  { name: 'fastcgi-params-configmap', kind: 'ConfigMap' },
];

/** Keys of the controller's ConfigMap whose value is `namespace/name`. */
const referringKeys: readonly { readonly name: string; readonly kind: ReferenceKind }[] = [
  { name: 'add-headers', kind: 'ConfigMap' },
  { name: 'proxy-set-headers', kind: 'ConfigMap' },
  { name: 'ssl-dh-param', kind: 'Secret' },
];

/** What the command line names. Does not change while the program runs. */
export function flagReferences(options: TranslatorOptions): readonly ObjectRef[] {
  const configMaps = [options.configmap, options.tcpServicesConfigmap, options.udpServicesConfigmap];
  return [...configMaps.flatMap((name) => refOf('ConfigMap', name)), ...refOf('Secret', options.defaultSslCertificate)];
}

/** What the controller's ConfigMap names. */
export function configReferences(snapshot: Snapshot, { configmap }: TranslatorOptions): readonly ObjectRef[] {
  const config = findConfig(snapshot, configmap);
  return referringKeys.flatMap(({ name, kind }) => refOf(kind, parseName(config?.data.get(name) ?? '', undefined)));
}

/**
 * Whether an Ingress is of our class and in a namespace that is watched. Depends on its class, by field or annotation, and its namespace, and on
 * IngressClasses and Namespaces. Not for manifests, where the default class counts too.
 */
export function isOursInCluster(ingress: Ingress, snapshot: Snapshot, options: TranslatorOptions): boolean {
  // A default class is written into Ingresses by the API server.
  return isWatched(ingress.metadata.namespace, snapshot, options) && findForeignClass(ingress, snapshot, options, undefined) === undefined;
}

/**
 * What an Ingress names; nothing for one that is not ours. Objects of other namespaces count only where the ConfigMap allows it. Depends on
 * the Ingress, its class, its namespace and the ConfigMap.
 */
export function ingressReferences(ingress: Ingress, snapshot: Snapshot, options: TranslatorOptions): readonly ObjectRef[] {
  const { namespace, annotations } = ingress.metadata;
  if (!isOursInCluster(ingress, snapshot, options)) return [];
  const references = ingress.spec.tls.flatMap(({ secretName: name }) => (name === '' ? [] : refOf('Secret', { namespace, name })));
  if (annotations.size === 0) return references;
  const isFree = findConfig(snapshot, options.configmap)?.data.get('allow-cross-namespace-resources') === 'true';
  for (const { name, kind } of referringAnnotations) {
    const target = parseName(annotations.get(`${options.annotationsPrefix}/${name}`) ?? '', namespace);
    if (target !== undefined && (isFree || target.namespace === namespace)) references.push(...refOf(kind, target));
  }
  return references;
}

function findConfig(snapshot: Snapshot, configmap: ObjectName | undefined): ConfigMap | undefined {
  return configmap === undefined ? undefined : snapshot.get('ConfigMap', configmap.namespace, configmap.name);
}

function parseName(text: string, ownNamespace: string | undefined): ObjectName | undefined {
  const parts = text.trim().split('/');
  const [first = '', second] = parts;
  if (first === '' || parts.length > 2) return undefined;
  if (second === undefined) return ownNamespace === undefined ? undefined : { namespace: ownNamespace, name: first };
  return second === '' ? undefined : { namespace: first, name: second };
}

function refOf(kind: ReferenceKind, name: ObjectName | undefined): readonly ObjectRef[] {
  return name === undefined ? [] : [{ kind, ...name }];
}
