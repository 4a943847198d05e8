// A map from a key to a set of values, without empty sets: the indexes of what depends on what.
export class MultiMap<K, V> {
  readonly #sets = new Map<K, Set<V>>();

  add(key: K, value: V): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  delete(key: K, value: V): void {
    const set = this.#sets.get(key);
    if (set?.delete(value) === true && set.size === 0) this.#sets.delete(key);
  }

  /** The values at the time of the iteration; nothing for an unknown key. */
  get(key: K): Iterable<V> {
    return this.#sets.get(key) ?? [];
  }
}
