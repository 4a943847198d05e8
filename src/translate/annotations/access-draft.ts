// What the annotations of one Ingress say about who may use its routes; a missing member was not set.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { checkDnsSubdomain } from '../../resources/names.ts';
import type { ObjectName } from '../options.ts';
import type { ExternalAuthDraft } from './external-auth.ts';

/** Name of an object; without namespace: that of the Ingress. */
export interface RelativeName {
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface AccessDraft {
  /** CIDRs that parse. */
  allow?: readonly string[];
  deny?: readonly string[];
  authType?: 'basic' | 'digest';
  authSecret?: RelativeName;
  authSecretType?: 'auth-file' | 'auth-map';
  realm?: string;
  satisfy?: 'all' | 'any';
  readonly external: ExternalAuthDraft;
  usesGlobalAuth?: boolean;
}

export interface ClientCertificateDraft {
  /** `malformed`: not of the form namespace/name. */
  secret?: ObjectName | 'malformed';
  verify?: 'on' | 'off' | 'optional' | 'optional_no_ca';
  depth?: number;
  /** Template. */
  errorPage?: string;
  passesCertificate?: boolean;
  subjectPattern?: string;
}

/** `name` or `namespace/name`. */
export function parseRelativeName(text: string): Result<RelativeName> {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const namespace = parts.length === 2 ? parts[0] : undefined;
  const isGood =
    parts.length <= 2 && checkDnsSubdomain(name) === undefined && (namespace === undefined || checkDnsSubdomain(namespace) === undefined);
  return isGood ? ok({ namespace, name }) : fail('is not of the form name or namespace/name');
}
