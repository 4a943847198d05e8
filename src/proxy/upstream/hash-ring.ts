// Consistent hashing as in ketama and lua-resty-balancer: each member has many points on a ring of 2^32 places, and a key belongs to the
// next point. When a member comes or goes, only keys that it takes or had move. The same members make the same ring in every worker and
// every replica.
import { hashText } from '../../kit/text-hash.ts';

/** As lua-resty-balancer; the shares of members then differ by some 8 percent. */
const POINTS = 160;
/** Bound on members: the place of a point and its member are kept in one double. */
const MEMBER_RANGE = 2 ** 20;

export class HashRing {
  readonly #places: Uint32Array;
  readonly #members: Uint32Array;

  /** `labels` of the members, at most 2^20, each once. */
  constructor(labels: readonly string[]) {
    const points = new Float64Array(labels.length * POINTS);
    for (const [member, label] of labels.entries()) {
      for (let i = 0; i < POINTS; i++) points[member * POINTS + i] = hashText(`${label}#${i}`) * MEMBER_RANGE + member;
    }
    points.sort();
    this.#places = Uint32Array.from(points, (point) => Math.floor(point / MEMBER_RANGE));
    this.#members = Uint32Array.from(points, (point) => point % MEMBER_RANGE);
  }

  /** The member of a key: an index into the labels; -1 if there are none. */
  find(key: string): number {
    return this.#memberAt(this.#pointOf(key));
  }

  /** The same, going on along the ring past members that are excluded; -1 if all are. */
  findExcept(key: string, isExcluded: (member: number) => boolean): number {
    const first = this.#pointOf(key);
    for (let i = 0; i < this.#places.length; i++) {
      const member = this.#memberAt(first + i);
      if (!isExcluded(member)) return member;
    }
    return -1;
  }

  /** Binary search for the first point at or behind the place of the key. */
  #pointOf(key: string): number {
    const place = hashText(key);
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #memberAt(point: number): number {
    return this.#members[point % this.#members.length] ?? -1;
  }
}
