// How large a regular expression becomes when it is compiled, told from its text: compiling takes time and memory for what it stands for,
// not for its length (`([a-z]{1,1000})` has 15 characters, 2000 instructions, 12 ms and 0.4 MB). An estimate, good enough for a bound.

/** A Unicode class is folded for upper and lower case, which takes as long as that many characters. */
const UNICODE_CLASS_SIZE = 250;
const REPEAT = /\{(\d{1,4})(?:(,)(\d{0,4}))?\}/y;

/** About the number of instructions, for valid patterns and others. */
export function patternSize(pattern: string): number {
  const outer: number[] = [];
  let sum = 0;
  /** Of what a quantifier behind it would repeat. */
  let last = 0;
  let extra = 0;
  for (let index = 0; index < pattern.length; index++) {
    switch (pattern[index]) {
      case '(':
        outer.push(sum);
        sum = 0;
        last = 0;
        break;
      case ')':
        last = sum + 2;
        sum = (outer.pop() ?? 0) + last;
        break;
      case '*':
      case '+':
      case '?':
        sum++;
        last++;
        break;
      case '{': {
        REPEAT.lastIndex = index;
        const [text = '', least = '1', , most = ''] = REPEAT.exec(pattern) ?? [];
        const times = Math.max(Number(least), Number(most), 1);
        sum += last * (times - 1);
        last *= times;
        index += Math.max(text.length - 1, 0);
        break;
      }
      case '[': {
        const end = endOfClass(pattern, index);
        extra += (pattern.slice(index, end).match(/\\[pP]/g)?.length ?? 0) * UNICODE_CLASS_SIZE;
        index = end;
        last = 1;
        sum++;
        break;
      }
      case '\\':
        index++;
        if (pattern[index] === 'p' || pattern[index] === 'P') {
          extra += UNICODE_CLASS_SIZE;
          if (pattern[index + 1] === '{') index = Math.max(pattern.indexOf('}', index), index);
        }
        last = 1;
        sum++;
        break;
      default:
        last = 1;
        sum++;
    }
  }
  return outer.reduce((total, part) => total + part, sum) + extra;
}

/** Place of the bracket that ends the class which begins at `start`. */
function endOfClass(pattern: string, start: number): number {
  let index = start + 1;
  if (pattern[index] === '^') index++;
  // A bracket in front is one of the characters.
  if (pattern[index] === ']') index++;
  while (index < pattern.length && pattern[index] !== ']') {
    const named = pattern.startsWith('[:', index) ? pattern.indexOf(':]', index) : -1;
    if (named !== -1) index = named + 2;
    else index += pattern[index] === '\\' ? 2 : 1;
  }
  return index;
}
