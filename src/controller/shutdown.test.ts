import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const shutdown = fileURLToPath(new URL('shutdown.ts', import.meta.url));
/** Waits for the first signal and then for an hour, unless told again. `then` runs between them. */
const programThat = (then: string): string => `
  import { watchSignals } from ${JSON.stringify(shutdown)};
  const shutdown = watchSignals({ warn: () => console.log('again') });
  const alive = setInterval(() => {}, 3_600_000);
  console.log('started');
  await shutdown.whenAsked;
  console.log('asked');
  ${then}
  await shutdown.sleep(3_600_000);
  shutdown.dispose();
  clearInterval(alive);
`;

async function startProgram(then = ''): Promise<{
  readonly child: ChildProcess;
  readonly whenSaid: (word: string) => Promise<void>;
  readonly output: () => string;
}> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', programThat(then)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const whenSaid = async (word: string): Promise<void> => {
    while (!output.includes(word)) {
      assert.equal(child.exitCode, null, output);
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    }
  };
  await whenSaid('started');
  return { child, whenSaid, output: () => output };
}

describe('the signals that end the program', () => {
  it('are told twice by one Ctrl-C under npm, which counts once', async () => {
    // By itself, so that little time passes between them however slow the machine is.
    const again = `process.kill(process.pid, 'SIGINT'); setTimeout(() => console.log('went on'), 50);`;
    const { child, whenSaid, output } = await startProgram(again);
    child.kill('SIGINT');
    await whenSaid('went on');
    assert.doesNotMatch(output(), /again/);
    assert.equal(child.exitCode, null);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('mean at once when they come again later', async () => {
    const { child, whenSaid, output } = await startProgram();
    child.kill('SIGTERM');
    await whenSaid('asked');
    await delay(300);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
    assert.match(output(), /again/);
    assert.equal(child.exitCode, 0);
  });
});
