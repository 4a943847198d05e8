// Finds the metrics and the labels that a PromQL expression names. No parser: names are told from functions, keywords and labels by what
// stands around them, which is enough for expressions that Prometheus itself has accepted.
export interface Selected {
  readonly metric: string;
  /** Labels in its braces. */
  readonly labels: readonly string[];
}

export interface ExpressionNames {
  readonly selected: readonly Selected[];
  /** Labels in `by (...)`, `on (...)` and the like. */
  readonly groupLabels: readonly string[];
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);

export function namesOf(expression: string): ExpressionNames {
  const plain = expression.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '');
  const groups = [...plain.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)];
  const groupLabels = groups.flatMap(([, names = '']) => splitWords(names));
  const rest = groups.reduce((text, [group]) => text.replace(group, ' '), plain);
  const selected = [...rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?(?!\w|\s*\()/g)].flatMap(([, metric = '', matchers = '']) => {
    if (KEYWORDS.has(metric.toLowerCase())) return [];
    return [{ metric, labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label) }];
  });
  return { selected, groupLabels };
}

function splitWords(text: string): readonly string[] {
  return text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));
}
