// Annotations of an Ingress as they are read, for tests.
import type { Ingress } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import { type IngressAnnotations, readAnnotations } from './read-annotations.ts';

export const PREFIX = 'nginx.ingress.kubernetes.io';

/** `annotations`: without the prefix. */
function ingress(annotations: Readonly<Record<string, string>>): Ingress {
  const raw = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'shop' }, spec: { rules: [{ host: 'a.example' }] } };
  const parsed = parseObject(raw, {});
  if (parsed.kind !== 'object' || parsed.object.kind !== 'Ingress') throw new Error(JSON.stringify(parsed));
  // Set here, because the parser refuses annotations that are larger than the API server takes.
  const named = new Map(Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value]));
  return { ...parsed.object, metadata: { ...parsed.object.metadata, annotations: named } };
}

export function read(annotations: Readonly<Record<string, string>>): IngressAnnotations {
  return readAnnotations(ingress(annotations), PREFIX, { riskLevel: 'High', blockedWords: [] });
}
