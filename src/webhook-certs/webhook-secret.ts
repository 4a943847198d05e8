// `portico webhook-certs` at work: the Secret with the webhook's certificate, and the ValidatingWebhookConfiguration that has to know its
// authority. Needs the rights to get and update that Secret, to create Secrets, and to get and patch that configuration; nothing else.
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { isMap } from '../resources/fields.ts';
import type { ApiClient, JsonPatchOperation } from '../sources/cluster/api-client.ts';
import { formatApiError } from '../sources/cluster/api-error.ts';
import { apiResources } from '../sources/cluster/api-resource.ts';
import { createWebhookCertificate, joinAuthorities, problemOfCertificate } from './webhook-certificate.ts';
import type { WebhookCertificate } from './webhook-certificate.ts';

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

export interface WebhookContext {
  readonly client: ApiClient;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Several Jobs may run at once, and each sees what the others wrote. */
const MAX_ATTEMPTS = 4;

/** Makes the Secret, renews it where its certificate is no longer good, or leaves it. Answers with a sentence about what was done. */
export async function ensureCertificate(secret: SecretName, hosts: readonly string[], context: WebhookContext): Promise<Result<string>> {
  const label = `Secret ${secret.namespace}/${secret.name}`;
  let lastError = '';
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const outcome = await tryEnsure(secret, hosts, context);
    if (outcome.ok) return ok(`${label} ${outcome.value}`);
    lastError = `${label}: ${outcome.error.message}`;
    if (!outcome.error.isConflict) break;
  }
  return fail(lastError);
}

interface Obstacle {
  readonly message: string;
  /** Somebody else wrote the Secret in between. */
  readonly isConflict: boolean;
}

async function tryEnsure(
  secret: SecretName,
  hosts: readonly string[],
  { client, nowMs, signal }: WebhookContext,
): Promise<Result<string, Obstacle>> {
  const { namespace, name } = secret;
  const path = { resource: apiResources.Secret, namespace, name };
  const found = await client.get(path, signal);
  const obstacle = (error: Parameters<typeof formatApiError>[0]): Result<string, Obstacle> =>
    fail({ message: formatApiError(error), isConflict: error.status === 409 });
  if (!found.ok && found.error.status !== 404) return obstacle(found.error);
  if (!found.ok) {
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      type: 'Opaque',
      data: encode(createWebhookCertificate(hosts, nowMs)),
    };
    const created = await client.create({ resource: apiResources.Secret, namespace }, object, signal);
    return created.ok ? ok('was created') : obstacle(created.error);
  }
  const before = decode(found.value);
  const problem = problemOfCertificate(before, hosts, nowMs);
  if (problem === undefined) return ok('holds a good certificate and stays as it is');
  const fresh = createWebhookCertificate(hosts, nowMs);
  const renewed = { ...fresh, ca: joinAuthorities(fresh.ca, before.ca, nowMs) };
  const object = isMap(found.value) ? found.value : {};
  const data = isMap(object['data']) ? object['data'] : {};
  const updated = await client.update(path, { ...object, data: { ...data, ...encode(renewed) } }, signal);
  return updated.ok ? ok(`was renewed: the certificate ${problem}`) : obstacle(updated.error);
}

export interface PatchRequest {
  readonly secret: SecretName;
  /** Of the ValidatingWebhookConfiguration. */
  readonly webhookName: string;
  /** Undefined: it stays as it is. */
  readonly failurePolicy: 'Fail' | 'Ignore' | undefined;
}

/** Writes the authority of the Secret into every webhook of the configuration. Answers with a sentence about what was done. */
export async function patchWebhook(
  { secret, webhookName, failurePolicy }: PatchRequest,
  { client, signal }: WebhookContext,
): Promise<Result<string>> {
  const found = await client.get({ resource: apiResources.Secret, ...secret }, signal);
  if (!found.ok) return fail(`Secret ${secret.namespace}/${secret.name}: ${formatApiError(found.error)}`);
  const { ca } = decode(found.value);
  if (ca === '') return fail(`Secret ${secret.namespace}/${secret.name} has no key ca`);
  const label = `ValidatingWebhookConfiguration ${webhookName}`;
  const path = { resource: apiResources.ValidatingWebhookConfiguration, namespace: '', name: webhookName };
  const configuration = await client.get(path, signal);
  if (!configuration.ok) return fail(`${label}: ${formatApiError(configuration.error)}`);
  const operations = patchOperations(configuration.value, Buffer.from(ca).toString('base64'), failurePolicy);
  if (operations.length === 0) return ok(`${label} is as it should be`);
  const patched = await client.patch(path, { kind: 'json', operations }, signal);
  return patched.ok ? ok(`${label} was patched`) : fail(`${label}: ${formatApiError(patched.error)}`);
}

/** Single fields only, and a test of each name, so that what others write into the object meanwhile is kept. */
function patchOperations(configuration: unknown, caBundle: string, failurePolicy: string | undefined): readonly JsonPatchOperation[] {
  const webhooks = isMap(configuration) && Array.isArray(configuration['webhooks']) ? configuration['webhooks'] : [];
  return webhooks.flatMap((webhook: unknown, index): readonly JsonPatchOperation[] => {
    if (!isMap(webhook)) return [];
    const clientConfig = isMap(webhook['clientConfig']) ? webhook['clientConfig'] : {};
    const changes: JsonPatchOperation[] = [];
    if (clientConfig['caBundle'] !== caBundle)
      changes.push({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle });
    if (failurePolicy !== undefined && webhook['failurePolicy'] !== failurePolicy)
      changes.push({ op: 'add', path: `/webhooks/${index}/failurePolicy`, value: failurePolicy });
    return changes.length === 0 ? [] : [{ op: 'test', path: `/webhooks/${index}/name`, value: webhook['name'] }, ...changes];
  });
}

function encode(certificate: WebhookCertificate): Record<keyof WebhookCertificate, string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return { ca: base64(certificate.ca), cert: base64(certificate.cert), key: base64(certificate.key) };
}

/** Empty where the Secret has no such key. */
function decode(secret: unknown): WebhookCertificate {
  const data = isMap(secret) && isMap(secret['data']) ? secret['data'] : {};
  const text = (key: string): string => {
    const value = data[key];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  };
  return { ca: text('ca'), cert: text('cert'), key: text('key') };
}
