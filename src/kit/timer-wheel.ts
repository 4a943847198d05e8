// A hashed timer wheel: the deadlines of tens of thousands of connections, looked at by one coarse interval timer.
//
// Entries are linked into the list of the tick at which they are to be looked at; the links are fields of the entry, so that nothing is
// allocated per schedule. Most deadlines only ever move later (every byte of a live connection does that): such a move writes one field, and
// the entry is linked anew when its old tick comes up. An entry never fires before its deadline, and fires at the first `advance` after
// the tick boundary that follows it. Deadlines further away than one turn of the wheel are looked at once a turn.
//
// Invariants: a linked entry has `wheelTick` above the last tick worked off, except while lists are being worked off; it is in one list only.

/** What an object carries to have a deadline. Make it with all fields in this order: `Infinity`, `NOT_LINKED`, `null`, `null`. */
export interface WheelEntry {
  /** Same clock as `advance`, in milliseconds. */
  deadlineMs: number;
  /** Tick at which the wheel looks at this entry; `NOT_LINKED` while it is in no list. Only the wheel writes it. */
  wheelTick: number;
  wheelNext: WheelEntry | null;
  wheelPrevious: WheelEntry | null;
  /** Called once, unlinked, when the deadline has passed. May schedule or cancel any entry, this one too. */
  onDeadline(nowMs: number): void;
}

export const NOT_LINKED = -1;

export interface TimerWheel {
  /** Sets or moves the deadline of the entry. Moving it later is a comparison and a field write. */
  schedule(entry: WheelEntry, deadlineMs: number): void;
  /** The entry will not fire. Nothing happens if it is not scheduled. */
  cancel(entry: WheelEntry): void;
  /** Fires what is due at `nowMs`. Call it once a tick; after a stall one call catches up. A clock that goes back does nothing. */
  advance(nowMs: number): void;
  /** Entries that are scheduled. */
  readonly size: number;
  readonly tickMs: number;
}

export interface TimerWheelOptions {
  /** The clock's value now. */
  readonly nowMs: number;
  /** How late an entry may fire, beside the lateness of the caller's timer. Default 100. */
  readonly tickMs?: number;
  /** Ticks in a turn; a power of two. Default 1024: a turn of 102 s. */
  readonly slots?: number;
}

export function createTimerWheel(options: TimerWheelOptions): TimerWheel {
  return new HashedTimerWheel(options.nowMs, options.tickMs ?? 100, options.slots ?? 1024);
}

/** Head of a circular list. It is an entry itself, so that linking and unlinking have no special cases. */
class ListHead implements WheelEntry {
  deadlineMs = Infinity;
  wheelTick = NOT_LINKED;
  wheelNext: WheelEntry | null = this;
  wheelPrevious: WheelEntry | null = this;

  onDeadline(): void {
    throw new Error('a list head has no deadline');
  }
}

class HashedTimerWheel implements TimerWheel {
  size = 0;
  readonly tickMs: number;
  readonly #startMs: number;
  readonly #mask: number;
  readonly #slots: readonly ListHead[];
  /** Entries of the tick being worked off; also what is left when a callback threw. */
  readonly #due = new ListHead();
  #tick = 0;

  constructor(startMs: number, tickMs: number, slots: number) {
    if (slots < 2 || (slots & (slots - 1)) !== 0) throw new RangeError(`the slots of a timer wheel must be a power of two, not ${slots}`);
    this.tickMs = tickMs;
    this.#startMs = startMs;
    this.#mask = slots - 1;
    this.#slots = Array.from({ length: slots }, () => new ListHead());
  }

  schedule(entry: WheelEntry, deadlineMs: number): void {
    entry.deadlineMs = deadlineMs;
    if (entry.wheelTick !== NOT_LINKED) {
      if (deadlineMs >= this.#startMs + entry.wheelTick * this.tickMs) return;
      const tick = this.#tickFor(deadlineMs);
      if (tick >= entry.wheelTick) return;
      unlink(entry);
      this.#link(entry, tick);
      return;
    }
    this.size++;
    this.#link(entry, this.#tickFor(deadlineMs));
  }

  cancel(entry: WheelEntry): void {
    if (entry.wheelTick === NOT_LINKED) return;
    this.size--;
    unlink(entry);
  }

  advance(nowMs: number): void {
    this.#fireDue(nowMs);
    const target = Math.floor((nowMs - this.#startMs) / this.tickMs);
    // After a stall of more than a turn every list is worked off once; all entries are in it, wherever the count of ticks stands.
    if (target - this.#tick > this.#slots.length) this.#tick = target - this.#slots.length;
    while (this.#tick < target) {
      this.#tick++;
      const list = this.#slots[this.#tick & this.#mask];
      if (list === undefined || list.wheelNext === list) continue;
      moveAll(list, this.#due);
      this.#fireDue(nowMs);
    }
  }

  #fireDue(nowMs: number): void {
    const due = this.#due;
    for (let entry = due.wheelNext; entry !== null && entry !== due; entry = due.wheelNext) {
      unlink(entry);
      if (entry.deadlineMs > nowMs) {
        this.#link(entry, this.#tickFor(entry.deadlineMs));
      } else {
        this.size--;
        entry.onDeadline(nowMs);
      }
    }
  }

  /** The first tick at which the deadline has passed, but not worked off yet and not more than a turn away. */
  #tickFor(deadlineMs: number): number {
    const tick = Math.ceil((deadlineMs - this.#startMs) / this.tickMs);
    return Math.max(this.#tick + 1, Math.min(tick, this.#tick + this.#mask));
  }

  #link(entry: WheelEntry, tick: number): void {
    const head = this.#slots[tick & this.#mask];
    if (head === undefined) return;
    const last = head.wheelPrevious ?? head;
    entry.wheelTick = tick;
    entry.wheelNext = head;
    entry.wheelPrevious = last;
    last.wheelNext = entry;
    head.wheelPrevious = entry;
  }
}

function unlink(entry: WheelEntry): void {
  if (entry.wheelNext !== null) entry.wheelNext.wheelPrevious = entry.wheelPrevious;
  if (entry.wheelPrevious !== null) entry.wheelPrevious.wheelNext = entry.wheelNext;
  entry.wheelNext = null;
  entry.wheelPrevious = null;
  entry.wheelTick = NOT_LINKED;
}

/** Puts all entries of one list at the end of another. */
function moveAll(from: ListHead, to: ListHead): void {
  const first = from.wheelNext;
  const last = from.wheelPrevious;
  const before = to.wheelPrevious;
  if (first === null || last === null || before === null) return;
  before.wheelNext = first;
  first.wheelPrevious = before;
  last.wheelNext = to;
  to.wheelPrevious = last;
  from.wheelNext = from;
  from.wheelPrevious = from;
}
