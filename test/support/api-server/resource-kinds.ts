// The kinds that the stand-in serves, with what discovery says about them.

export interface ResourceKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly hasStatus: boolean;
  /** Reviews are answered and never stored. */
  readonly isReview: boolean;
}

type Traits = Partial<Pick<ResourceKind, 'isNamespaced' | 'hasStatus' | 'isReview' | 'shortNames'>>;

const clusterWide = { isNamespaced: false } as const;
const withStatus = { hasStatus: true } as const;
const review = { isNamespaced: false, isReview: true } as const;

export const resourceKinds: readonly ResourceKind[] = [
  row('v1', 'Namespace', 'namespaces', { ...clusterWide, ...withStatus, shortNames: ['ns'] }),
  row('v1', 'Node', 'nodes', { ...clusterWide, ...withStatus, shortNames: ['no'] }),
  row('v1', 'Pod', 'pods', { ...withStatus, shortNames: ['po'] }),
  row('v1', 'Service', 'services', { ...withStatus, shortNames: ['svc'] }),
  row('v1', 'Secret', 'secrets', {}),
  row('v1', 'ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  row('v1', 'ServiceAccount', 'serviceaccounts', { shortNames: ['sa'] }),
  row('v1', 'Event', 'events', { shortNames: ['ev'] }),
  row('networking.k8s.io/v1', 'Ingress', 'ingresses', { ...withStatus, shortNames: ['ing'] }),
  row('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', clusterWide),
  row('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'] }),
  row('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {}),
  row('coordination.k8s.io/v1', 'Lease', 'leases', {}),
  row('events.k8s.io/v1', 'Event', 'events', { shortNames: ['ev'] }),
  row('apps/v1', 'Deployment', 'deployments', { ...withStatus, shortNames: ['deploy'] }),
  row('apps/v1', 'DaemonSet', 'daemonsets', { ...withStatus, shortNames: ['ds'] }),
  row('batch/v1', 'Job', 'jobs', withStatus),
  row('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', { ...withStatus, shortNames: ['pdb'] }),
  row('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', { ...withStatus, shortNames: ['hpa'] }),
  row('rbac.authorization.k8s.io/v1', 'Role', 'roles', {}),
  row('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', {}),
  row('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', clusterWide),
  row('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', clusterWide),
  row('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', clusterWide),
  row('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', review),
  row('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', review),
];

export function apiVersionOf({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

export function findByPlural(group: string, version: string, plural: string): ResourceKind | undefined {
  return resourceKinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);
}

export function findByKind(apiVersion: string, kind: string): ResourceKind | undefined {
  return resourceKinds.find((candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion);
}

/** Events of both groups are the same objects; they are kept in the newer form. */
export function storedKind(kind: ResourceKind): ResourceKind {
  if (kind.kind !== 'Event') return kind;
  return findByPlural('events.k8s.io', 'v1', 'events') ?? kind;
}

function row(apiVersion: string, kind: string, plural: string, traits: Traits): ResourceKind {
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  return { group, version, kind, plural, shortNames: [], isNamespaced: true, hasStatus: false, isReview: false, ...traits };
}
