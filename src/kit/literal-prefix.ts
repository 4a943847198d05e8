// The literal beginning of a regular expression: what lets most patterns be passed over without being run.

/**
 * The characters that every path must begin with, in any case, for the pattern to match; lower case, ASCII only, empty if unknown.
 * Errs on the short side only.
 */
export function literalPrefix(pattern: string): string {
  if (mayHaveTopLevelAlternation(pattern)) return '';
  let prefix = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index);
    if (QUANTIFIERS.includes(character)) return prefix.slice(0, -1).toLowerCase();
    if (LITERAL.test(character)) {
      prefix += character;
    } else if (character === '\\' && ESCAPABLE.test(pattern.charAt(index + 1))) {
      index++;
      prefix += pattern.charAt(index);
    } else {
      break;
    }
  }
  return prefix.toLowerCase();
}

/** False only if certainly every `|` stands in a group or a class, so that the beginning of the pattern holds for all of it. */
function mayHaveTopLevelAlternation(pattern: string): boolean {
  if (!pattern.includes('|')) return false;
  const plain = pattern.replace(ESCAPES, '-').replace(SIMPLE_CLASSES, '-');
  if (pattern.includes('\\Q') || plain.includes('[') || plain.includes(']')) return true;
  let depth = 0;
  for (const character of plain) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|' && depth <= 0) return true;
  }
  return false;
}

const ESCAPES = /\\./gs;
const SIMPLE_CLASSES = /\[\^?\]?[^\][]*\]/g;
const ESCAPABLE = /^[!-/:-@[-`{-~]$/;
const LITERAL = /^[A-Za-z0-9!"#%&',/:;<=>@_`~-]$/;
const QUANTIFIERS = '?*+{';
