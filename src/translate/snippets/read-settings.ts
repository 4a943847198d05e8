// Directives that say what an annotation says too: they go before it.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { parseBufferBytes, parseFileBytes, parseSwitch } from '../annotations/buffering.ts';
import type { BufferingDraft } from '../annotations/buffering.ts';
import type { AnnotationDraft } from '../annotations/row.ts';
import type { Replacement } from '../../model/policies/response-rewrite.ts';
import { oneOf, sizeBetween, timeBetweenMs } from '../value-parsers.ts';
import type { ValueParser } from '../value-parsers.ts';

/** What a directive changes about what the annotations of the Ingress say. */
export type SnippetSetting = (draft: AnnotationDraft) => void;

const KIB = 1024;
/** No variables. */
const COOKIE_TEXT = /^[\x20-\x23\x25-\x7e]{1,1024}$/;
const parseTimeout = timeBetweenMs(1, 31_536_000_000);
const parseRate = sizeBetween(0, KIB ** 4);

type SettingReader = (args: readonly string[]) => Result<SnippetSetting>;

/** A directive with one value. */
function setting<T>(parse: ValueParser<T>, set: (draft: AnnotationDraft, value: T) => void): SettingReader {
  return ([text = '', ...rest]) => (rest.length > 0 ? fail('has more than one part') : settingOf(parse(text), set));
}

function settingOf<T>(value: Result<T>, set: (draft: AnnotationDraft, value: T) => void): Result<SnippetSetting> {
  if (!value.ok) return value;
  return ok((draft) => {
    set(draft, value.value);
  });
}

/** `off`, or two literal texts; the second may have attributes, as in `proxy_cookie_path / "/; Secure"`. */
function readCookieRule([from = '', to, ...rest]: readonly string[]): Result<Replacement | 'off'> {
  if (from === 'off' && to === undefined) return ok('off');
  if (to === undefined || rest.length > 0) return fail('is neither "off" nor two words "from to"');
  if (from.startsWith('~')) return fail('begins with a regular expression, which is not supported');
  return [from, to].every((text) => COOKIE_TEXT.test(text)) ? ok({ from, to }) : fail('has characters that are not supported');
}

const readers: Readonly<Record<string, SettingReader>> = {
  proxy_connect_timeout: setting(parseTimeout, (draft, value) => {
    draft.proxy.connectTimeoutMs = value;
  }),
  proxy_send_timeout: setting(parseTimeout, (draft, value) => {
    draft.proxy.sendTimeoutMs = value;
  }),
  proxy_read_timeout: setting(parseTimeout, (draft, value) => {
    draft.proxy.readTimeoutMs = value;
  }),
  client_max_body_size: setting(sizeBetween(0, Number.MAX_SAFE_INTEGER), (draft, value) => {
    draft.proxy.bodySizeBytes = value;
  }),
  proxy_http_version: setting(oneOf<'1.0' | '1.1'>(['1.0', '1.1']), (draft, value) => {
    draft.proxy.isHttp10 = value === '1.0';
  }),
  proxy_buffering: setting(parseSwitch, (draft, value) => {
    bufferingOf(draft).buffersResponses = value === 'on';
  }),
  proxy_request_buffering: setting(parseSwitch, (draft, value) => {
    bufferingOf(draft).buffersRequests = value === 'on';
  }),
  proxy_buffer_size: setting(parseBufferBytes, (draft, value) => {
    bufferingOf(draft).bufferBytes = value;
  }),
  proxy_max_temp_file_size: setting(parseFileBytes, (draft, value) => {
    bufferingOf(draft).fileBytes = value;
  }),
  client_body_buffer_size: setting(parseBufferBytes, (draft, value) => {
    bufferingOf(draft).memoryBytes = value;
  }),
  proxy_cookie_domain: (args) =>
    settingOf(readCookieRule(args), (draft, value) => {
      draft.cookieDomain = value;
    }),
  proxy_cookie_path: (args) =>
    settingOf(readCookieRule(args), (draft, value) => {
      draft.cookiePath = value;
    }),
  satisfy: setting(oneOf<'all' | 'any'>(['all', 'any']), (draft, value) => {
    draft.access.satisfy = value;
  }),
  limit_rate: setting(parseRate, (draft, value) => {
    draft.limits = { ...draft.limits, rate: Math.ceil(value / KIB) };
  }),
  limit_rate_after: setting(parseRate, (draft, value) => {
    draft.limits = { ...draft.limits, rateAfter: Math.ceil(value / KIB) };
  }),
  gzip: setting(oneOf(['off']), (draft) => {
    draft.isUncompressed = true;
  }),
  access_log: setting(oneOf(['off']), (draft) => {
    draft.accessLog = false;
  }),
};

/** Undefined: no such directive. */
export function readSetting(name: string, args: readonly string[]): Result<readonly SnippetSetting[]> | undefined {
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (reader === undefined) return undefined;
  const read = args.length === 0 ? fail('is missing') : reader(args);
  return read.ok ? ok([read.value]) : fail(`whose value ${read.error}`);
}

function bufferingOf(draft: AnnotationDraft): BufferingDraft {
  draft.buffering ??= {};
  return draft.buffering;
}
