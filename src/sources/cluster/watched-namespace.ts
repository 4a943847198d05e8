// Whether the namespace of `--watch-namespace` exists. For one that does not an API server answers with empty lists, so that a misspelt name
// would serve nothing in silence; ingress-nginx does not start. Asked at the start, and again until it is there. Who may not ask is told
// where nothing at all is in the namespace.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { ApiClient } from './api-client.ts';
import { apiResources } from './api-resource.ts';
import { pause } from './pause.ts';

const AGAIN_AFTER_MS = 5_000;

export interface WatchedNamespaceDeps {
  readonly client: ApiClient;
  /** Whether nothing that was read is in the namespace. */
  readonly isEmpty: () => boolean;
  /** What `diagnostics` tells may have changed. */
  readonly onChange: () => void;
}

export class WatchedNamespace {
  readonly #name: string;
  readonly #deps: WatchedNamespaceDeps;
  #answer: 'none' | 'there' | 'missing' | 'forbidden' = 'none';
  #lastMessage = '';
  #revision = 0;

  constructor(name: string, deps: WatchedNamespaceDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** Resolves when there is nothing more to find out. */
  async check(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const found = await this.#deps.client.get({ resource: apiResources.Namespace, namespace: '', name: this.#name }, signal);
      const before = this.#answer;
      if (found.ok) this.#answer = 'there';
      else if (found.error.status === 404) this.#answer = 'missing';
      else if (found.error.status === 403) this.#answer = 'forbidden';
      if (this.#answer !== before) this.#deps.onChange();
      if (this.#answer === 'there' || this.#answer === 'forbidden') return;
      await pause(AGAIN_AFTER_MS, signal);
    }
  }

  /** Another number whenever `diagnostics` has others to tell. */
  get revision(): number {
    const message = this.#message();
    if (message !== this.#lastMessage) this.#revision++;
    this.#lastMessage = message;
    return this.#revision;
  }

  diagnostics(): readonly Diagnostic[] {
    const message = this.#message();
    const origin = { kind: 'Flag', namespace: '', name: '--watch-namespace' };
    return message === '' ? [] : [diagnostic('PRT-READ-9', message, origin)];
  }

  #message(): string {
    if (this.#answer === 'missing') return `there is no namespace ${this.#name}: nothing is served`;
    const isSuspect = this.#answer === 'forbidden' && this.#deps.isEmpty();
    return isSuspect ? `nothing is in the namespace ${this.#name}, if there is one: nothing is served` : '';
  }
}
