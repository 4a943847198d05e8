// What a request pays for finding its host and its route, in nanoseconds: tables of 1 and 10,000 hosts with 5 and 1,000 paths, regex hosts, and
// the normalisation before it. Also what a change of one host costs. Prints a table, or JSON with --json.
//
//   node_modules/.bin/node bench/micro/matcher.ts [--json]
//
// Host and path are made anew from bytes before each measured batch, as the head parser makes them, so that no cached hash or shared
// string helps.
import { createPatternCache } from '../../src/routing/pattern-cache.ts';
import { normaliseHost } from '../../src/routing/normalise-host.ts';
import { isPlainPath, normalisePath } from '../../src/routing/normalise-path.ts';
import { createRoutingTable } from '../../src/routing/table.ts';
import type { RoutingTable } from '../../src/routing/table.ts';
import { hostName } from '../../src/model/route.ts';
import type { PathMatch, VirtualHost } from '../../src/model/route.ts';
import { upstreamKey } from '../../src/model/upstream.ts';

interface Row {
  readonly name: string;
  readonly medianNs: number;
  readonly bestNs: number;
}

interface Question {
  readonly host: string;
  readonly path: string;
}

/** Small enough for its strings to stay in the cache, as those of a request do. */
const BATCH = 1000;
const ROUNDS = 200;
const WARM_UP_ROUNDS = 30;
const origin = { kind: 'Ingress', namespace: 'bench', name: 'bench' } as const;

function virtualHost(name: string, matches: readonly PathMatch[], pathMode: VirtualHost['pathMode'] = 'literal'): VirtualHost {
  const routes = matches.map((match) => {
    const path = match.kind === 'regex' ? match.pattern : match.path;
    return {
      id: `${match.kind} ${path}`,
      match,
      action: { kind: 'forward', upstream: upstreamKey('bench', path, '80') },
      policies: {},
      labels: { namespace: 'bench', ingress: 'bench', service: path, servicePort: '80', path },
      origin,
    } as const;
  });
  return { name: hostName(name), pathMode, routes, tls: { kind: 'none' }, origin };
}

function literalPaths(count: number): readonly PathMatch[] {
  const paths: PathMatch[] = [{ kind: 'prefix', path: '/' }];
  for (let index = 1; index < count; index++) {
    paths.push({ kind: index % 5 === 0 ? 'exact' : 'prefix', path: `/team-${index % 37}/service-${index}` });
  }
  return paths;
}

function tableOf(hosts: readonly VirtualHost[]): RoutingTable<string> {
  const table = createRoutingTable((route) => route.id);
  for (const host of hosts) table.upsertHost(host);
  return table;
}

function manyHosts(count: number, paths: readonly PathMatch[]): readonly VirtualHost[] {
  return Array.from({ length: count }, (_, index) => virtualHost(`shop-${index}.example.com`, paths));
}

/** Fresh strings for every call: a string that was looked up before carries its hash. */
function freshQuestions(make: (index: number) => Question): readonly Question[] {
  return Array.from({ length: BATCH }, (_, index) => {
    const { host, path } = make(index);
    return { host: Buffer.from(host).toString('latin1'), path: Buffer.from(path).toString('latin1') };
  });
}

function measure(name: string, make: (index: number) => Question, run: (question: Question) => unknown): Row {
  const times: number[] = [];
  let sink = 0;
  for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
    const questions = freshQuestions(make);
    const start = process.hrtime.bigint();
    for (const question of questions) if (run(question) === undefined) sink++;
    const elapsedNs = Number(process.hrtime.bigint() - start);
    if (round >= WARM_UP_ROUNDS) times.push(elapsedNs / BATCH);
  }
  if (sink === BATCH * (ROUNDS + WARM_UP_ROUNDS) && !name.includes('miss')) throw new Error(`${name}: nothing matched`);
  times.sort((one, other) => one - other);
  return { name, medianNs: times[Math.floor(times.length / 2)] ?? NaN, bestNs: times[0] ?? NaN };
}

function measureTables(): readonly Row[] {
  const rows: Row[] = [];
  for (const [hostCount, pathCount] of [
    [1, 1],
    [1, 5],
    [1, 1000],
    [10_000, 5],
  ] as const) {
    const table = tableOf(manyHosts(hostCount, literalPaths(pathCount)));
    rows.push(
      measure(
        `findHost + matchPath: ${hostCount} hosts, ${pathCount} paths`,
        (index) => ({
          host: `shop-${(index * 7919) % hostCount}.example.com`,
          path: `/team-${(index % pathCount) % 37}/service-${index % pathCount}/items/4711`,
        }),
        ({ host, path }) => table.findHost(host).matchPath(path),
      ),
    );
  }
  const wide = tableOf([...manyHosts(9_990, literalPaths(5)), ...manyHosts(10, literalPaths(1000))]);
  rows.push(
    measure(
      'findHost + matchPath: 10,000 hosts, 1,000 paths on the asked ones',
      (index) => ({ host: `shop-${index % 10}.example.com`, path: `/team-${(index % 1000) % 37}/service-${index % 1000}/items/4711` }),
      ({ host, path }) => wide.findHost(host).matchPath(path),
    ),
  );
  const wildcards = tableOf(Array.from({ length: 10_000 }, (_, index) => virtualHost(`*.shop-${index}.example.com`, literalPaths(5))));
  rows.push(
    measure(
      'findHost + matchPath: 10,000 wildcard hosts, 5 paths',
      (index) => ({ host: `www.shop-${(index * 7919) % 10_000}.example.com`, path: '/team-3/service-3/items/4711' }),
      ({ host, path }) => wildcards.findHost(host).matchPath(path),
    ),
  );
  return rows;
}

function measureRegex(): readonly Row[] {
  const few: PathMatch[] = ['/api(/|$)(.*)', '/static/.+\\.(js|css)$', '/user/[0-9]+', '/v[12]/(.*)', '/'].map((pattern) => ({
    kind: 'regex',
    pattern,
  }));
  const many: PathMatch[] = Array.from({ length: 1000 }, (_, index) => ({ kind: 'regex', pattern: `/team-${index}(/|$)(.*)` }));
  const table = tableOf([virtualHost('few.example.com', few, 'regex'), virtualHost('many.example.com', many, 'regex')]);
  return [
    measure(
      'regex host, 5 patterns',
      () => ({ host: 'few.example.com', path: '/user/4711/orders' }),
      ({ host, path }) => table.findHost(host).matchPath(path),
    ),
    measure(
      'regex host, 1,000 patterns',
      (index) => ({ host: 'many.example.com', path: `/team-${index % 1000}/orders` }),
      ({ host, path }) => table.findHost(host).matchPath(path),
    ),
  ];
}

function measureNormalising(): readonly Row[] {
  const plain = (): Question => ({ host: 'shop-1.example.com', path: '/team-3/service-3/items/4711' });
  return [
    measure('isPlainPath, 28 characters', plain, ({ path }) => isPlainPath(path)),
    measure('normaliseHost, normal already', plain, ({ host }) => normaliseHost(host)),
    measure(
      'normaliseHost, port and upper case',
      () => ({ host: 'Shop-1.Example.com:8080', path: '/' }),
      ({ host }) => normaliseHost(host),
    ),
    measure(
      'normalisePath, two escapes',
      () => ({ host: '', path: '/team-3/my%20file%2Fx/items' }),
      ({ path }) => normalisePath(path),
    ),
    measure(
      'normalisePath, dot segments',
      () => ({ host: '', path: '/team-3/../x/./items' }),
      ({ path }) => normalisePath(path),
    ),
  ];
}

function measureChanges(): readonly Row[] {
  const small = virtualHost('shop-1.example.com', literalPaths(5));
  const large = virtualHost('shop-1.example.com', literalPaths(1000));
  const table = tableOf(manyHosts(10_000, literalPaths(5)));
  const timed = (name: string, times: number, run: () => void): Row => {
    const samples = Array.from({ length: times }, () => {
      const start = process.hrtime.bigint();
      run();
      return Number(process.hrtime.bigint() - start);
    }).toSorted((one, other) => one - other);
    return { name, medianNs: samples[Math.floor(times / 2)] ?? NaN, bestNs: samples[0] ?? NaN };
  };
  const patterns = createPatternCache(1);
  return [
    timed('upsertHost, 5 paths, into 10,000 hosts', 2000, () => table.upsertHost(small)),
    timed('upsertHost, 1,000 paths, into 10,000 hosts', 50, () => table.upsertHost(large)),
    timed('rebuild of 10,000 hosts', 5, () => table.rebuild()),
    timed('first match of a pattern', 500, () => {
      patterns.matches('/x', '/x');
      patterns.matches('/something(/|$)(.*)', '/something/new');
    }),
  ];
}

function main(): void {
  const rows = [...measureTables(), ...measureRegex(), ...measureNormalising(), ...measureChanges()];
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ benchmark: 'matcher', node: process.version, unit: 'ns', rows }, null, 2));
    return;
  }
  console.log(`${'nanoseconds'.padEnd(68)}${'median'.padStart(12)}${'best'.padStart(12)}`);
  for (const row of rows) console.log(`${row.name.padEnd(68)}${row.medianNs.toFixed(0).padStart(12)}${row.bestNs.toFixed(0).padStart(12)}`);
}

main();
