// The meaning of a snippet annotation: the few nginx directives that are interpreted, as data. Texts marked as templates may hold nginx
// variables and are checked; patterns are RE2 syntax, checked.

export interface Snippet {
  /** Runs for each request in order, as nginx's rewrite module does. */
  readonly steps: readonly SnippetStep[];
  /** Holds for every request, whatever the steps do. */
  readonly rules: readonly SnippetRule[];
}

export type SnippetStep =
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  /** `location`: template, for redirects. `body`: template. Neither: the usual page of the status. */
  | { readonly kind: 'return'; readonly status: number; readonly location?: string; readonly body?: string }
  /** `replacement`: template with captures. `end`: no further step; a status: a redirect. */
  | { readonly kind: 'rewrite'; readonly pattern: string; readonly replacement: string; readonly flag: 'go-on' | 'end' | 301 | 302 }
  | { readonly kind: 'break' }
  | {
      readonly kind: 'if';
      readonly condition: SnippetCondition;
      readonly steps: readonly SnippetStep[];
      readonly rules: readonly SnippetRule[];
    };

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

/** When a response rule applies. */
export type SnippetStatuses =
  | 'all'
  /** 200, 201, 204, 206, 301, 302, 303, 304, 307, 308: nginx's `add_header` without `always`. */
  | 'usual'
  | readonly number[];

export type SnippetRule =
  /** `more_set_headers`: instead of what is there. `value`: template; empty: only removed. */
  | { readonly kind: 'set-response'; readonly name: string; readonly value: string; readonly statuses: SnippetStatuses }
  /** `add_header`: beside what is there. */
  | { readonly kind: 'add-response'; readonly name: string; readonly value: string; readonly statuses: SnippetStatuses }
  /** `more_clear_headers`. `isPrefix`: all names that begin so. Lower case. */
  | { readonly kind: 'clear-response'; readonly name: string; readonly isPrefix: boolean; readonly statuses: SnippetStatuses }
  /** `proxy_set_header`, `more_set_input_headers`, `more_clear_input_headers`. `value`: template; empty: only removed. */
  | { readonly kind: 'set-request'; readonly name: string; readonly value: string }
  /** `proxy_hide_header`: of the backend's response only. Lower case. */
  | { readonly kind: 'hide-response'; readonly name: string }
  /** Seconds from now; `epoch`, `max`: nginx's fixed dates. */
  | { readonly kind: 'expires'; readonly time: number | 'epoch' | 'max' }
  /** The first that matches decides. `all` or a CIDR. */
  | { readonly kind: 'access'; readonly isAllowed: boolean; readonly addresses: string };
