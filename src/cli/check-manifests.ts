// What `portico check` finds out: reads manifests, translates them as `serve` would, and collects every diagnostic.
import type { ServeOptions } from '../controller/serve-options.ts';
import { translatorOptions } from '../controller/translator-options.ts';
import type { Result } from '../kit/result.ts';
import { ok } from '../kit/result.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { KubernetesObject } from '../resources/objects.ts';
import { ResourceStore } from '../resources/store.ts';
import { loadManifests } from '../sources/manifests/load-manifests.ts';
import { createTranslator } from '../translate/translator.ts';
import { sortDiagnostics } from './diagnostic-report.ts';
import type { CheckReport } from './diagnostic-report.ts';

/**
 * Manifests that are kept in a repository rarely hold EndpointSlices, since the cluster writes them: without any, that a Service has no
 * endpoints says nothing. Fails, with a message for the user, where a path does not exist.
 */
export function checkManifests(paths: readonly string[], options: ServeOptions): Result<CheckReport> {
  const loaded = loadManifests(paths);
  if (!loaded.ok) return loaded;
  const { objects, diagnostics } = loaded.value;
  const all = [...diagnostics, ...translationDiagnostics(objects, options)];
  const hasSlices = objects.some(({ kind }) => kind === 'EndpointSlice');
  const shown = hasSlices ? all : all.filter(({ code }) => code !== 'PRT-RULE-5' && code !== 'PRT-STREAM-5');
  const notes =
    shown.length === all.length ? [] : ['There is no EndpointSlice in the manifests: whether Services have endpoints is not checked.'];
  return ok({ objects: objects.length, diagnostics: sortDiagnostics(shown), notes });
}

function translationDiagnostics(objects: readonly KubernetesObject[], options: ServeOptions): readonly Diagnostic[] {
  const store = new ResourceStore();
  store.apply({ upserts: objects, removals: [] });
  return createTranslator(translatorOptions(options)).translate(store, 'all').diagnostics;
}
