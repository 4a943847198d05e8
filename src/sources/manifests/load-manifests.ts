// Manifest files read once and not watched: for commands that say something about them and end.
import type { Result } from '../../kit/result.ts';
import { ok } from '../../kit/result.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import { FileTree } from './file-tree.ts';
import { ManifestFiles } from './manifest-files.ts';

/** Fails, with a message for the user, where an argument does not exist. */
export function loadManifests(
  paths: readonly string[],
): Result<{ readonly objects: readonly KubernetesObject[]; readonly diagnostics: readonly Diagnostic[] }> {
  const tree = new FileTree(paths, undefined);
  const opened = tree.open();
  if (!opened.ok) return opened;
  const files = new ManifestFiles(undefined);
  for (const file of tree.takeChanges().changed) files.read(file);
  const { changes, diagnostics } = files.takeBatch(tree.unreadable);
  return ok({ objects: changes.upserts, diagnostics });
}
