// Lists that are kept for as long as the program runs, once for each object or route. An array that was filled by `push` has room for 17
// entries or more, and an empty one takes 32 bytes of its own.

const nothing: readonly never[] = [];

/** A copy without room to grow. All empty lists are one. */
export function keptList<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list.slice();
}
