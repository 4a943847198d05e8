// Paths of fields as people read them and as origins carry them: `spec.rules[0].host`, `metadata.annotations["example.com/x"]`.
// Parsers and the finder of lines build them with the same functions, so that the one can look up what the other wrote.

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Path of a key in a map; the path of the object itself is empty. Keys that would be misread are put in brackets and quotes. */
export function keyPath(parent: string, key: string): string {
  if (!plainKey.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

/** Path of the map or list that holds the field; undefined for the object itself. */
export function parentPath(path: string): string | undefined {
  if (path === '') return undefined;
  if (path.endsWith('"]')) return path.slice(0, startOfQuotedKey(path));
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0));
}

/** Quoted keys hold no bare quote (JSON escapes it), but may hold `["`: the opening is the first quote that is not inside a key. */
function startOfQuotedKey(path: string): number {
  let start = 0;
  for (let at = 0; at < path.length; at++) {
    if (path[at] !== '"') continue;
    start = at - 1;
    at++;
    while (at < path.length && path[at] !== '"') at += path[at] === '\\' ? 2 : 1;
  }
  return start;
}
