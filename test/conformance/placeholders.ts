// Replaces `{{...}}` in the texts of a case. An unknown placeholder is an error of the case, never left as it is.

/** Gives the value of a placeholder such as `port.web`; undefined if there is none of that name. */
export type PlaceholderValues = (name: string) => string | undefined;

/** Replaces every placeholder of a text. Throws for one that has no value. */
export function replacePlaceholders(text: string, values: PlaceholderValues): string {
  return text.replace(/\{\{([^{}]+)\}\}/g, (whole, name: string) => {
    const value = builtIn(name) ?? values(name);
    if (value === undefined) throw new Error(`no value for the placeholder ${whole}`);
    return value;
  });
}

/** The same value with the placeholders of all its strings replaced, keys included. */
export function replaceDeep<T>(value: T, values: PlaceholderValues): T {
  return replaceUnknown(value, values) as T;
}

function replaceUnknown(value: unknown, values: PlaceholderValues): unknown {
  if (typeof value === 'string') return replacePlaceholders(value, values);
  if (Array.isArray(value)) return value.map((item: unknown) => replaceUnknown(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [replacePlaceholders(key, values), replaceUnknown(item, values)]));
}

function builtIn(name: string): string | undefined {
  const encode = /^b64:([^]*)$/.exec(name);
  if (encode?.[1] !== undefined) return Buffer.from(encode[1]).toString('base64');
  const repeat = /^repeat:([^]*):([0-9]+)$/.exec(name);
  if (repeat?.[1] !== undefined) return repeat[1].repeat(Number(repeat[2]));
  return undefined;
}
