// The thread that checks slow password hashes for one worker, so that a login never holds up the traffic of others. One at a time, in
// the order in which they are asked for.
import { parentPort } from 'node:worker_threads';
import { matchesSlow, type SlowForm } from './password-hash.ts';

export interface PasswordQuestion {
  readonly id: number;
  readonly form: SlowForm;
  readonly password: Uint8Array;
}

export interface PasswordAnswer {
  readonly id: number;
  readonly isMatch: boolean;
}

if (parentPort !== null) {
  const port = parentPort;
  let last = Promise.resolve();
  port.on('message', (question: PasswordQuestion) => {
    last = last.then(async () => {
      port.postMessage(await answer(question));
    });
  });
}

/** What cannot be checked does not match. */
async function answer({ id, form, password }: PasswordQuestion): Promise<PasswordAnswer> {
  try {
    return { id, isMatch: await matchesSlow(form, Buffer.from(password)) };
  } catch {
    return { id, isMatch: false };
  }
}
