// The pods of this installation: those in the pod's own namespace with its own labels, apart from the labels that differ between the
// versions of one Deployment or DaemonSet (as ingress-nginx), and those that differ between the versions of a chart, which ingress-nginx
// compares: there, an upgrade of the chart takes the addresses out of every status. Read when asked for, never watched.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { isMap, mapIn } from '../../resources/fields.ts';
import type { ApiClient, ApiResult } from '../../sources/cluster/api-client.ts';
import { formatApiError } from '../../sources/cluster/api-error.ts';
import { apiResources } from '../../sources/cluster/api-resource.ts';

const versionLabels: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'helm.sh/chart',
  'app.kubernetes.io/version',
]);

interface Pod {
  readonly name: string;
  readonly node: string;
  readonly isReady: boolean;
  /** Running, and not asked to end. */
  readonly isActive: boolean;
}

export class ControllerPods {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #name: string;

  /** `name` is that of the pod of this process; empty outside of a cluster. */
  constructor(client: ApiClient, namespace: string, name: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  /** Names of the nodes where a pod is ready, each once. */
  async readyNodes(signal: AbortSignal): Promise<Result<readonly string[]>> {
    if (this.#name === '') return fail('POD_NAME is not set, so the pods of the controller are not known');
    const pods = await this.#list(await this.#readOwn(signal), signal);
    if (!pods.ok) return pods;
    const ready = pods.value.filter(({ isReady, isActive, node }) => isReady && isActive && node !== '');
    return ok([...new Set(ready.map(({ node }) => node))]);
  }

  /**
   * Whether no other pod goes on when this one has ended. A process without a pod, which may have the name of one all the same, counts as
   * the last: if there are others after all, the next leader writes the addresses again.
   */
  async isLast(signal: AbortSignal): Promise<Result<boolean>> {
    if (this.#name === '') return ok(true);
    const own = await this.#readOwn(signal);
    if (!own.ok && own.error.status === 404) return ok(true);
    const pods = await this.#list(own, signal);
    return pods.ok ? ok(!pods.value.some(({ name, isActive }) => isActive && name !== this.#name)) : pods;
  }

  #readOwn(signal: AbortSignal): Promise<ApiResult> {
    return this.#client.get({ resource: apiResources.Pod, namespace: this.#namespace, name: this.#name }, signal);
  }

  async #list(own: ApiResult, signal: AbortSignal): Promise<Result<readonly Pod[]>> {
    if (!own.ok) return fail(`the pod ${this.#namespace}/${this.#name} cannot be read: ${formatApiError(own.error)}`);
    const labelSelector = selectorOf(own.value);
    if (labelSelector === '') return ok([parsePod(own.value)]);
    const pods = await this.#client.list({ resource: apiResources.Pod, namespace: this.#namespace, labelSelector }, signal);
    return pods.ok
      ? ok(pods.value.items.map(parsePod))
      : fail(`the pods of ${this.#namespace} cannot be read: ${formatApiError(pods.error)}`);
  }
}

function selectorOf(pod: unknown): string {
  const labels = mapIn(mapIn(pod, 'metadata'), 'labels');
  const kept = Object.entries(labels).filter(([key]) => !versionLabels.has(key));
  return kept.map(([key, value]) => `${key}=${String(value)}`).join(',');
}

function parsePod(pod: unknown): Pod {
  const metadata = mapIn(pod, 'metadata');
  const status = mapIn(pod, 'status');
  const conditions: readonly unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : [];
  const nodeName = mapIn(pod, 'spec')['nodeName'];
  return {
    name: String(metadata['name']),
    node: typeof nodeName === 'string' ? nodeName : '',
    isReady: conditions.some((condition) => isMap(condition) && condition['type'] === 'Ready' && condition['status'] === 'True'),
    isActive: status['phase'] === 'Running' && metadata['deletionTimestamp'] === undefined,
  };
}
