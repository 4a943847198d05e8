// The pod that this process runs in, as its Deployment tells it through the environment (downward API).

/** Both empty outside of a cluster. */
export interface OwnPod {
  readonly namespace: string;
  readonly name: string;
}

export function readOwnPod(env: Readonly<Record<string, string | undefined>>): OwnPod {
  return { namespace: env['POD_NAMESPACE'] ?? '', name: env['POD_NAME'] ?? '' };
}

/** The namespace of what belongs to all replicas, such as their Lease. */
export function homeNamespace({ namespace }: OwnPod): string {
  return namespace === '' ? 'default' : namespace;
}
