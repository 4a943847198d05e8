// How many requests of one worker may wait at the same time for what another service says about them: an authentication service now, a
// firewall in a process of its own later. Each of them keeps its head and its client's connection, so that a service that hangs would
// otherwise take the worker with it. What becomes of those beyond the bound is for the policy to say.

export class DecisionSlots {
  #taken = 0;

  isFull(bound: number): boolean {
    return this.#taken >= bound;
  }

  /** Takes one. The result gives it back, with the decision or when the client is gone; calling it again does nothing. */
  take(): () => void {
    this.#taken++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken--;
      isTaken = false;
    };
  }
}
