// Under which addresses clients reach this installation, as ingress-nginx decides it: those of the command line, else those of a Service,
// else those of the nodes where pods of the controller are ready. Sorted and each once, so that equal addresses are equal lists.
import { isIP } from 'node:net';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { assertNever } from '../../kit/assert-never.ts';
import { isMap } from '../../resources/fields.ts';
import type { Service, StatusAddress } from '../../resources/objects.ts';
import type { ApiClient } from '../../sources/cluster/api-client.ts';
import { formatApiError } from '../../sources/cluster/api-error.ts';
import { apiResources } from '../../sources/cluster/api-resource.ts';
import type { ObjectName } from '../../translate/options.ts';
import type { ControllerPods } from './controller-pods.ts';

export type AddressSource =
  /** `--publish-status-address`. */
  | { readonly kind: 'fixed'; readonly addresses: readonly string[] }
  /** `--publish-service`. */
  | { readonly kind: 'service'; readonly service: ObjectName }
  /** Of the nodes; `prefersInternal`: `--report-node-internal-ip-address`. */
  | { readonly kind: 'nodes'; readonly prefersInternal: boolean };

export interface AddressDeps {
  readonly getService: (name: ObjectName) => Service | undefined;
  readonly client: ApiClient;
  readonly pods: ControllerPods;
}

/** Fails, with a sentence for the log, where the addresses cannot be known now; what was written before stays then. */
export async function findAddresses(
  source: AddressSource,
  { getService, client, pods }: AddressDeps,
  signal: AbortSignal,
): Promise<Result<readonly StatusAddress[]>> {
  switch (source.kind) {
    case 'fixed':
      return ok(sortAddresses(source.addresses.map(toAddress)));
    case 'service': {
      const { namespace, name } = source.service;
      const service = getService(source.service);
      return service === undefined ? fail(`the Service ${namespace}/${name} does not exist`) : ok(sortAddresses(addressesOf(service)));
    }
    case 'nodes': {
      const ready = await pods.readyNodes(signal);
      if (!ready.ok) return ready;
      if (ready.value.length === 0) return fail('no pod of the controller is ready yet');
      return findNodeAddresses(ready.value, { client, prefersInternal: source.prefersInternal }, signal);
    }
    default:
      return assertNever(source);
  }
}

/** ingress-nginx `statusAddressFromService`. */
export function addressesOf(service: Service): readonly StatusAddress[] {
  const { type, clusterIP, externalName, externalIPs, loadBalancerIngress } = service;
  const external = externalIPs.map(toAddress);
  const own = clusterIP === '' || clusterIP === 'None' ? [] : [toAddress(clusterIP)];
  switch (type) {
    case 'ExternalName':
      return [{ ip: '', hostname: externalName }];
    case 'ClusterIP':
      return own;
    case 'NodePort':
      return external.length > 0 ? external : own;
    case 'LoadBalancer':
      return [...loadBalancerIngress, ...external];
    default:
      return assertNever(type);
  }
}

async function findNodeAddresses(
  names: readonly string[],
  { client, prefersInternal }: { readonly client: ApiClient; readonly prefersInternal: boolean },
  signal: AbortSignal,
): Promise<Result<readonly StatusAddress[]>> {
  const addresses: StatusAddress[] = [];
  for (const name of names) {
    const node = await client.get({ resource: apiResources.Node, namespace: '', name }, signal);
    if (!node.ok && node.error.status !== 404) return fail(`the node ${name} cannot be read: ${formatApiError(node.error)}`);
    const address = node.ok ? nodeAddress(node.value, prefersInternal) : undefined;
    if (address !== undefined) addresses.push(toAddress(address));
  }
  return ok(sortAddresses(addresses));
}

/** The first external address, or the first internal one where there is none, or where it is preferred. */
export function nodeAddress(node: unknown, prefersInternal: boolean): string | undefined {
  const status = isMap(node) && isMap(node['status']) ? node['status'] : {};
  const listed: readonly unknown[] = Array.isArray(status['addresses']) ? status['addresses'] : [];
  const first = (type: string): string | undefined => {
    for (const entry of listed) {
      if (isMap(entry) && entry['type'] === type && typeof entry['address'] === 'string' && entry['address'] !== '')
        return entry['address'];
    }
    return undefined;
  };
  return prefersInternal ? first('InternalIP') : (first('ExternalIP') ?? first('InternalIP'));
}

export function sortAddresses(addresses: readonly StatusAddress[]): readonly StatusAddress[] {
  const byKey = new Map(addresses.map((address) => [keyOf(address), address]));
  return [...byKey].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, address]) => address);
}

/** Whether the lists name the same addresses, in whatever order. */
export function areSameAddresses(left: readonly StatusAddress[], right: readonly StatusAddress[]): boolean {
  if (left.length !== right.length) return false;
  const keys = new Set(left.map(keyOf));
  return keys.size === right.length && right.every((address) => keys.has(keyOf(address)));
}

function keyOf({ ip, hostname }: StatusAddress): string {
  return ip === '' ? hostname : ip;
}

function toAddress(text: string): StatusAddress {
  return isIP(text) === 0 ? { ip: '', hostname: text } : { ip: text, hostname: '' };
}
