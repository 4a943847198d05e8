// Who may use a route: by address, by password, by the word of an authentication service, and how these are joined. Annotations
// `allowlist-source-range`, `denylist-source-range`, `auth-*` and `satisfy` of ingress-nginx.
// Lists of users are shared: routes that use the same Secret refer to the same object, and cloning one message keeps it so.
import type { UpstreamKey } from '../upstream.ts';

export interface AccessPolicy {
  /** `all`: every check must pass. `any`: one that says yes is enough. */
  readonly satisfy: 'all' | 'any';
  readonly addresses?: AddressLists;
  readonly password?: PasswordAuth;
  readonly external?: ExternalAuth;
}

/** CIDRs, checked. The deny list is asked first. */
export interface AddressLists {
  readonly deny: readonly string[];
  /** Empty: nobody is refused for not being listed. */
  readonly allow: readonly string[];
}

export interface PasswordAuth {
  readonly kind: 'basic' | 'digest';
  /** Without control characters, `"` or backslash. */
  readonly realm: string;
  readonly users: UserList;
}

/** Of one Secret. Never printed, never logged. */
export interface UserList {
  /**
   * User and what the Secret has for them: a password hash for basic, `realm:MD5 of user:realm:password` for digest. Of several entries for
   * one user the first counts.
   */
  readonly entries: readonly (readonly [user: string, secret: string])[];
}

/** An HTTP service that decides about each request (`auth-url`, `global-auth-url`). Texts that may hold nginx variables are templates. */
export interface ExternalAuth {
  readonly upstream: UpstreamKey;
  /** Host of the URL without port, sent as Host. */
  readonly host: string;
  /** Path and query of the URL. Template. */
  readonly target: string;
  readonly method: string;
  /** True: the request also has X-Original-URI and X-Scheme, as in ingress-nginx when `auth-method` is set. */
  readonly tellsOriginalUri: boolean;
  /** Where a client goes that gets 401. */
  readonly signIn?: SignIn;
  /** As written. Removed from the client's request, then copied from the answer. */
  readonly responseHeaders: readonly string[];
  /** Header and template. */
  readonly requestHeaders: readonly (readonly [name: string, template: string])[];
  /** X-Auth-Request-Redirect instead of the request target. Template. */
  readonly requestRedirect?: string;
  readonly cache?: AuthCachePolicy;
  /** Cookies of the answer go to the client with every status. */
  readonly alwaysSetCookie: boolean;
}

export interface SignIn {
  /** Template. */
  readonly url: string;
  /** Name of the query parameter for the URL to come back to; undefined: the URL has it already. */
  readonly redirectParameter: string | undefined;
}

export interface AuthCachePolicy {
  /** Template; answers are kept apart by host, route and this. */
  readonly key: string;
  readonly rules: readonly AuthCacheRule[];
}

export interface AuthCacheRule {
  readonly statuses: readonly number[];
  readonly durationMs: number;
}

/** Clients that are refused everywhere: ConfigMap keys `block-cidrs`, `block-user-agents`, `block-referers`. */
export interface BlockedClients {
  /** Routes with address lists of their own are not asked, as in nginx. */
  readonly cidrs: readonly string[];
  readonly userAgents: readonly TextPattern[];
  readonly referers: readonly TextPattern[];
}

export type TextPattern =
  /** The whole text, without regard to case; lower case here. */
  | { readonly kind: 'text'; readonly text: string }
  /** Anywhere in the text. RE2 syntax, checked. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly ignoresCase: boolean };
