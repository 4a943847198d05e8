// CPU time and memory of a program and all its descendants, read from /proc. CPU time includes children that ended and were waited
// for, so that it never goes backwards when nginx replaces its workers.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time to user space in ticks of 1/100 s on every architecture that Portico runs on. */
const microsPerTick = 10_000;

export interface MemoryUse {
  /** Sum of the resident sets: pages shared by several processes of the program count once for each. */
  readonly residentBytes: number;
  /** Sum of the proportional sets: shared pages are divided among their users. */
  readonly proportionalBytes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly cpuTicks: number;
}

/** CPU time in microseconds that the program `rootPid` has used since it started, over all its processes and threads. */
export function readCpuMicros(rootPid: number): number {
  return processTree(rootPid).reduce((total, stat) => total + stat.cpuTicks, 0) * microsPerTick;
}

export function readMemory(rootPid: number): MemoryUse {
  let residentBytes = 0;
  let proportionalBytes = 0;
  for (const { pid } of processTree(rootPid)) {
    const text = readText(`/proc/${pid}/smaps_rollup`);
    residentBytes += kibibytes(text, 'Rss');
    proportionalBytes += kibibytes(text, 'Pss');
  }
  return { residentBytes, proportionalBytes };
}

function kibibytes(text: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text);
  return Number(match?.[1] ?? 0) * 1024;
}

function processTree(rootPid: number): readonly ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseProcessStat(readText(`/proc/${name}/stat`)))
    .filter((stat) => stat !== undefined);
  const tree = all.filter(({ pid }) => pid === rootPid);
  for (const parent of tree) {
    tree.push(...all.filter(({ parentPid }) => parentPid === parent.pid));
  }
  return tree;
}

/** Parses `/proc/PID/stat` (proc(5)); the second field is a name in parentheses that may hold anything. Undefined if the process is gone. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd < 0) {
    return undefined;
  }
  const fields = text
    .slice(nameEnd + 2)
    .split(' ')
    .map(Number);
  const [, parentPid = 0] = fields;
  const cpuTicks = fields.slice(11, 15).reduce((total, ticks) => total + ticks, 0);
  return { pid: Number.parseInt(text, 10), parentPid, cpuTicks };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
