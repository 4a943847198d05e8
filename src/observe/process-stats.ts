// What the operating system and Node tell about this process. Read without blocking the event loop; what cannot be read (no /proc, a
// closed-down container) is left out.
import { readdir, readFile } from 'node:fs/promises';

export interface ProcessStats {
  readonly cpuSeconds: number;
  readonly startedAtSeconds: number;
  readonly memory: NodeJS.MemoryUsage;
  readonly virtualMemoryBytes: number | undefined;
  readonly openFiles: number | undefined;
  readonly maxFiles: number | undefined;
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
}

/** `directory` is /proc/self unless a test says otherwise. */
export async function loadProcessStats(directory = '/proc/self'): Promise<ProcessStats> {
  const [status, io, limits, files] = await Promise.all([
    loadText(`${directory}/status`),
    loadText(`${directory}/io`),
    loadText(`${directory}/limits`),
    readdir(`${directory}/fd`).catch(() => undefined),
  ]);
  const cpu = process.cpuUsage();
  return {
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    startedAtSeconds: performance.timeOrigin / 1000,
    memory: process.memoryUsage(),
    virtualMemoryBytes: scale(findNumber(status, /^VmSize:\s+(\d+) kB/m), 1024),
    openFiles: files?.length,
    maxFiles: findNumber(limits, /^Max open files\s+(\d+)/m),
    readBytes: findNumber(io, /^read_bytes: (\d+)/m),
    writtenBytes: findNumber(io, /^write_bytes: (\d+)/m),
  };
}

async function loadText(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '');
}

function findNumber(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
