// The zone that this process runs in, for --enable-topology-aware-routing: the label `topology.kubernetes.io/zone` of its pod (Kubernetes
// 1.35 and newer write it there), else that of the pod's node, as ingress-nginx. Looked up once; a pod never moves.
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { mapIn } from '../resources/fields.ts';
import type { ApiClient, ApiResult } from '../sources/cluster/api-client.ts';
import { formatApiError } from '../sources/cluster/api-error.ts';
import { apiResources } from '../sources/cluster/api-resource.ts';
import { homeNamespace, type OwnPod } from './own-pod.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const LIMIT_MS = 10_000;
const PAUSE_MS = 500;

/** Fails, with the end of a sentence for the log, where the zone cannot be known, after ten seconds at most. */
export async function findOwnZone(client: ApiClient, own: OwnPod): Promise<Result<string>> {
  const { name } = own;
  if (name === '') return fail('POD_NAME is not set');
  const namespace = homeNamespace(own);
  const signal = AbortSignal.timeout(LIMIT_MS);
  const pod = await retried(signal, () => client.get({ resource: apiResources.Pod, namespace, name }, signal));
  if (!pod.ok) return fail(`the pod ${namespace}/${name} cannot be read: ${formatApiError(pod.error)}`);
  const ofPod = zoneLabel(pod.value);
  if (ofPod !== '') return ok(ofPod);
  const nodeName = mapIn(pod.value, 'spec')['nodeName'];
  if (typeof nodeName !== 'string' || nodeName === '') return fail(`the pod ${namespace}/${name} names no node`);
  const node = await retried(signal, () => client.get({ resource: apiResources.Node, namespace: '', name: nodeName }, signal));
  if (!node.ok) return fail(`the node ${nodeName} cannot be read: ${formatApiError(node.error)}`);
  const ofNode = zoneLabel(node.value);
  return ofNode === '' ? fail(`the node ${nodeName} has no label ${ZONE_LABEL}`) : ok(ofNode);
}

/** Asks again where the server, or the way to it, fails for a moment. */
async function retried(signal: AbortSignal, get: () => Promise<ApiResult>): Promise<ApiResult> {
  for (;;) {
    const answer = await get();
    const isFinal = answer.ok || answer.error.status === 403 || answer.error.status === 404;
    if (isFinal || signal.aborted) return answer;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

function zoneLabel(object: unknown): string {
  const zone = mapIn(mapIn(object, 'metadata'), 'labels')[ZONE_LABEL];
  return typeof zone === 'string' ? zone : '';
}
