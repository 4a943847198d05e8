// What clients such as `kubectl` ask before anything else: which groups, versions and kinds there are.
import { apiVersionOf, resourceKinds } from './resource-kinds.ts';
import type { ResourceKind } from './resource-kinds.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Undefined for a path that is no part of discovery. */
export function answerDiscovery(path: string): unknown {
  if (path === '/version') return { major: '1', minor: '36', gitVersion: 'v1.36.0', platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(describeGroup) };
  if (path === '/openapi/v3')
    return {
      paths: Object.fromEntries(
        apiVersions().map((version) => [openApiPath(version), { serverRelativeURL: `/openapi/v3/${openApiPath(version)}` }]),
      ),
    };
  if (path.startsWith('/openapi/v3/')) return describeOperations(path.slice('/openapi/v3/'.length));
  const versioned = /^\/(?:api|apis)\/([^/]+(?:\/[^/]+)?)$/.exec(path)?.[1];
  if (versioned === undefined) return undefined;
  const isGroup = groupNames().includes(versioned);
  if (isGroup) return { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(versioned) };
  return apiVersions().includes(versioned) ? describeResources(versioned) : undefined;
}

function apiVersions(): string[] {
  return [...new Set(resourceKinds.map(apiVersionOf))];
}

function groupNames(): string[] {
  return [...new Set(resourceKinds.map(({ group }) => group))].filter((group) => group !== '');
}

function describeGroup(name: string): object {
  const versions = apiVersions()
    .filter((version) => version.startsWith(`${name}/`))
    .map((groupVersion) => ({ groupVersion, version: groupVersion.slice(name.length + 1) }));
  return { name, versions, preferredVersion: versions[0] };
}

function describeResources(groupVersion: string): object {
  const resources = resourceKinds.filter((kind) => apiVersionOf(kind) === groupVersion).flatMap(describeResource);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function describeResource({ kind, plural, shortNames, isNamespaced, hasStatus, isReview }: ResourceKind): object[] {
  const common = { kind, namespaced: isNamespaced };
  const main = { ...common, name: plural, singularName: kind.toLowerCase(), shortNames, verbs: isReview ? ['create'] : verbs };
  const status = { ...common, name: `${plural}/status`, singularName: '', verbs: ['get', 'patch', 'update'] };
  return hasStatus ? [main, status] : [main];
}

/** `api/v1`, `apis/apps/v1`. */
function openApiPath(apiVersion: string): string {
  return `${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
}

/** Just enough for `kubectl apply` to see that the server validates fields itself. */
function describeOperations(path: string): unknown {
  const kinds = resourceKinds.filter((kind) => openApiPath(apiVersionOf(kind)) === path);
  if (kinds.length === 0) return undefined;
  const operations = kinds.map(({ group, version, kind, plural, isNamespaced }) => {
    const parameters = ['fieldManager', 'fieldValidation', 'force', 'dryRun'].map((name) => ({
      name,
      in: 'query',
      schema: { type: 'string' },
    }));
    const operation = { parameters, 'x-kubernetes-group-version-kind': { group, version, kind }, responses: {} };
    return [`/${path}${isNamespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`, { patch: operation, put: operation }];
  });
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.36.0' }, paths: Object.fromEntries(operations) as object };
}
