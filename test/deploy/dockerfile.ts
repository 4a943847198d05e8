// Reads a Dockerfile and a .dockerignore, as far as this repository's go, so that their steps can be tried without an engine.
export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly steps: readonly Step[];
}

export interface Step {
  /** `COPY`, in capitals. */
  readonly instruction: string;
  /** The rest of the line, with continued lines joined. */
  readonly text: string;
}

export interface Copy {
  /** The stage; undefined: the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function parseDockerfile(source: string): readonly Stage[] {
  const lines = source
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { base: string; name: string | undefined; steps: Step[] }[] = [];
  for (const line of lines) {
    const [, instruction = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'FROM') {
      const words = text.split(/\s+/).filter((word) => !word.startsWith('--'));
      stages.push({ base: words[0] ?? '', name: words[1] === 'AS' ? words[2] : undefined, steps: [] });
    } else {
      stages.at(-1)?.steps.push({ instruction, text });
    }
  }
  return stages;
}

export function parseCopy(text: string): Copy {
  const words = text.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
}

/** `A=1 B=2` */
export function parseEnv(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(/\s+/).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Whether a path of the build context is sent to the engine: the last line that fits it decides. */
export function isInContext(dockerignore: string, path: string): boolean {
  const rules = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  let isIn = true;
  for (const rule of rules) {
    const isException = rule.startsWith('!');
    if (toPattern(isException ? rule.slice(1) : rule).test(path)) isIn = isException;
  }
  return isIn;
}

/** A rule that fits a folder fits all that is in it. */
function toPattern(rule: string): RegExp {
  const source = rule
    .replaceAll('.', String.raw`\.`)
    .replaceAll('**/', '\u0000')
    .replaceAll('*', '[^/]*')
    .replaceAll('\u0000', '(?:.*/)?');
  return new RegExp(`^${source}(?:/.*)?$`);
}
