// What a collection that is watched selects, and what it is called.
import { SERVICE_NAME_LABEL } from '../../resources/endpoint-slice.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import type { Collection } from './api-resource.ts';
import { resourceName } from './api-resource.ts';

/** Whether the selectors that are used here select the object. */
export function isInCollection(object: KubernetesObject, { namespace, fieldSelector, labelSelector }: Collection): boolean {
  const { metadata } = object;
  if (namespace !== '' && namespace !== metadata.namespace) return false;
  if (fieldSelector !== undefined && fieldSelector !== `metadata.name=${metadata.name}`) return false;
  if (labelSelector === undefined) return true;
  return object.kind === 'EndpointSlice' && labelSelector === `${SERVICE_NAME_LABEL}=${object.serviceName}`;
}

/** `ingresses.networking.k8s.io`, `services in shop named web`: tells what is watched apart, and is shown. */
export function describeCollection({ resource, namespace, fieldSelector = '', labelSelector = '', isMetadataOnly }: Collection): string {
  const selector = fieldSelector + labelSelector;
  return [
    resourceName(resource),
    isMetadataOnly === true ? '(metadata)' : '',
    namespace === '' ? '' : `in ${namespace}`,
    selector === '' ? '' : `with ${selector}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
