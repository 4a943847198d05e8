// The way to the API server for everything in the controller, and the source of objects that the command line asks for: an API server, or
// manifests. What is worth a line of the log about the connection is written here.
import type { Logger } from 'pino';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import type { ApiClient } from '../sources/cluster/api-client.ts';
import { createApiClient } from '../sources/cluster/api-client.ts';
import { formatApiError } from '../sources/cluster/api-error.ts';
import type { ClusterListener, ClusterSource } from '../sources/cluster/cluster-source.ts';
import { createClusterSource } from '../sources/cluster/cluster-source.ts';
import { createCredentials } from '../sources/cluster/credentials.ts';
import { classNameOf } from '../sources/cluster/foreign-ingresses.ts';
import type { SourceBatch } from '../sources/source.ts';
import type { TranslatorOptions } from '../translate/options.ts';
import { configReferences, flagReferences, ingressReferences, isOursInCluster } from '../translate/referenced-objects.ts';
import type { ServeOptions } from './serve-options.ts';

/** Owner of the fields that Portico writes, in `metadata.managedFields`. */
const FIELD_MANAGER = 'portico';

/** How to reach the API server. */
export type ClusterAccess = Pick<ServeOptions, 'kubeconfig' | 'apiserverHost' | 'certificateAuthority' | 'snapshot'>;

/** Fails with a message for the operator where there are no credentials and no snapshot to serve without them. */
export async function connectCluster(options: ClusterAccess, version: string): Promise<Result<ApiClient>> {
  const { kubeconfig, apiserverHost, certificateAuthority, snapshot } = options;
  try {
    const credentials = await createCredentials({
      kubeconfig,
      apiserverHost,
      certificateAuthority,
      env: process.env,
      nowMs: () => performance.now(),
    });
    // Later they may be unreadable for a while; at the start, that is a mistake that a person should see at once.
    if (snapshot === '') await credentials.load();
    return ok(createApiClient({ credentials, userAgent: `portico/${version}`, fieldManager: FIELD_MANAGER }));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

export interface ClusterSourceDeps {
  readonly client: ApiClient;
  readonly translatorOptions: TranslatorOptions;
  readonly onBatch: (batch: SourceBatch) => void;
  readonly log: Logger;
}

/** The source of objects for `serve` without --manifests. */
export function openClusterSource(options: ServeOptions, { client, translatorOptions, onBatch, log }: ClusterSourceDeps): ClusterSource {
  return createClusterSource({
    client,
    watchNamespace: options.watchNamespace,
    readsNamespaces: options.watchNamespaceSelector !== undefined,
    ownServices: [options.defaultBackendService, options.publishService].filter((service) => service !== undefined),
    references: {
      own: flagReferences(translatorOptions),
      ofConfig: (snapshot) => configReferences(snapshot, translatorOptions),
      isOurs: (ingress, snapshot) => isOursInCluster(ingress, snapshot, translatorOptions),
      ofIngress: (ingress, snapshot) => ingressReferences(ingress, snapshot, translatorOptions),
    },
    snapshotPath: options.snapshot,
    onBatch,
    listener: createListener(client, log),
    random: Math.random,
    nowMs: () => performance.now(),
  });
}

function createListener(client: ApiClient, log: Logger): ClusterListener {
  return {
    onAway: (error, isServing) => {
      const consequence = isServing ? 'the last state keeps serving' : 'nothing is served before it does';
      log.error(`the API server does not answer (${formatApiError(error)}); ${consequence}`);
    },
    onBack: (awayMs) => log.info(`the API server at ${client.server} answers again after ${Math.round(awayMs / 1000)} s`),
    onForbidden: (name, error) => log.error(`${name} cannot be read: ${formatApiError(error)}`),
    onAllowed: (name) => log.info(`${name} can be read now`),
    onForeign: (ingress) => {
      const { namespace, name } = ingress.metadata;
      log.debug(`Ingress ${namespace}/${name} is not ours (class: ${classNameOf(ingress)}): ignored`);
    },
    onSnapshotUsed: (objects) => log.warn(`the API server does not answer: serving ${objects} objects of the snapshot`),
    onSnapshotError: (message) => log.error(`snapshot ${message}`),
  };
}
