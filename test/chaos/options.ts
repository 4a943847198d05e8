// The command line of the chaos test.
import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '#portico/kit/result.ts';

export const usage = `usage: npm run chaos [-- OPTIONS]
Replicas of Portico against a stand-in API server that is restarted, cut and slow, while objects change, leaders are killed and requests
go on. Every answer is compared with what it may be at that time.

  --minutes N    how long (default 2)
  --replicas N   how many replicas (default 2)
  --seed S       what is changed and broken; when it happens depends on the machine (default 1)
  --help`;

export interface Options {
  readonly minutes: number;
  readonly replicas: number;
  readonly seed: string;
  readonly help: boolean;
}

/** Reads the arguments; fails with what is wrong with them. */
export function parseOptions(argv: readonly string[]): Result<Options> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '2' },
        replicas: { type: 'string', default: '2' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
    const { seed, help } = values;
    return ok({ minutes: wholeNumber('minutes', values.minutes), replicas: wholeNumber('replicas', values.replicas), seed, help });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new Error(`--${name} ${text}: a whole number from 1 up is needed`);
  return Number(text);
}
