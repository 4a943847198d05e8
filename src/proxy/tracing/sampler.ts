// Whether a trace is sampled, as opentelemetry-cpp decides (sdk/trace/samplers), so that replicas of ingress-nginx and of Portico agree about
// every trace.
import type { SamplingSettings } from '../../model/policies/tracing.ts';
import type { IncomingTrace } from './incoming-trace.ts';

export type Sampler = (traceId: string, parent: IncomingTrace | undefined) => boolean;

export function compileSampler({ sampler, ratio, isParentBased }: SamplingSettings): Sampler {
  const decide = compileRoot(sampler, ratio);
  if (!isParentBased) return decide;
  return (traceId, parent) => (parent === undefined ? decide(traceId) : parent.isSampled);
}

function compileRoot(sampler: SamplingSettings['sampler'], ratio: number): (traceId: string) => boolean {
  switch (sampler) {
    case 'AlwaysOn':
      return () => true;
    case 'AlwaysOff':
      return () => false;
    case 'TraceIdRatioBased':
      return ratio <= 0 ? () => false : (traceId) => shareOf(traceId) <= ratio;
  }
}

/** The first eight bytes as a little-endian number between 0 and 1 (`CalculateThresholdFromBuffer`); 53 bits of it decide. */
function shareOf(traceId: string): number {
  let share = 0;
  for (let at = 0; at < 16; at += 2) share = (share + Number.parseInt(traceId.slice(at, at + 2), 16)) / 256;
  return share;
}
