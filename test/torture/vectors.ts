// Loads the vectors: YAML files of raw bytes with the outcome that is wanted. Unknown keys and double ids are errors, so that a
// misspelt expectation cannot pass in silence. README.md describes the format.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { bytesOf } from './parts.ts';

const part = z.union([
  z.string(),
  z.strictObject({ repeat: z.string(), times: z.int() }),
  z.strictObject({ count: z.int(), line: z.string() }),
  z.strictObject({ delay: z.int() }),
]);
const parts = z.union([part, z.array(part)]);

/** A subset of fields: text, a list (repeated field), null (absent), one of several, or "does not contain". */
const fieldWish = z.union([
  z.string(),
  z.number().transform(String),
  z.array(z.string()),
  z.null(),
  z.strictObject({ any: z.array(z.union([z.string(), z.null()])) }),
  z.strictObject({ not: z.string() }),
]);
const fieldWishes = z.record(z.string(), fieldWish);

const seenRequest = z.strictObject({
  method: z.string().optional(),
  target: z.union([z.string(), z.array(z.string())]).optional(),
  headers: fieldWishes.optional(),
  trailers: fieldWishes.optional(),
  body: parts.optional(),
});

const level = z.enum(['must', 'policy']).default('must');
const common = { id: z.string(), level, tags: z.array(z.string()), why: z.string() };

const requestVector = z
  .strictObject({
    ...common,
    raw: parts,
    expect: z.enum(['reject', 'forward', 'either']),
    /** Statuses that a refusal may have. */
    status: z.union([z.int(), z.array(z.int())]).default(400),
    /** The fault is in the body: the head may have reached the backend, the end of the message may not. */
    partial: z.boolean().default(false),
    seen: z.union([seenRequest, z.array(seenRequest)]).optional(),
    tail_optional: z.int().default(0),
    client: z
      .strictObject({
        status: z.int().optional(),
        statuses: z.array(z.int()).optional(),
        closed: z.boolean().optional(),
        tunnel: z.string().optional(),
      })
      .default({}),
    fin: z.boolean().default(false),
    backend: parts.optional(),
    tunnel: z.boolean().default(false),
    no_early: z.boolean().default(false),
  })
  .transform((vector) => ({ kind: 'request' as const, ...vector }));

const upstreamVector = z
  .strictObject({
    ...common,
    request: z.string().default('GET /victim HTTP/1.1\r\nHost: a.example\r\n\r\n'),
    response: parts,
    when: z.enum(['full', 'head']).default('full'),
    close: z.union([z.boolean(), z.literal('reset')]).default(false),
    after: z.string().optional(),
    after_delay: z.int().default(50),
    expect: z.enum(['bad-gateway', 'deliver', 'abort', 'either']),
    gateway: z.union([z.int(), z.array(z.int())]).default(502),
    status: z.int().default(200),
    body: parts.optional(),
    headers: fieldWishes.optional(),
    trailers: fieldWishes.optional(),
    interim: z.array(z.int()).optional(),
    never: z.union([z.string(), z.array(z.string())]).optional(),
    reuse: z.enum(['never', 'allowed', 'expected']).default('allowed'),
  })
  .transform((vector) => ({ kind: 'upstream' as const, ...vector }));

const pipeliningVector = z
  .strictObject({
    ...common,
    raw: parts,
    statuses: z.array(z.int()),
    /** An empty value in YAML: nothing may reach the backend. */
    seen: z
      .array(seenRequest)
      .nullable()
      .transform((seen) => seen ?? []),
    closed: z.boolean().default(false),
  })
  .transform((vector) => ({ kind: 'pipelining' as const, ...vector }));

export type FieldWish = z.output<typeof fieldWish>;
export type SeenRequest = z.output<typeof seenRequest>;
export type RequestVector = z.output<typeof requestVector> & { readonly file: string };
export type UpstreamVector = z.output<typeof upstreamVector> & { readonly file: string };
export type PipeliningVector = z.output<typeof pipeliningVector> & { readonly file: string };
export type Vector = RequestVector | UpstreamVector | PipeliningVector;

/** All vectors below the folders and in the files given, in order of file name. Throws on anything that is not a vector. */
export function loadVectors(paths: readonly string[]): Vector[] {
  const vectors = paths.flatMap(filesBelow).flatMap((file) => parseVectors(readFileSync(file, 'utf8'), file));
  const ids = new Set<string>();
  for (const { id, file } of vectors) {
    if (ids.has(id)) throw new Error(`${file}: ${id} is there twice`);
    ids.add(id);
  }
  return vectors;
}

/** The vectors of one file. A file named `pipelining...` holds pipelining vectors; a vector with a response is one for upstream. */
export function parseVectors(text: string, file: string): Vector[] {
  const list = z.array(z.looseObject({ id: z.string() })).parse(parse(text));
  return list.map((item) => {
    const name = basename(file);
    const schema = 'response' in item ? upstreamVector : name.startsWith('pipelining') ? pipeliningVector : requestVector;
    const parsed = schema.safeParse(item);
    if (!parsed.success) throw new Error(`${file}: ${item.id}: ${z.prettifyError(parsed.error)}`);
    const vector = { ...parsed.data, file: name };
    bytesOf(vector.kind === 'upstream' ? vector.response : vector.raw);
    return vector;
  });
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ya?ml$/.test(file))
    .toSorted()
    .map((file) => join(path, file));
}
