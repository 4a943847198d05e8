// Starts the programs of a benchmark and makes sure that none outlives it. Each program leads a process group of its own, so that
// workers forked by it (nginx) go with it. Invariant: after `stopAll`, or after this process ended in any way but SIGKILL, no program runs.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** The cores that the program and its children may use; empty: no restriction. */
  readonly cores: readonly number[];
  /** Files that receive its output; they are overwritten. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ManagedProcess {
  readonly pid: number;
  /** Settles with the exit status, or with the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  isRunning(): boolean;
  /** The line of its output that most likely says why it failed, for error messages. */
  lastWord(): string;
  /** SIGTERM, and SIGKILL to the whole group after five seconds. Returns when it has ended; never throws. */
  stop(): Promise<void>;
}

export interface ProcessKeeper {
  /** Throws if the program cannot be started. */
  start(spec: ProcessSpec): ManagedProcess;
  stopAll(): Promise<void>;
  /** Kills every group at once, for use in an exit handler. */
  killAllNow(): void;
}

const stopTimeoutMs = 5_000;

export function createProcessKeeper(): ProcessKeeper {
  const running = new Map<number, ManagedProcess>();
  return {
    start(spec) {
      const child = spawnPinned(spec);
      const { pid } = child;
      if (pid === undefined) {
        child.on('error', () => {});
        throw new Error(`cannot start ${spec.command}`);
      }
      const managed = manage(child, pid, spec);
      running.set(pid, managed);
      void managed.exited.then(() => {
        signalGroup(pid, 'SIGKILL');
        running.delete(pid);
      });
      return managed;
    },
    async stopAll() {
      await Promise.all([...running.values()].map((process) => process.stop()));
    },
    killAllNow() {
      for (const pid of running.keys()) {
        signalGroup(pid, 'SIGKILL');
      }
    },
  };
}

function spawnPinned(spec: ProcessSpec): ChildProcess {
  const pinned = spec.cores.length > 0;
  const command = pinned ? 'taskset' : spec.command;
  const args = pinned ? ['-c', spec.cores.join(','), spec.command, ...spec.args] : [...spec.args];
  const stdout = openSync(spec.stdoutPath, 'w');
  const stderr = spec.stderrPath === spec.stdoutPath ? stdout : openSync(spec.stderrPath, 'w');
  try {
    return spawn(command, args, { detached: true, stdio: ['ignore', stdout, stderr], env: { ...process.env, ...spec.env } });
  } finally {
    closeSync(stdout);
    if (stderr !== stdout) {
      closeSync(stderr);
    }
  }
}

function manage(child: ChildProcess, pid: number, spec: ProcessSpec): ManagedProcess {
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (status, signal) => {
      resolve(status ?? signal ?? 'unknown');
    });
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    exited,
    isRunning,
    lastWord: () => lastWord([spec.stdoutPath, spec.stderrPath].map(readOutput).join('\n')),
    async stop() {
      if (!isRunning()) {
        return;
      }
      signalGroup(pid, 'SIGTERM');
      await Promise.race([exited, delay(stopTimeoutMs, undefined, { ref: false })]);
      signalGroup(pid, 'SIGKILL');
      await exited;
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

function readOutput(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-50_000);
  } catch {
    return '';
  }
}

/** The last line that speaks of an error, or else the last line. */
function lastWord(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const complaint = lines.findLast((line) => /^(?!\s).*(?:error|emerg|alert|fatal|cannot)/i.test(line));
  return (complaint ?? lines.at(-1) ?? 'no output').slice(0, 300);
}
