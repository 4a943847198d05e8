// A strict reader of the Prometheus text format, for tests: it refuses what a lenient scraper would let pass.
// Checked: one HELP and one TYPE per metric, before its samples; the samples of a metric together; names, labels and escapes; no sample
// twice; and for histograms ascending bounds, counts that never fall, a bucket `+Inf` equal to `_count`, and a `_sum`.

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

/** Throws with the line that is wrong. */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  let help: { name: string; text: string } | undefined;
  let current: ParsedFamily | undefined;
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      help = { name: comment[2] ?? '', text: comment[3] ?? '' };
      continue;
    }
    if (comment !== null) {
      const name = comment[2] ?? '';
      if (help?.name !== name) throw new Error(`TYPE without HELP before it: ${line}`);
      if (families.has(name)) throw new Error(`metric twice: ${line}`);
      if (!['counter', 'gauge', 'histogram'].includes(comment[3] ?? '')) throw new Error(`unknown type: ${line}`);
      current = { name, type: comment[3] ?? '', help: help.text, samples: [] };
      families.set(name, current);
      continue;
    }
    const sample = parseSample(line);
    if (current === undefined || !belongsTo(sample.name, current)) throw new Error(`sample outside of its metric: ${line}`);
    const key = `${sample.name} ${labelsKey(sample.labels)}`;
    if (seen.has(key)) throw new Error(`sample twice: ${line}`);
    seen.add(key);
    if (current.type !== 'gauge' && !(sample.value >= 0)) throw new Error(`negative: ${line}`);
    current.samples.push(sample);
  }
  for (const family of families.values()) {
    if (family.samples.length === 0) throw new Error(`no samples: ${family.name}`);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return families;
}

/** The samples of this name whose labels include `labels`. */
export function findSamples(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly ParsedSample[] {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const wanted = Object.entries(labels);
  return (family?.samples ?? []).filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value));
}

function parseSample(line: string): ParsedSample {
  const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (found === null) throw new Error(`no sample: ${line}`);
  const valueText = found[3] ?? '';
  if (!/^([+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN)$/.test(valueText)) throw new Error(`bad number: ${line}`);
  return { name: found[1] ?? '', labels: parseLabels(found[2] ?? '', line), value: Number(valueText.replace('Inf', 'Infinity')) };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) throw new Error(`bad labels: ${line}`);
    const name = found[1] ?? '';
    if (Object.hasOwn(labels, name)) throw new Error(`label twice: ${line}`);
    labels[name] = (found[2] ?? '').replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : String(character)));
    if (found[3] === '') break;
  }
  return labels;
}

function belongsTo(name: string, family: ParsedFamily): boolean {
  if (family.type !== 'histogram') return name === family.name;
  return ['_bucket', '_sum', '_count'].some((suffix) => name === family.name + suffix);
}

function checkHistogram(family: ParsedFamily): void {
  const groups = new Map<string, { buckets: [number, number][]; sum?: number; count?: number }>();
  for (const { name, labels, value } of family.samples) {
    const { le, ...rest } = labels;
    const key = labelsKey(rest);
    const group = groups.get(key) ?? { buckets: [] };
    groups.set(key, group);
    if (name.endsWith('_bucket')) group.buckets.push([Number(le?.replace('Inf', 'Infinity')), value]);
    else if (name.endsWith('_sum')) group.sum = value;
    else group.count = value;
  }
  for (const [key, { buckets, sum, count }] of groups) {
    const where = `${family.name}{${key}}`;
    if (sum === undefined || count === undefined) throw new Error(`no sum or no count: ${where}`);
    let bound = -Infinity;
    let before = 0;
    for (const [le, value] of buckets) {
      if (!(le > bound)) throw new Error(`bounds do not ascend: ${where}`);
      if (value < before) throw new Error(`counts fall: ${where}`);
      bound = le;
      before = value;
    }
    if (bound !== Infinity || before !== count) throw new Error(`bucket +Inf differs from the count: ${where}`);
  }
}

function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
