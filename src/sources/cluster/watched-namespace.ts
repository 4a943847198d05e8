// Whether the namespace of `--watch-namespace` exists. For one that does not an API server answers with empty lists, so that a misspelt name
// would serve nothing in silence; ingress-nginx does not start. Asked at the start, and again until it is there. Who may not ask is not told.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { ApiClient } from './api-client.ts';
import { apiResources } from './api-resource.ts';
import { pause } from './pause.ts';

const AGAIN_AFTER_MS = 5_000;

export interface WatchedNamespaceDeps {
  readonly client: ApiClient;
  /** What `diagnostics` tells has changed. */
  readonly onChange: () => void;
}

export class WatchedNamespace {
  readonly #name: string;
  readonly #deps: WatchedNamespaceDeps;
  #isMissing = false;

  constructor(name: string, deps: WatchedNamespaceDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** Resolves when there is nothing more to find out. */
  async check(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const found = await this.#deps.client.get({ resource: apiResources.Namespace, namespace: '', name: this.#name }, signal);
      const isMissing = !found.ok && found.error.status === 404;
      if (isMissing !== this.#isMissing && (found.ok || isMissing)) {
        this.#isMissing = isMissing;
        this.#deps.onChange();
      }
      if (found.ok || found.error.status === 403) return;
      await pause(AGAIN_AFTER_MS, signal);
    }
  }

  /** Another number whenever `diagnostics` has others to tell. */
  get revision(): number {
    return this.#isMissing ? 1 : 0;
  }

  diagnostics(): readonly Diagnostic[] {
    if (!this.#isMissing) return [];
    const origin = { kind: 'Flag', namespace: '', name: '--watch-namespace' };
    return [diagnostic('PRT-READ-9', `there is no namespace ${this.#name}: nothing is served`, origin)];
  }
}
