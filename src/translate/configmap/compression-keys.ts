// Keys of the compression of responses: gzip and brotli as in ingress-nginx, zstd by keys of Portico's own.
import { compileSearchPattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { ContentCoding } from '../../model/policies/compression.ts';
import { integerBetween, parseBool } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const DEFAULT_TYPES = [
  'application/atom+xml',
  'application/javascript',
  'application/x-javascript',
  'application/json',
  'application/rss+xml',
  'application/vnd.ms-fontobject',
  'application/x-font-ttf',
  'application/x-web-app-manifest+json',
  'application/xhtml+xml',
  'application/xml',
  'font/opentype',
  'image/svg+xml',
  'image/x-icon',
  'text/css',
  'text/javascript',
  'text/plain',
  'text/x-component',
].join(' ');

interface CodingKeys {
  readonly coding: ContentCoding;
  readonly enable: string;
  readonly prefix: string;
  readonly level: readonly [defaultLevel: string, max: number];
  readonly minLength: string;
}

export const compressionKeys: readonly ConfigRow[] = [
  ...keysOf({ coding: 'gzip', enable: 'use-gzip', prefix: 'gzip', level: ['1', 9], minLength: '256' }),
  supported({
    key: 'gzip-disable',
    defaultText: '',
    parse: parseAgents,
    set: (draft, value) => {
      draft.settings.compression.gzipDisabledAgents = value;
    },
    summary: 'User agents that get no gzip: a regular expression in any case, or `msie6`.',
  }),
  ...keysOf({ coding: 'br', enable: 'enable-brotli', prefix: 'brotli', level: ['4', 11], minLength: '20' }),
  ...keysOf({ coding: 'zstd', enable: 'portico-enable-zstd', prefix: 'portico-zstd', level: ['3', 19], minLength: '256' }),
];

function keysOf({ coding, enable, prefix, level: [defaultLevel, maxLevel], minLength }: CodingKeys): readonly ConfigRow[] {
  return [
    supported({
      key: enable,
      defaultText: 'false',
      parse: parseBool,
      set: (draft, value) => {
        draft.settings.compression.codings[coding].isEnabled = value;
      },
      summary: `Compresses responses with ${coding} where the client takes it.`,
      ...(enable.startsWith('portico-') ? {} : { differs: 'responses with Cache-Control: no-transform are left alone' }),
    }),
    supported({
      key: `${prefix}-level`,
      defaultText: defaultLevel,
      parse: integerBetween(coding === 'br' ? 0 : 1, maxLevel),
      set: (draft, value) => {
        draft.settings.compression.codings[coding].level = value;
      },
      summary: `Level of ${coding}.`,
    }),
    supported({
      key: `${prefix}-min-length`,
      defaultText: minLength,
      parse: integerBetween(0, 1_000_000_000),
      set: (draft, value) => {
        draft.settings.compression.codings[coding].minBytes = value;
      },
      summary: 'Responses whose Content-Length is smaller are left alone.',
    }),
    supported({
      key: `${prefix}-types`,
      defaultText: DEFAULT_TYPES,
      parse: parseTypes,
      set: (draft, value) => {
        draft.settings.compression.codings[coding].types = [...value];
      },
      summary: 'Media types to compress beside text/html; `*`: all.',
    }),
  ];
}

function parseTypes(text: string): Result<readonly string[]> {
  const types = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((type) => type !== '');
  if (types.length > 200) return fail('has more than 200 media types');
  const bad = types.find((type) => type !== '*' && !/^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+*-]{1,128}$/.test(type));
  return bad === undefined ? ok(types) : fail(`has the item ${JSON.stringify(bad.slice(0, 80))}, which is no media type`);
}

function parseAgents(text: string): Result<string> {
  const pattern = compileSearchPattern(text);
  return pattern.ok ? ok(text) : fail(`is no pattern that can be used: it ${pattern.error}`);
}
