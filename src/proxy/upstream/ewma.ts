// Exponentially weighted moving averages of response times, as ingress-nginx's balancer `ewma`: of two endpoints chosen by chance the one
// with the lower average is taken. An average fades with time, so that an endpoint that was slow once is tried again.
import type { Balancer } from './balancer.ts';
import type { UpstreamEndpoint } from './upstream-group.ts';

/** After this time an old average counts 1/e. */
const DECAY_MS = 10_000;

/**
 * How often the slower of the two is taken all the same. Without it an endpoint whose first answer was slow by accident (a cold start) is
 * shunned for half a minute; ingress-nginx has the same fault.
 */
const SECOND_CHANCE = 0.08;

interface Score {
  seconds: number;
  atMs: number;
}

export class EwmaBalancer implements Balancer {
  readonly #random: () => number;
  #endpoints: readonly UpstreamEndpoint[] = [];
  #scores = new Map<UpstreamEndpoint, Score>();

  /** `random` in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** New endpoints start with the average of the others, so that they are neither flooded nor shunned. */
  setEndpoints(endpoints: readonly UpstreamEndpoint[]): void {
    const before = this.#scores;
    const kept = endpoints.flatMap((endpoint) => before.get(endpoint) ?? []);
    const average = kept.length === 0 ? 0 : kept.reduce((sum, { seconds }) => sum + seconds, 0) / kept.length;
    const atMs = Math.max(0, ...kept.map((score) => score.atMs));
    this.#scores = new Map(endpoints.map((endpoint) => [endpoint, before.get(endpoint) ?? { seconds: average, atMs }]));
    this.#endpoints = endpoints;
  }

  readonly pick = (tried: readonly UpstreamEndpoint[], nowMs: number): UpstreamEndpoint | undefined => {
    const usable = tried.length === 0 ? this.#endpoints : this.#endpoints.filter((endpoint) => !tried.includes(endpoint));
    const candidates = usable.length === 0 ? this.#endpoints : usable;
    const count = candidates.length;
    const first = Math.floor(this.#random() * count);
    if (count < 2) return candidates[first];
    const a = candidates[first];
    const b = candidates[(first + 1 + Math.floor(this.#random() * (count - 1))) % count];
    if (a === undefined || b === undefined) return a ?? b;
    if (a.isEjected(nowMs) !== b.isEjected(nowMs)) return a.isEjected(nowMs) ? b : a;
    const isFirstFaster = this.#scoreOf(a, nowMs) <= this.#scoreOf(b, nowMs);
    const takesSlower = this.#random() >= 1 - SECOND_CHANCE;
    return isFirstFaster === takesSlower ? b : a;
  };

  onAnswer(endpoint: UpstreamEndpoint, seconds: number, nowMs: number): void {
    const score = this.#scores.get(endpoint);
    if (score === undefined) return;
    const weight = fading(score, nowMs);
    score.seconds = score.seconds * weight + seconds * (1 - weight);
    score.atMs = nowMs;
  }

  #scoreOf(endpoint: UpstreamEndpoint, nowMs: number): number {
    const score = this.#scores.get(endpoint);
    return score === undefined ? 0 : score.seconds * fading(score, nowMs);
  }
}

function fading({ atMs }: Score, nowMs: number): number {
  return Math.exp(-Math.max(0, nowMs - atMs) / DECAY_MS);
}
