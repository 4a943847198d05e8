// Decides whether a case is in scope, by what its objects, settings, flags and requests need (scope.yaml).
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { needsAdmission } from './admission-client.ts';
import { stepsOf } from './case-format.ts';
import type { Case } from './case-format.ts';

const names = z.array(z.string()).default([]);
const schema = z.array(
  z.strictObject({
    reason: z.string(),
    /** Only where objects come from there. */
    source: z.enum(['manifests', 'cluster']).optional(),
    annotations: names,
    config: names,
    args: names,
    topics: names,
    cases: names,
    features: z
      .array(
        z.enum([
          'admission',
          'objects',
          'events',
          'http2',
          'backend-h2c',
          'backend-https',
          'backend-grpc',
          'backend-grpcs',
          'backend-fastcgi',
          'requires-dns',
          'requires-udp',
          'requires-loopback-vip',
          'requires-snippets',
        ]),
      )
      .default([]),
  }),
);

export type Scope = z.infer<typeof schema>;

/** What a case needs, each as `kind:name`. */
export interface Needs {
  readonly annotations: ReadonlySet<string>;
  readonly config: ReadonlySet<string>;
  readonly args: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
}

/** What is out of scope where objects come from this source. */
export function loadScope(path: string, source: 'manifests' | 'cluster'): Scope {
  const result = schema.safeParse(parse(readFileSync(path, 'utf8')));
  if (!result.success) throw new Error(`${path}: ${z.prettifyError(result.error)}`);
  return result.data.filter((entry) => (entry.source ?? source) === source);
}

/** Why the case is out of scope, every reason; empty if it is in scope. */
export function outOfScopeReasons(scope: Scope, topic: string, one: Case): string[] {
  const needs = needsOf(one);
  return scope
    .filter(
      (entry) =>
        entry.topics.includes(topic) ||
        entry.cases.includes(one.id) ||
        entry.annotations.some((name) => needs.annotations.has(name)) ||
        entry.config.some((name) => needs.config.has(name)) ||
        entry.args.some((name) => needs.args.has(name)) ||
        entry.features.some((name) => needs.features.has(name)),
    )
    .map((entry) => entry.reason);
}

export function needsOf(one: Case): Needs {
  const steps = stepsOf(one);
  const texts = steps.map((step) => step.apply ?? '').join('\n');
  const annotations = [...texts.matchAll(/^ *["']?[a-z.-]+\/([a-z0-9-]+)["']?: /gm)].map((match) => match[1] ?? '');
  const config = [one.config, ...steps.map((step) => step.config ?? {})].flatMap((data) => Object.keys(data));
  const args = one.args.map((arg) => arg.replace(/^--?/, '').replace(/=[^]*$/, ''));
  return { annotations: new Set(annotations), config: new Set(config), args: new Set(args), features: new Set(featuresOf(one)) };
}

function featuresOf(one: Case): string[] {
  const steps = stepsOf(one);
  const features = one.requires.map((name) => `requires-${name}`);
  const requests = steps.flatMap((step) => step.requests.map((entry) => entry.request));
  if (requests.some((request) => request.httpVersion === '2' || request.grpc !== undefined)) features.push('http2');
  if (needsAdmission(one)) features.push('admission');
  for (const checks of [one.checks, ...steps.map((step) => step.checks)]) {
    if ((checks?.objects.length ?? 0) > 0) features.push('objects');
    if ((checks?.events.length ?? 0) > 0) features.push('events');
  }
  for (const backend of one.backends) features.push(`backend-${backend.protocol}`);
  return features;
}
