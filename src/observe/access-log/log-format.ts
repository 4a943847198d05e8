// Parses the text of an nginx `log_format`: literal text with `$name` and `${name}`.

export type LogFormatPart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'variable'; readonly name: string };

export interface LogFormatProblem {
  /** Without `$`; empty where a `$` has no name after it. */
  readonly variable: string;
  readonly message: string;
}

export interface ParsedLogFormat {
  readonly parts: readonly LogFormatPart[];
  readonly problems: readonly LogFormatProblem[];
}

/** Splits as nginx's `ngx_http_log_compile_format` does. A `$` without a name, which nginx refuses, stays as it is and is a problem. */
export function parseLogFormat(format: string): ParsedLogFormat {
  const parts: LogFormatPart[] = [];
  const problems: LogFormatProblem[] = [];
  let text = '';
  let end = 0;
  for (const found of format.matchAll(/\$(?:\{(\w+)\}|(\w+)|)/g)) {
    text += format.slice(end, found.index);
    end = found.index + found[0].length;
    const name = found[1] ?? found[2];
    if (name === undefined) {
      problems.push({ variable: '', message: `"$" at position ${found.index + 1} has no variable name after it` });
      text += found[0];
      continue;
    }
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
    parts.push({ kind: 'variable', name });
  }
  text += format.slice(end);
  if (text !== '') parts.push({ kind: 'text', text });
  return { parts, problems };
}
