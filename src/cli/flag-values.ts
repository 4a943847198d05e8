// Parsers of the values of command line flags, in the syntax of the Go flags of ingress-nginx. Each answers with a value in the model's
// units or with the end of a sentence that starts with "the value".
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import type { ListenAddress } from '../controller/serve-options.ts';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../resources/names.ts';
import { parseLabelSelector } from '../translate/label-selector.ts';
import type { LabelSelector } from '../translate/label-selector.ts';
import type { ObjectName } from '../translate/options.ts';
import { commaList, integerBetween } from '../translate/value-parsers.ts';

const MAX_WORKERS = 256;
const MAX_BUCKETS = 60;
const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** 0 asks the system for a free port. */
export const parsePort = integerBetween(0, 65_535);

/** Number of worker threads; `auto` is the number of cores that this process may use. */
export function parseWorkers(text: string): Result<number> {
  if (text === 'auto') return ok(Math.min(availableParallelism(), MAX_WORKERS));
  const count = integerBetween(1, MAX_WORKERS)(text);
  return count.ok ? count : fail(`${count.error}, nor "auto"`);
}

/**
 * A Go duration (`90s`, `1m30s`, `1.5h`) or a plain number of seconds, in milliseconds; never negative and at most a day, so that a
 * timer can hold it.
 */
export function parseDurationMs(text: string): Result<number> {
  const withUnit = /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(withUnit)) return fail('is not a duration such as "30s", "1m30s" or a number of seconds');
  let sumMs = 0;
  for (const [, digits, unit] of withUnit.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    sumMs += Number(digits) * (DURATION_UNITS_MS[unit ?? ''] ?? 0);
  return sumMs > 86_400_000 ? fail('is longer than a day') : ok(Math.round(sumMs));
}

/** As `parseDurationMs`, but what can stand in a Lease: whole seconds, at least one. 0 is the default, as in ingress-nginx. */
export function parseElectionTtlMs(text: string): Result<number> {
  const duration = parseDurationMs(text);
  if (!duration.ok || (duration.value >= 1000 && duration.value % 1000 === 0)) return duration;
  if (duration.value === 0) return ok(30_000);
  return fail('is not a whole number of seconds, at least one');
}

/** Name of an object of any kind with the widest names. */
export function parseLeaseName(text: string): Result<string> {
  const problem = checkDnsSubdomain(text);
  return problem === undefined ? ok(text) : fail(problem);
}

const QUANTITY_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes as a quantity of Kubernetes: `4Gi`, `500M`; empty is 0. */
export function parseQuantityBytes(text: string): Result<number> {
  if (text === '') return ok(0);
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?$/.exec(text) ?? [];
  const factor = QUANTITY_UNITS[unit];
  return digits === undefined || factor === undefined
    ? fail('is not a size of Kubernetes such as "4Gi" or "500M"')
    : ok(Math.floor(Number(digits) * factor));
}

/** Comma list of IP addresses and host names. */
export function parseStatusAddresses(text: string): Result<readonly string[]> {
  const addresses = commaList(text);
  const bad = addresses.find((address) => isIP(address) === 0 && checkDnsSubdomain(address) !== undefined);
  return bad === undefined ? ok(addresses) : fail(`has the item ${JSON.stringify(bad)}, which is neither an IP address nor a host name`);
}

/** `namespace/name`; empty is undefined. */
export function parseObjectName(text: string): Result<ObjectName | undefined> {
  if (text === '') return ok(undefined);
  const [namespace = '', name = '', ...rest] = text.split('/');
  if (rest.length > 0 || namespace === '' || name === '') return fail('is not of the form namespace/name');
  const problem = checkDnsLabel(namespace) ?? checkDnsSubdomain(name);
  return problem === undefined ? ok({ namespace, name }) : fail(`holds a name that ${problem}`);
}

/** Name of a namespace; empty is undefined. */
export function parseNamespace(text: string): Result<string | undefined> {
  if (text === '') return ok(undefined);
  const problem = checkDnsLabel(text);
  return problem === undefined ? ok(text) : fail(problem);
}

/** Label selector in the syntax of `kubectl -l`; empty is undefined. */
export function parseSelector(text: string): Result<LabelSelector | undefined> {
  if (text === '') return ok(undefined);
  const selector = parseLabelSelector(text);
  return selector.ok ? selector : fail(`is not a label selector: ${selector.error}`);
}

/** An IPv4 or IPv6 address, the latter with or without brackets; empty means every address. */
export function parseAddress(text: string): Result<string> {
  const address = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return address === '' || isIP(address) !== 0 ? ok(address) : fail('is not an IP address');
}

/** As `parseAddress`, and `localhost`, which is the loopback address of IPv4 as for Go. */
export function parseListenHost(text: string): Result<string> {
  return parseAddress(text === 'localhost' ? '127.0.0.1' : text);
}

/** `host:port` or `:port`, with an IPv6 address in brackets; empty is undefined. */
export function parseListenAddress(text: string): Result<ListenAddress | undefined> {
  if (text === '') return ok(undefined);
  const [, host = '', portText = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
  const address = parseListenHost(host);
  const port = parsePort(portText);
  const isBare = isIP(host) === 6;
  return address.ok && port.ok && !isBare
    ? ok({ host: address.value, port: port.value })
    : fail('is not an address and a port such as ":8443"');
}

/** A path that a request target can be: begins with `/`, without query, white space or control characters. */
export function parsePath(text: string): Result<string> {
  return /^\/[!"$-;=@-~]*$/.test(text) ? ok(text) : fail('is not a path such as "/healthz"');
}

/** Prefix of annotation keys, without the slash. */
export function parseAnnotationsPrefix(text: string): Result<string> {
  const problem = checkDnsSubdomain(text);
  return problem === undefined ? ok(text) : fail(problem);
}

/** Ascending positive bounds of a histogram, separated by commas. */
export function parseBuckets(text: string): Result<readonly number[]> {
  const items = commaList(text);
  const bounds = items.map(Number);
  if (bounds.length === 0 || bounds.length > MAX_BUCKETS) return fail(`is not a list of 1 to ${MAX_BUCKETS} numbers`);
  const bad = bounds.findIndex((bound, index) => !Number.isFinite(bound) || bound <= (bounds[index - 1] ?? 0));
  return bad === -1 ? ok(bounds) : fail(`has the item ${JSON.stringify(items[bad])}, which is not a number greater than the one before`);
}

/** Comma list of words. */
export function parseWords(text: string): Result<readonly string[]> {
  return ok(commaList(text));
}

/** A path of the file system; empty stands for none. */
export function parseFilePath(text: string): Result<readonly string[]> {
  return ok(text === '' ? [] : [text]);
}

/** Any text that is not empty and holds no white space. */
export function parseWord(text: string): Result<string> {
  return /^\S+$/.test(text) ? ok(text) : fail('is empty or holds white space');
}
