// Ingresses that are not ours cost almost nothing: their version stays in the mirror, and here is one example of each group of them, all
// that name the same class. When IngressClasses or Namespaces change, the examples tell which groups are ours by now; those have to be listed
// again.
import { CLASS_ANNOTATION } from '../../resources/ingress.ts';
import type { Ingress } from '../../resources/objects.ts';

export class ForeignIngresses {
  /** Whether it matters in which namespace they are. */
  readonly #byNamespace: boolean;
  readonly #examples = new Map<string, Ingress>();

  constructor({ byNamespace }: { readonly byNamespace: boolean }) {
    this.#byNamespace = byNamespace;
  }

  /** Answers with the group that the Ingress is in. */
  add(ingress: Ingress): string {
    const { namespace, annotations } = ingress.metadata;
    const annotation = annotations.get(CLASS_ANNOTATION) ?? '';
    const { ingressClassName } = ingress.spec;
    const group = JSON.stringify([this.#byNamespace ? namespace : '', ingressClassName ?? '', annotation]);
    if (!this.#examples.has(group)) this.#examples.set(group, exampleOf(ingress));
    return group;
  }

  /** The groups that are ours now; they are no longer known here. */
  takeOurs(isOurs: (example: Ingress) => boolean): ReadonlySet<string> {
    const groups = new Set<string>();
    for (const [group, example] of this.#examples) if (isOurs(example)) groups.add(group);
    for (const group of groups) this.#examples.delete(group);
    return groups;
  }
}

/** The class that an Ingress names, for people; `none` without. */
export function classNameOf({ spec, metadata }: Ingress): string {
  return spec.ingressClassName ?? metadata.annotations.get(CLASS_ANNOTATION) ?? 'none';
}

/** What the class and the namespace of an Ingress are told from. */
function exampleOf(ingress: Ingress): Ingress {
  const annotation = ingress.metadata.annotations.get(CLASS_ANNOTATION);
  const annotations = new Map(annotation === undefined ? [] : [[CLASS_ANNOTATION, annotation]]);
  const { ingressClassName } = ingress.spec;
  return {
    ...ingress,
    metadata: { ...ingress.metadata, annotations },
    spec: { ingressClassName, defaultBackend: undefined, rules: [], tls: [] },
    statusAddresses: [],
  };
}
