// The exporter of spans as the controller uses it: what it tells the log, and the attributes of this replica.
import type { Logger } from 'pino';
import { SpanExporter } from '../observe/tracing/span-exporter.ts';
import { readOwnPod } from './own-pod.ts';

export function createSpanExporter(version: string, log: Logger): SpanExporter {
  const { namespace, name: pod } = readOwnPod(process.env);
  return new SpanExporter({
    version,
    resource: { ...(namespace !== '' && { 'k8s.namespace.name': namespace }), ...(pod !== '' && { 'k8s.pod.name': pod }) },
    onFailure: (collector, reason) => log.warn({ collector, reason }, 'spans cannot be exported for now'),
    onRecovery: (collector) => log.info({ collector }, 'spans are exported again'),
  });
}
