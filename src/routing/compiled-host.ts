// What a virtual host is compiled into, and what a path is matched to. Compiled hosts are immutable: a request keeps what it
// matched, however often the host is replaced meanwhile.
import type { Route, VirtualHost } from '../model/route.ts';

/** The route that takes a path. Made when the host is compiled; matching hands out the same objects. */
export interface CompiledRoute<T> {
  readonly kind: 'route';
  readonly route: Route;
  readonly target: T;
  /** The pattern that takes the path, on regex hosts: what a rewrite matches again for its captures. */
  readonly pattern: string | undefined;
}

/** The path lacks the slash at the end that a rule asks for: the client is redirected (301), as nginx does. */
export interface SlashRedirect<T> {
  readonly kind: 'slash-redirect';
  /** The route that takes the path with the slash. */
  readonly route: Route;
  readonly target: T;
  /** Path to redirect to, percent-encoded; the query of the request is to be appended. */
  readonly location: string;
}

export type PathVerdict<T> = CompiledRoute<T> | SlashRedirect<T>;

export interface CompiledHost<T> {
  readonly host: VirtualHost;
  /** The route that takes every path, where there is one and no other. */
  readonly only: CompiledRoute<T> | undefined;
  /** Decides which route takes a path that `normalisePath` gave; undefined if none does. */
  matchPath(path: string): PathVerdict<T> | undefined;
}

/** Makes of a route what the data plane needs to serve it. Must not throw: a route that cannot be served gets a target that refuses. */
export type CompileRoute<T> = (route: Route, host: VirtualHost) => T;

export function compiledRoute<T>(route: Route, target: T, pattern?: string): CompiledRoute<T> {
  return { kind: 'route', route, target, pattern };
}

/** `path` is that of the rule and ends in `/`. */
export function slashRedirect<T>(route: Route, target: T, path: string): SlashRedirect<T> {
  return { kind: 'slash-redirect', route, target, location: encodePath(path) };
}

/** Encodes all that could end a path or a header line, and all that is not ASCII, as UTF-8. */
function encodePath(path: string): string {
  return encodeURI(path.toWellFormed()).replaceAll('?', '%3F').replaceAll('#', '%23');
}
