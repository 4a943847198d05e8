// The format of the case files (cases/README.md) as a schema. Unknown keys are refused, so that no expectation is skipped in silence.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const matcher = z.union([
  scalar,
  z.strictObject({
    regex: z.string().optional(),
    contains: z.string().optional(),
    notContains: z.string().optional(),
    oneOf: z.array(scalar).optional(),
    present: z.literal(true).optional(),
    absent: z.literal(true).optional(),
    count: z.number().optional(),
  }),
]);
const matchers = z.record(z.string(), matcher);
const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() });
const port = z.union([z.number(), z.string()]);

const backend = z.strictObject({
  name: z.string(),
  namespace: z.string().default('default'),
  port: z.number().default(80),
  portName: z.string().default('http'),
  targetPort: z.union([z.number(), z.string()]).optional(),
  protocol: z.enum(['http', 'h2c', 'https', 'grpc', 'grpcs', 'tcp', 'udp', 'fastcgi']).default('http'),
  endpoints: z.number().default(1),
  deadEndpoints: z.number().default(0),
  unreadyEndpoints: z.number().default(0),
  service: z.boolean().default(true),
  cert: z.string().optional(),
  clientCA: z.string().optional(),
  proxyProtocol: z.boolean().default(false),
  spec: z.record(z.string(), z.unknown()).optional(),
});

const generated = z.union([
  z.strictObject({ ca: z.strictObject({ name: z.string(), secret: z.string().optional() }) }),
  z.strictObject({
    cert: z.strictObject({
      name: z.string().optional(),
      hosts: z.array(z.string()).default([]),
      cn: z.string().optional(),
      ca: z.string().optional(),
      secret: z.string().optional(),
      includeCA: z.string().optional(),
      client: z.boolean().default(false),
      expired: z.boolean().default(false),
    }),
  }),
]);

const proxyHeader = z.strictObject({ src: z.string(), srcPort: z.number(), dst: z.string(), dstPort: z.number() });

const request = z.strictObject({
  method: z.string().optional(),
  scheme: z.enum(['http', 'https']).default('http'),
  host: z.string().optional(),
  path: z.string().default('/'),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  cookies: z.record(z.string(), z.string()).default({}),
  auth: z
    .union([z.strictObject({ basic: z.tuple([z.string(), z.string()]) }), z.strictObject({ digest: z.tuple([z.string(), z.string()]) })])
    .optional(),
  body: z.string().optional(),
  bodySize: z.number().optional(),
  chunked: z.boolean().default(false),
  httpVersion: z.enum(['1.0', '1.1', '2']).default('1.1'),
  sni: z.string().optional(),
  clientCert: z.string().optional(),
  tls: z.strictObject({ min: z.string().optional(), max: z.string().optional() }).optional(),
  proxyProtocol: proxyHeader.optional(),
  jar: z.string().optional(),
  repeat: z.number().default(1),
  parallel: z.boolean().default(false),
  port: port.optional(),
  websocket: z.strictObject({ send: z.array(z.string()).default([]), keep: z.string().optional(), on: z.string().optional() }).optional(),
  grpc: z.strictObject({ method: z.string(), message: z.string() }).optional(),
  tcp: z.strictObject({ port, send: z.string() }).optional(),
  udp: z.strictObject({ port, send: z.string() }).optional(),
  background: z.string().optional(),
  await: z.string().optional(),
});

const echoed = z.strictObject({
  method: matcher.optional(),
  path: matcher.optional(),
  host: matcher.optional(),
  proto: matcher.optional(),
  headers: matchers.optional(),
  absentHeaders: z.array(z.string()).optional(),
  body: matcher.optional(),
  bodyLength: matcher.optional(),
  tls: z
    .union([z.null(), z.strictObject({ sni: matcher.optional(), version: matcher.optional(), clientCN: matcher.optional() })])
    .optional(),
  params: matchers.optional(),
});

const setCookie = z.strictObject({
  name: matcher.optional(),
  value: matcher.optional(),
  path: matcher.optional(),
  domain: matcher.optional(),
  maxAge: matcher.optional(),
  expiresIn: z.union([z.number(), z.null()]).optional(),
  secure: z.boolean().optional(),
  httpOnly: z.boolean().optional(),
  sameSite: matcher.optional(),
});

const received = z.strictObject({
  backend: z.string(),
  count: range.optional(),
  method: matcher.optional(),
  path: matcher.optional(),
  host: matcher.optional(),
  headers: matchers.optional(),
  absentHeaders: z.array(z.string()).optional(),
  body: matcher.optional(),
  bodyLength: matcher.optional(),
});

const datagram = z.strictObject({
  backend: matcher.optional(),
  endpoint: matcher.optional(),
  data: matcher.optional(),
  proxyProtocol: z
    .union([
      z.null(),
      z.strictObject({ src: matcher.optional(), srcPort: matcher.optional(), dst: matcher.optional(), dstPort: matcher.optional() }),
    ])
    .optional(),
});

const singleExpectation = z.strictObject({
  status: z.union([z.number(), z.array(z.number()), z.string().regex(/^[1-5]xx$/)]).optional(),
  headers: matchers.optional(),
  absentHeaders: z.array(z.string()).optional(),
  body: matcher.optional(),
  backend: matcher.optional(),
  endpoint: matcher.optional(),
  echoed: echoed.optional(),
  setCookie: z.array(setCookie).optional(),
  absentSetCookie: z.array(z.string()).optional(),
  certificate: z.strictObject({ cn: matcher.optional(), san: z.array(z.string()).optional(), issuerCN: matcher.optional() }).optional(),
  tlsError: z.literal(true).optional(),
  connectionError: z.literal(true).optional(),
  tlsVersion: matcher.optional(),
  tlsCipher: matcher.optional(),
  distribution: z.record(z.string(), range).optional(),
  statuses: z.record(z.string(), range).optional(),
  sameEndpoint: z.literal(true).optional(),
  distinctEndpoints: range.optional(),
  perEndpoint: range.optional(),
  minSeconds: z.number().optional(),
  maxSeconds: z.number().optional(),
  received: z.array(received).optional(),
  websocket: z.strictObject({ messages: z.array(matcher).optional(), echoed: echoed.optional() }).optional(),
  grpc: z.strictObject({ status: matcher.optional(), echoed: echoed.optional() }).optional(),
  tcp: datagram.optional(),
  udp: datagram.optional(),
});

const expectation = singleExpectation.extend({ anyOf: z.array(singleExpectation).optional() });
const entry = z.strictObject({ request, expect: expectation });

const checks = z.strictObject({
  metrics: z
    .array(
      z.strictObject({
        name: z.string(),
        labels: matchers.default({}),
        value: range.optional(),
        absent: z.literal(true).optional(),
      }),
    )
    .default([]),
  accessLog: z.array(z.strictObject({ regex: z.string(), absent: z.literal(true).optional() })).default([]),
  objects: z.array(z.strictObject({ object: z.string(), path: z.string(), value: z.unknown() })).default([]),
  events: z
    .array(
      z.strictObject({
        object: z.string(),
        type: z.string().optional(),
        reason: z.string().optional(),
        absent: z.literal(true).optional(),
      }),
    )
    .default([]),
  health: z.array(z.strictObject({ path: z.string(), status: z.number() })).default([]),
});

const config = z.record(z.string(), z.string());

const step = z.strictObject({
  apply: z.string().optional(),
  delete: z.array(z.string()).default([]),
  generate: z.array(generated).default([]),
  scale: z.record(z.string(), z.number()).default({}),
  config: config.optional(),
  terminate: z.literal(true).optional(),
  requests: z.array(entry).default([]),
  checks: checks.optional(),
});

const caseSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  source: z.string(),
  level: z.enum(['must', 'should', 'quirk']).default('must'),
  requires: z.array(z.string()).default([]),
  backends: z.array(backend).default([]),
  generate: z.array(generated).default([]),
  config: config.default({}),
  args: z.array(z.string()).default([]),
  manifests: z.string().optional(),
  requests: z.array(entry).optional(),
  steps: z.array(step).optional(),
  reject: z
    .array(
      z.strictObject({
        object: z.string(),
        by: z.array(z.enum(['admission', 'controller'])),
        reason: z.string(),
        message: matcher.optional(),
      }),
    )
    .default([]),
  accept: z.array(z.string()).default([]),
  warn: z.array(z.strictObject({ object: z.string(), message: matcher })).default([]),
  checks: checks.optional(),
  notes: z.string().optional(),
});

const fileSchema = z.strictObject({ topic: z.string(), title: z.string(), cases: z.array(caseSchema) });

export type Matcher = z.infer<typeof matcher>;
export type Range = z.infer<typeof range>;
export type BackendSpec = z.infer<typeof backend>;
export type GeneratedSpec = z.infer<typeof generated>;
export type RequestSpec = z.infer<typeof request>;
export type EchoedExpectation = z.infer<typeof echoed>;
export type SetCookieExpectation = z.infer<typeof setCookie>;
export type ReceivedExpectation = z.infer<typeof received>;
export type DatagramExpectation = z.infer<typeof datagram>;
export type Expectation = z.infer<typeof expectation>;
export type RequestEntry = z.infer<typeof entry>;
export type Checks = z.infer<typeof checks>;
export type Step = z.infer<typeof step>;
export type Case = z.infer<typeof caseSchema>;
export type CaseFile = z.infer<typeof fileSchema> & { readonly path: string };

/** Reads a case file. Throws an error that names the file and the place if it is not of the format. */
export function loadCaseFile(path: string): CaseFile {
  const result = fileSchema.safeParse(parse(readFileSync(path, 'utf8')));
  if (!result.success) throw new Error(`${path}: ${z.prettifyError(result.error)}`);
  for (const one of result.data.cases) {
    if (one.requests !== undefined && one.steps !== undefined) throw new Error(`${path}: ${one.id} has requests and steps`);
  }
  return { ...result.data, path };
}

/** The phases of a case: its steps, or its manifests and requests as the only one. */
export function stepsOf(one: Case): readonly Step[] {
  if (one.steps !== undefined) return one.steps;
  return [{ apply: one.manifests, delete: [], generate: [], scale: {}, requests: one.requests ?? [] }];
}
