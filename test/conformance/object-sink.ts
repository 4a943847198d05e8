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
}

const T0_MS = Date.UTC(2024, 5, 1);

/** One file for each object, replaced by renaming, so that a reader never sees half of one. */
export async function createManifestDirectory(root: string): Promise<ObjectSink> {
  const manifests = join(root, 'manifests');
  const staging = join(root, 'staging');
  await mkdir(manifests, { recursive: true });
  await mkdir(staging, { recursive: true });
  const objects = new Map<string, KubernetesObject>();
  const fileName = (ref: ObjectRef): string =>
    `${[ref.kind.toLowerCase(), ref.namespace, ref.name].filter((part) => part !== '').join('.')}.json`;
  const remove = async (ref: ObjectRef): Promise<void> => {
    if (!objects.delete(refKey(ref))) return;
    await rm(join(manifests, fileName(ref)), { force: true });
  };
  return {
    controllerArgs: ['--manifests', manifests],
    list: () => [...objects.values()],
    async apply(object, age) {
      const ref = refOf(object);
      const before = objects.get(refKey(ref));
      const complete = withIdentity(object, before, age);
      objects.set(refKey(ref), complete);
      const name = fileName(ref);
      await writeFile(join(staging, name), `${JSON.stringify(complete, null, 2)}\n`);
      await rename(join(staging, name), join(manifests, name));
    },
    delete: remove,
    async clear() {
      for (const object of objects.values()) await remove(refOf(object));
    },
  };
}

function withIdentity(object: KubernetesObject, before: KubernetesObject | undefined, age: number): KubernetesObject {
  const { namespace } = refOf(object);
  return {
    ...object,
    metadata: {
      ...(namespace === '' ? {} : { namespace }),
      creationTimestamp: before?.metadata['creationTimestamp'] ?? new Date(T0_MS + age * 1000).toISOString().replace('.000Z', 'Z'),
      uid: before?.metadata['uid'] ?? randomUUID(),
      ...object.metadata,
    },
  };
}
