// Rows as a worker keeps them. A copy from another thread has every text anew wherever it occurs, and its objects have room for fields that
// never come; with three paths for each of 10,000 Ingresses that is 10 MB in each worker.
import type { Action, PathMatch, Route, RouteLabels, VirtualHost } from '../model/route.ts';
import type { UpstreamKey } from '../model/upstream.ts';

/** For the rows of one delta; equal texts in them become one. */
export class RowKeeper {
  readonly #texts = new Map<string, string>();
  readonly #findKey: (key: UpstreamKey) => UpstreamKey;

  /** @param findKey answers the text of the key that is kept anyway. */
  constructor(findKey: (key: UpstreamKey) => UpstreamKey) {
    this.#findKey = findKey;
  }

  /** An equal row. */
  keep(host: VirtualHost): VirtualHost {
    return { ...host, routes: host.routes.map((route) => this.#keepRoute(route)) };
  }

  #keepRoute(route: Route): Route {
    const { id, match, action, labels } = route;
    return {
      ...route,
      id: this.#text(id),
      match: this.#keepMatch(match),
      action: this.#keepAction(action),
      labels: this.#keepLabels(labels),
    };
  }

  #keepMatch(match: PathMatch): PathMatch {
    switch (match.kind) {
      case 'exact':
        return { kind: 'exact', path: this.#text(match.path) };
      case 'prefix':
        return { kind: 'prefix', path: this.#text(match.path) };
      case 'regex':
        return match;
    }
  }

  /** Nearly all routes only forward. */
  #keepAction(action: Action): Action {
    if (action.kind !== 'forward' || action.secureUpstream !== undefined || action.fallback !== undefined) return action;
    return { kind: 'forward', upstream: this.#findKey(action.upstream) };
  }

  #keepLabels({ namespace, ingress, service, servicePort, path }: RouteLabels): RouteLabels {
    return {
      namespace: this.#text(namespace),
      ingress: this.#text(ingress),
      service: this.#text(service),
      servicePort: this.#text(servicePort),
      path: this.#text(path),
    };
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }
}
