// Runs translation over one golden input and prints what came out, in a form that people can review: keys without NUL, key pairs
// without their bytes, settings as what differs from the defaults.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { Document } from 'yaml';
import type { ModelDelta } from '../../src/model/delta.ts';
import { formatOrigin } from '../../src/model/origin.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { KubernetesObject } from '../../src/resources/objects.ts';
import { parseObject } from '../../src/resources/parse-object.ts';
import { ResourceStore } from '../../src/resources/store.ts';
import { FieldLines } from '../../src/sources/manifests/field-lines.ts';
import { parseLabelSelector } from '../../src/translate/label-selector.ts';
import type { TranslatorOptions } from '../../src/translate/options.ts';
import { createTranslator } from '../../src/translate/translator.ts';
import { createCertificateIssuer } from '../support/certificates.ts';
import { testOptions } from '../support/translator-options.ts';

/** First document of an input, if it has no `kind`. */
interface GoldenHeader {
  readonly options?: Partial<TranslatorOptions> & { readonly selector?: string };
  readonly certificates?: readonly { readonly secret: string; readonly cn: string; readonly hosts: readonly string[]; readonly expired?: boolean }[];
}

const NOW_MS = Date.UTC(2026, 0, 1);
const issuer = createCertificateIssuer({ poolSize: 1, now: () => NOW_MS });

/** The output text of an input file. */
export async function runGolden(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  const documents = parseAllDocuments(text, { version: '1.2' });
  if (!Array.isArray(documents)) throw new Error(`${path} is empty`);
  const first: unknown = documents[0]?.toJS();
  const hasHeader = typeof first === 'object' && first !== null && !('kind' in first);
  const header = (hasHeader ? first : {}) as GoldenHeader;
  const objects = (hasHeader ? documents.slice(1) : documents).map((document, index) => readObject(document, text, basename(path), index));
  const store = new ResourceStore();
  store.apply({ upserts: [...(await issueSecrets(header)), ...objects], removals: [] });
  const { selector, ...rest } = header.options ?? {};
  const options = testOptions({ ...rest, nowMs: () => NOW_MS, ...(selector !== undefined && { watchNamespaceSelector: selectorOf(selector) }) });
  const { delta, diagnostics } = createTranslator(options).translate(store, 'all');
  const output = {
    ...printDelta(delta, options),
    diagnostics: diagnostics.map(({ code, severity, message, origin }) => `${code} ${severity}: ${formatOrigin(origin)}: ${message}`),
  };
  return stringify(output, { lineWidth: 0, aliasDuplicateObjects: false });
}

function readObject(document: Document, text: string, file: string, index: number): KubernetesObject {
  const [start = 0, , end = 0] = document.contents?.range ?? [];
  const lineBefore = text.slice(0, start).split('\n').length - 1;
  const documentText = text.slice(start, end);
  const lines = new FieldLines();
  const lineOf = (field: string): number | undefined => {
    const line = lines.find(documentText, field);
    return line === undefined ? undefined : line + lineBefore + 1;
  };
  // Age by position, as the conformance runner has it.
  const value = withDefaultTime(document.toJS(), index);
  const parsed = parseObject(value, { file, line: lineBefore + 1, lineOf });
  if (parsed.kind !== 'object') throw new Error(`document ${index + 1}: ${JSON.stringify(parsed)}`);
  return parsed.object;
}

function withDefaultTime(value: unknown, index: number): unknown {
  const { metadata, ...rest } = value as { readonly metadata: Record<string, unknown> };
  const seconds = String(index % 60).padStart(2, '0');
  return { ...rest, metadata: { creationTimestamp: `2024-06-01T00:00:${seconds}Z`, ...metadata } };
}

async function issueSecrets({ certificates = [] }: GoldenHeader): Promise<readonly KubernetesObject[]> {
  return Promise.all(
    certificates.map(async ({ secret, cn, hosts, expired }) => {
      const [namespace, name] = secret.split('/');
      const issued = await issuer.issue({ commonName: cn, hosts, isExpired: expired === true });
      const stringData = { 'tls.crt': issued.certificatePem, 'tls.key': issued.privateKeyPem };
      const parsed = parseObject({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { namespace, name }, stringData }, {});
      if (parsed.kind !== 'object') throw new Error(`Secret ${secret} is not valid`);
      return parsed.object;
    }),
  );
}

function selectorOf(text: string): TranslatorOptions['watchNamespaceSelector'] {
  const selector = parseLabelSelector(text);
  if (!selector.ok) throw new Error(selector.error);
  return selector.value;
}

function printDelta(delta: ModelDelta, options: TranslatorOptions): object {
  const empty = createTranslator({ ...options, configmap: undefined }).translate(new ResourceStore(), 'all').delta;
  const settings = difference(empty.settings, delta.settings);
  return {
    ...(settings !== undefined && { settings }),
    hosts: delta.hosts.map((host) => ({ ...host, routes: host.routes.map((route) => withoutIdentity(route)) })).map(printable),
    upstreams: delta.upstreams.map(printable),
    certificates: delta.certificates.map(({ key, issuerCommonName, publicKeyAlgorithm, origin }) =>
      printable({ key, issuerCommonName, publicKeyAlgorithm, origin }),
    ),
  };
}

/** The id says what the match says. */
function withoutIdentity<T extends { readonly id: string }>({ id: _id, ...rest }: T): object {
  return rest;
}

/** NUL in keys becomes `|`; origins become their text. */
function printable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '|');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(printable);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'origin' ? formatOrigin(member as Origin) : printable(member)]),
  );
}

/** The members of `after` that are not as in `before`, undefined where there is none. */
function difference(before: unknown, after: unknown): unknown {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null || Array.isArray(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  }
  const old = new Map(Object.entries(before));
  const changed = Object.entries(after)
    .map(([key, value]): [string, unknown] => [key, difference(old.get(key), value)])
    .filter(([, value]) => value !== undefined);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}
