// The file of `--snapshot`: the objects as they were served last, so that a start without an API server has something to serve. It holds
// the Secrets that are in use, private keys among them, so only its owner may read it. One object a line, inside of a List, so that
// other programs, `portico check` among them, can read it too. Written beside and renamed: a reader never sees half of one.
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import { printObject } from './object-text.ts';

const HEAD = '{"apiVersion":"v1","kind":"List","items":[\n';
const TAIL = ']}\n';
/** Objects that are printed in one turn of the event loop: about two milliseconds. */
const OBJECTS_PER_TURN = 100;

/** Writes all objects. Rejects with the error of the file system; the file is as it was then. */
export async function writeSnapshot(path: string, objects: readonly KubernetesObject[]): Promise<void> {
  const written = `${path}.${process.pid}.new`;
  try {
    const file = await open(written, 'w', 0o600);
    try {
      // The mode above counts only for a file that is new.
      await file.chmod(0o600);
      await writeObjects(file, objects);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
  // Only then the new name survives a crash of the machine.
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeObjects(file: FileHandle, objects: readonly KubernetesObject[]): Promise<void> {
  await file.write(HEAD);
  for (let start = 0; start < objects.length; start += OBJECTS_PER_TURN) {
    const end = Math.min(start + OBJECTS_PER_TURN, objects.length);
    const lines = objects.slice(start, end).map((object) => JSON.stringify(printObject(object)));
    await file.write(`${lines.join(',\n')}${end === objects.length ? '' : ','}\n`);
    await nextTurn();
  }
  await file.write(TAIL);
}

/** Reads the objects back; `undefined` where there is no file yet. What no longer parses is left out and counted. */
export async function readSnapshot(
  path: string,
): Promise<Result<{ readonly objects: readonly KubernetesObject[]; readonly unreadable: number } | undefined>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing ? ok(undefined) : fail(error instanceof Error ? error.message : String(error));
  }
  if (!text.startsWith(HEAD) || !text.endsWith(TAIL)) return fail('is no snapshot of Portico, or an incomplete one');
  const objects: KubernetesObject[] = [];
  let unreadable = 0;
  for (const line of text.slice(HEAD.length, -TAIL.length).split('\n')) {
    if (line === '') continue;
    const object = parseLine(line);
    if (object === undefined) unreadable++;
    else objects.push(object);
  }
  return ok({ objects, unreadable });
}

function parseLine(line: string): KubernetesObject | undefined {
  try {
    const parsed = parseObject(JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line), {});
    return parsed.kind === 'object' ? parsed.object : undefined;
  } catch {
    return undefined;
  }
}
