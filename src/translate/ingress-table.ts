// All Ingresses as they were read last, with the index from classes and namespaces to the Ingresses that depend on them. Of an Ingress that
// is dropped because of an annotation the last version that was not goes on being served, as in ingress-nginx; it is read again whenever
// something that it depends on changes.
import type { Ingress } from '../resources/objects.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';
import { readIngress } from './ingress/served-ingress.ts';
import type { IngressContext, IngressReading, ServedIngress } from './ingress/served-ingress.ts';
import { MultiMap } from './multi-map.ts';

/** `namespace NUL name`. */
export type IngressKey = string;

export function ingressKey(namespace: string, name: string): IngressKey {
  return [namespace, name].join('\0');
}

interface Entry {
  readonly ingress: Ingress;
  /** The same object mostly. */
  readonly lastGood: Ingress | undefined;
  readonly reading: IngressReading;
}

export interface IngressUpdate {
  readonly before: ServedIngress | undefined;
  readonly after: ServedIngress | undefined;
}

export class IngressTable {
  readonly #entries = new Map<IngressKey, Entry>();
  /** By spec.ingressClassName; empty: the field is not set. */
  readonly #byClass = new MultiMap<string, IngressKey>();
  readonly #byNamespace = new MultiMap<string, IngressKey>();
  readonly #byConfigMap = new MultiMap<string, IngressKey>();
  readonly #bySecret = new MultiMap<string, IngressKey>();

  keys(): Iterable<IngressKey> {
    return this.#entries.keys();
  }

  ofClass(name: string): Iterable<IngressKey> {
    return this.#byClass.get(name);
  }

  withoutClassName(): Iterable<IngressKey> {
    return this.#byClass.get('');
  }

  inNamespace(namespace: string): Iterable<IngressKey> {
    return this.#byNamespace.get(namespace);
  }

  /** Those that name this ConfigMap in an annotation. */
  usingConfigMap(namespace: string, name: string): Iterable<IngressKey> {
    return this.#byConfigMap.get(`${namespace}\0${name}`);
  }

  /** Those that name this Secret in an annotation that is read with them. */
  usingSecret(namespace: string, name: string): Iterable<IngressKey> {
    return this.#bySecret.get(`${namespace}\0${name}`);
  }

  /** Whether the Ingress of this key takes part in the traffic. */
  isServed(key: IngressKey): boolean {
    return this.#entries.get(key)?.reading.served !== undefined;
  }

  findingsOf(key: IngressKey): readonly Finding[] {
    return this.#entries.get(key)?.reading.findings ?? [];
  }

  /** Reads the Ingress of this key again, or forgets it where it is gone. */
  update(key: IngressKey, context: IngressContext): IngressUpdate {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    const [namespace = '', name = ''] = key.split('\0');
    const ingress = context.snapshot.get('Ingress', namespace, name);
    if (ingress === undefined) return { before: before?.reading.served, after: undefined };
    const read = readIngress(ingress, context);
    const lastGood = read.isDropped ? lastGoodOf(before, ingress) : ingress;
    const reading = read.isDropped && lastGood !== undefined ? readLastGood(lastGood, read, context) : read;
    this.#entries.set(key, { ingress, lastGood, reading });
    for (const className of classNames(ingress, lastGood)) this.#byClass.add(className, key);
    this.#byNamespace.add(namespace, key);
    for (const configMap of reading.configMaps) this.#byConfigMap.add(`${configMap.namespace}\0${configMap.name}`, key);
    for (const secret of reading.secrets) this.#bySecret.add(`${secret.namespace}\0${secret.name}`, key);
    return { before: before?.reading.served, after: reading.served };
  }

  #remove(key: IngressKey, { ingress, lastGood, reading }: Entry): void {
    this.#entries.delete(key);
    for (const className of classNames(ingress, lastGood)) this.#byClass.delete(className, key);
    this.#byNamespace.delete(ingress.metadata.namespace, key);
    for (const configMap of reading.configMaps) this.#byConfigMap.delete(`${configMap.namespace}\0${configMap.name}`, key);
    for (const secret of reading.secrets) this.#bySecret.delete(`${secret.namespace}\0${secret.name}`, key);
  }
}

/** An object that was deleted and made anew under the same name has no earlier version. Manifests mostly have no uid. */
function lastGoodOf(before: Entry | undefined, { metadata }: Ingress): Ingress | undefined {
  const lastGood = before?.lastGood;
  return lastGood?.metadata.uid === metadata.uid ? lastGood : undefined;
}

/** `dropped`: what was read of the version that is there now. */
function readLastGood(lastGood: Ingress, dropped: IngressReading, context: IngressContext): IngressReading {
  const reading = readIngress(lastGood, context);
  if (reading.served === undefined) return dropped;
  const { ingress } = reading.served;
  const goesOn = finding('PRT-ANN-9', 'the version before this one, which was good, goes on being served', ingress);
  return { ...reading, findings: [...dropped.findings, goesOn] };
}

function classNames(ingress: Ingress, lastGood: Ingress | undefined): ReadonlySet<string> {
  return new Set([ingress, lastGood ?? ingress].map(({ spec }) => spec.ingressClassName ?? ''));
}
