// A map from a key to a set of strings, without empty sets: the indexes of what depends on what. Most keys have one value, which is
// kept as itself: a set of one takes 220 bytes.
export class MultiMap<K, V extends string> {
  readonly #values = new Map<K, V | Set<V>>();

  has(key: K): boolean {
    return this.#values.has(key);
  }

  add(key: K, value: V): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, value);
    else if (typeof values !== 'string') values.add(value);
    else if (values !== value) this.#values.set(key, new Set([values, value]));
  }

  /** False if it was not there. */
  delete(key: K, value: V): boolean {
    const values = this.#values.get(key);
    if (values === value) return this.#values.delete(key);
    if (values === undefined || typeof values === 'string' || !values.delete(value)) return false;
    if (values.size === 0) this.#values.delete(key);
    return true;
  }

  /** The values at the time of the iteration; nothing for an unknown key. */
  get(key: K): Iterable<V> {
    const values = this.#values.get(key);
    if (values === undefined) return [];
    return typeof values === 'string' ? [values] : values;
  }
}
