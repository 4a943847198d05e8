// A bounded map that drops the entry used least recently. Entries stand in a doubly linked list, so that reading moves pointers
// and allocates nothing. Invariant: the list and the map hold the same entries, at most `capacity` of them.

interface Entry<K, V> {
  readonly key: K;
  value: V;
  newer: Entry<K, V> | null;
  older: Entry<K, V> | null;
}

export class LruMap<K, V> {
  readonly #capacity: number;
  readonly #entries = new Map<K, Entry<K, V>>();
  #newest: Entry<K, V> | null = null;
  #oldest: Entry<K, V> | null = null;

  /** `capacity` is the number of entries kept; less than 1 is a bug. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`LRU capacity must be a positive integer, not ${capacity}`);
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Finds a value and marks it as used. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#promote(entry);
    return entry.value;
  }

  /** Tells whether the key is there, without marking it as used. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Adds or replaces, marks as used, and drops the least recently used entry when there is one too many. */
  set(key: K, value: V): void {
    const present = this.#entries.get(key);
    if (present !== undefined) {
      present.value = value;
      this.#promote(present);
      return;
    }
    if (this.#entries.size === this.#capacity && this.#oldest !== null) this.delete(this.#oldest.key);
    const entry: Entry<K, V> = { key, value, newer: null, older: null };
    this.#entries.set(key, entry);
    this.#linkNewest(entry);
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#unlink(entry);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = null;
    this.#oldest = null;
  }

  #promote(entry: Entry<K, V>): void {
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#linkNewest(entry);
  }

  #linkNewest(entry: Entry<K, V>): void {
    entry.older = this.#newest;
    if (this.#newest !== null) this.#newest.newer = entry;
    this.#newest = entry;
    if (this.#oldest === null) this.#oldest = entry;
  }

  #unlink(entry: Entry<K, V>): void {
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    entry.newer = null;
    entry.older = null;
  }
}
