// Where the objects of a case go. A directory of manifests is one way; an API server can be another.
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refKey, refOf } from './kubernetes-object.ts';
import type { KubernetesObject, ObjectRef } from './kubernetes-object.ts';

export interface ObjectSink {
  /** Creates or replaces an object, which keeps its time and identity if it existed. `age` seconds after T0 if it is new and names no time. */
  apply: (object: KubernetesObject, age: number) => Promise<void>;
  delete: (ref: ObjectRef) => Promise<void>;
  /** Removes everything that was applied. */
  clear: () => Promise<void>;
  list: () => readonly KubernetesObject[];
  /** Arguments with which the controller reads from here. */
  readonly controllerArgs: readonly string[];
  /** The object as the API has it now, with what the controller wrote into its status; undefined if this sink has no API. */
  readonly read?: (ref: ObjectRef) => Promise<KubernetesObject | undefined>;
  /** What was told about this object since it was created; undefined if this sink has no API. */
  readonly readEvents?: (ref: ObjectRef) => Promise<readonly ObjectEvent[]>;
  /** How long the controller may still be busy with what was written, once it serves what was written last. Default 0. */
  readonly settleMs?: number;
  /** Removes everything and gives up what it holds. */
  readonly close?: () => Promise<void>;
}

export interface ObjectEvent {
  readonly type: string;
  readonly reason: string;
}

/** This sink takes no such object, and a case with it cannot be run. */
export class ObjectRefused extends Error {}

const T0_MS = Date.UTC(2024, 5, 1);

/**
 * One file for each object, replaced by renaming, so that a reader never sees half of one. An object that is created again gets a file of
 * another name: a file that is removed and written anew within milliseconds looks to a reader like one that is just being written.
 */
export async function createManifestDirectory(root: string): Promise<ObjectSink> {
  const manifests = join(root, 'manifests');
  const staging = join(root, 'staging');
  await mkdir(manifests, { recursive: true });
  await mkdir(staging, { recursive: true });
  const stored = new Map<string, { readonly object: KubernetesObject; readonly file: string }>();
  let created = 0;
  const newFile = (ref: ObjectRef): string => {
    created += 1;
    return `${[ref.kind.toLowerCase(), ref.namespace, ref.name, created].filter((part) => part !== '').join('.')}.json`;
  };
  const list = (): KubernetesObject[] => [...stored.values()].map(({ object }) => object);
  const remove = async (ref: ObjectRef): Promise<void> => {
    const found = stored.get(refKey(ref));
    if (found === undefined) return;
    stored.delete(refKey(ref));
    await rm(join(manifests, found.file), { force: true });
  };
  return {
    controllerArgs: ['--manifests', manifests],
    list,
    async apply(object, age) {
      const ref = refOf(object);
      const before = stored.get(refKey(ref));
      const complete = withIdentity(object, before?.object, age);
      const file = before?.file ?? newFile(ref);
      stored.set(refKey(ref), { object: complete, file });
      await writeFile(join(staging, file), `${JSON.stringify(complete, null, 2)}\n`);
      await rename(join(staging, file), join(manifests, file));
    },
    delete: remove,
    async clear() {
      for (const object of list()) await remove(refOf(object));
    },
  };
}

/** `age` seconds after T0. */
export function creationTimestamp(age: number): string {
  return new Date(T0_MS + age * 1000).toISOString().replace('.000Z', 'Z');
}

function withIdentity(object: KubernetesObject, before: KubernetesObject | undefined, age: number): KubernetesObject {
  const { namespace } = refOf(object);
  return {
    ...object,
    metadata: {
      ...(namespace === '' ? {} : { namespace }),
      creationTimestamp: before?.metadata['creationTimestamp'] ?? creationTimestamp(age),
      uid: before?.metadata['uid'] ?? randomUUID(),
      ...object.metadata,
    },
  };
}
