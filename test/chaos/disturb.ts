// What goes wrong with the API server while objects change. Each disturbance takes a while and leaves a working server behind.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '../support/api-server/start-api-server.ts';
import type { Random } from '../torture/random.ts';
import { pickNumber, pickOne } from '../torture/random.ts';
import type { Journal } from './journal.ts';

export type Disturbance = 'restart' | 'cut' | 'forget' | 'expire' | 'slow' | 'refuse' | 'calm';

const all: readonly Disturbance[] = ['restart', 'cut', 'cut', 'forget', 'expire', 'slow', 'refuse', 'calm'];
const breaks = ['end', 'cut', 'torn', 'expired', 'garbage'] as const;
const readable = ['ingresses', 'services', 'endpointslices'] as const;
const watched = ['ingresses', 'services', 'endpointslices', 'secrets', 'all'] as const;

/** Does one of them, and answers which when it is over. Objects may be written meanwhile. */
export async function disturb(api: ApiServer, random: Random, journal: Journal): Promise<Disturbance> {
  const chosen = pickOne(random, all);
  const lengthMs = 200 + pickNumber(random, 1800);
  const begin = (detail = ''): void => journal.note(`${chosen} ${detail} for ${lengthMs} ms`);
  switch (chosen) {
    case 'restart':
      begin();
      await api.kill();
      await sleep(lengthMs);
      await api.restart();
      break;
    case 'cut': {
      const plural = pickOne(random, watched);
      const how = pickOne(random, breaks);
      begin(`${plural} ${how}`);
      api.breakWatches(how, plural === 'all' ? undefined : plural);
      await sleep(lengthMs / 4);
      break;
    }
    case 'forget':
      // Compacted while nobody watches: who comes back must list again.
      begin();
      api.breakWatches('cut');
      await sleep(pickNumber(random, 50));
      api.compact();
      await sleep(lengthMs / 4);
      break;
    case 'expire': {
      // Lists take their time, and what their next page goes on from is forgotten again and again.
      begin();
      const hasten = api.fail({ verbs: ['list'], status: 200, delayMs: 20 });
      api.breakWatches('cut');
      for (const endMs = performance.now() + lengthMs; performance.now() < endMs; await sleep(20 + pickNumber(random, 80))) api.compact();
      hasten();
      break;
    }
    case 'slow':
      begin();
      Object.assign(api.manner, { chunkBytes: 1 + pickNumber(random, 200), delayMs: pickNumber(random, 4) });
      await sleep(lengthMs);
      heal(api);
      break;
    case 'refuse': {
      const status = pickOne(random, [403, 429, 500, 503]);
      // A Secret that may not be read is as if it did not exist, which the oracle knows nothing of.
      const resource = status === 403 ? pickOne(random, readable) : undefined;
      begin(`${resource ?? 'all'} ${status}`);
      const allow = api.fail({ status, retryAfterSeconds: 1, ...(resource === undefined ? {} : { resource }) });
      api.breakWatches('cut');
      await sleep(lengthMs);
      allow();
      break;
    }
    case 'calm':
      begin();
      await sleep(lengthMs);
  }
  journal.note(`${chosen} is over`);
  return chosen;
}

function heal(api: ApiServer): void {
  Object.assign(api.manner, { chunkBytes: 0, delayMs: 0 });
}
