// IngressClass, networking.k8s.io/v1.
import type { Fields } from './fields.ts';
import { readMetadata } from './metadata.ts';
import { checkDnsLabel, checkDnsSubdomain, checkDomainPrefixedPath } from './names.ts';
import type { IngressClass } from './objects.ts';
import type { Place } from './place.ts';
import { originOf } from './place.ts';

export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec']);
const specFields: ReadonlySet<string> = new Set(['controller', 'parameters']);
const parameterFields: ReadonlySet<string> = new Set(['apiGroup', 'kind', 'name', 'namespace', 'scope']);

export function readIngressClass(object: Fields, place: Place): IngressClass {
  object.allowOnly(objectFields);
  const { metadata, annotations } = readMetadata(object, 'cluster', checkDnsSubdomain);
  const spec = object.requiredFields('spec');
  spec.allowOnly(specFields);
  const parameters = spec.fields('parameters');
  return {
    kind: 'IngressClass',
    metadata,
    ...originOf('IngressClass', metadata, place),
    controller: object.has('spec') ? spec.requiredText('controller', checkDomainPrefixedPath) : '',
    isDefault: annotations.get(DEFAULT_CLASS_ANNOTATION) === 'true',
    parameters: parameters === undefined ? undefined : readParameters(parameters),
  };
}

function readParameters(parameters: Fields): IngressClass['parameters'] {
  parameters.allowOnly(parameterFields);
  const scope = parameters.word('scope', ['Cluster', 'Namespace'], 'Cluster');
  const namespace = parameters.text('namespace', checkDnsLabel);
  if (scope === 'Namespace' && namespace === '') parameters.problem('namespace', 'is required with scope Namespace');
  if (scope === 'Cluster' && namespace !== '') parameters.problem('namespace', 'must be absent with scope Cluster');
  return {
    apiGroup: parameters.text('apiGroup', checkDnsSubdomain),
    kind: parameters.requiredText('kind'),
    name: parameters.requiredText('name'),
    namespace,
  };
}
