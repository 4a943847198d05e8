// The meaning of snippets: the nginx directives that are interpreted, as data. Texts marked as templates may hold nginx variables and are
// checked; patterns are RE2 syntax, checked.

/** What stands in one context of nginx: `http`, a server, or a location. */
export interface Snippet {
  /** Run for each request in order, as nginx's rewrite module runs them. */
  readonly steps: readonly SnippetStep[];
  readonly rules: readonly SnippetRule[];
  /** `allow` and `deny`: the first that matches decides. */
  readonly addresses: readonly AddressRule[];
}

export interface AddressRule {
  readonly isAllowed: boolean;
  /** `all`, an address or a CIDR. */
  readonly addresses: string;
}

export type SnippetStep =
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  /** `set $args`: the query of the request from now on. Template. */
  | { readonly kind: 'set-query'; readonly value: string }
  /** `location`: template, for redirects. `body`: template. Neither: the usual page of the status. */
  | { readonly kind: 'return'; readonly status: number; readonly location?: string; readonly body?: string }
  /** `return 444`: the connection is closed without an answer. */
  | { readonly kind: 'close' }
  | SnippetRewrite
  | { readonly kind: 'break' }
  | {
      readonly kind: 'if';
      readonly condition: SnippetCondition;
      readonly steps: readonly SnippetStep[];
      readonly rules: readonly SnippetRule[];
    };

export interface SnippetRewrite {
  readonly kind: 'rewrite';
  /** Looked for in the normalised path. */
  readonly pattern: string;
  /** What takes the place of the whole path, or of the URL of a redirect. Template with captures. */
  readonly replacement: string;
  /** What stands behind the first `?` of a replacement that is no redirect. Template. */
  readonly query?: string;
  /** False: the replacement ended with `?`. */
  readonly keepsQuery: boolean;
  /** `last`: no further step, and the location is looked for again; `break`: no further step; `go-on`: both at the end of all steps. */
  readonly flag: 'go-on' | 'last' | 'break' | 301 | 302;
}

export type SnippetCondition =
  /** Neither empty nor `0`. */
  | { readonly kind: 'is-set'; readonly variable: string }
  /** `text`: template. */
  | { readonly kind: 'equals'; readonly variable: string; readonly text: string; readonly isNegated: boolean }
  | {
      readonly kind: 'matches';
      readonly variable: string;
      readonly pattern: string;
      readonly ignoresCase: boolean;
      readonly isNegated: boolean;
    };

/** Which responses a rule is about; an absent member does not matter. */
export interface ResponseFilter {
  readonly statuses?: readonly number[];
  /** Lower case, without parameters. */
  readonly contentTypes?: readonly string[];
}

export type SnippetRule =
  /** `more_set_headers`: instead of what is there, unless `isAppended`. `value`: template; empty: only removed. */
  | {
      readonly kind: 'set-response';
      readonly name: string;
      readonly value: string;
      readonly when: ResponseFilter;
      readonly isAppended?: boolean;
    }
  /** `more_clear_headers`. `isPrefix`: all names that begin so. Lower case. */
  | { readonly kind: 'clear-response'; readonly name: string; readonly isPrefix: boolean; readonly when: ResponseFilter }
  /** `add_header`: beside what is there. `isAlways`: with every status. */
  | { readonly kind: 'add-response'; readonly name: string; readonly value: string; readonly isAlways: boolean }
  /** `proxy_hide_header`: of the backend's response only. Lower case. */
  | { readonly kind: 'hide-response'; readonly name: string }
  | { readonly kind: 'expires'; readonly expiry: SnippetExpiry }
  /** `default_type`: of a body that `return` gives, where the path has no known ending. */
  | { readonly kind: 'default-type'; readonly type: string }
  /** `proxy_set_header`. `value`: template; empty: only removed. */
  | { readonly kind: 'set-request'; readonly name: string; readonly value: string }
  /** `more_set_input_headers`: before `set-request`. `when`: of the request. */
  | {
      readonly kind: 'set-input';
      readonly name: string;
      readonly value: string;
      /** True: only where the client has sent it. */
      readonly onlyPresent: boolean;
      readonly contentTypes?: readonly string[];
    }
  /** `more_clear_input_headers`. Lower case. */
  | { readonly kind: 'clear-input'; readonly name: string; readonly isPrefix: boolean; readonly contentTypes?: readonly string[] };

export type SnippetExpiry =
  | { readonly kind: 'off' }
  | { readonly kind: 'epoch' }
  | { readonly kind: 'max' }
  /** From now, or from the time of the last change where the response has one. */
  | { readonly kind: 'from-now' | 'from-change'; readonly seconds: number }
  /** The next time of day: seconds from midnight. */
  | { readonly kind: 'time-of-day'; readonly seconds: number };

/** How a `location` block of a server-snippet matches, as nginx's modifiers say. */
export type SnippetLocationMatch =
  | { readonly kind: 'exact'; readonly path: string }
  /** `isFinal`: `^~`, no regular expression is tried. */
  | { readonly kind: 'prefix'; readonly path: string; readonly isFinal: boolean }
  | { readonly kind: 'regex'; readonly pattern: string; readonly ignoresCase: boolean };

/** A location that only answers by itself: it has no backend. */
export interface SnippetLocation {
  readonly match: SnippetLocationMatch;
  readonly snippet: Snippet;
}

/** `map`: a variable that follows from a text. Values are templates. */
export interface SnippetMap {
  readonly name: string;
  /** Template. */
  readonly source: string;
  readonly defaultValue: string;
  /** Lower case: they are compared without regard to case. */
  readonly texts: readonly { readonly text: string; readonly value: string }[];
  /** Tried in their order where no text is equal. */
  readonly patterns: readonly { readonly pattern: string; readonly ignoresCase: boolean; readonly value: string }[];
}
