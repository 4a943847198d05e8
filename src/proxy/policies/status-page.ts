// The page of nginx's `stub_status`, for agents of monitoring systems that know it: connections and requests of all workers. Others than
// the addresses that the ConfigMap names get 403.
import { parseCidrSet } from '../../kit/cidr.ts';
import type { WorkerCounter } from '../../observe/worker-counters.ts';
import { workerCounter } from '../../observe/worker-counters.ts';
import type { HookCompiler } from './compile-hooks.ts';
import type { PolicyVerdict } from './policy.ts';

const FORBIDDEN: PolicyVerdict = { kind: 'refuse', code: 'PRT-ACCESS-1' };

export const compileStatusPage: HookCompiler = ({ action }, _host, { sumCounter }) => {
  if (action.kind !== 'status-page') return undefined;
  const allowed = parseCidrSet(action.allowed);
  const onRequest = ({ clientAddress }: { readonly clientAddress: string }): PolicyVerdict =>
    allowed.ok && allowed.value.contains(clientAddress)
      ? { kind: 'respond', status: 200, lines: 'Content-Type: text/plain\r\n', body: formatStatus(sumCounter) }
      : FORBIDDEN;
  return { request: [{ phase: 'host', onRequest }] };
};

/** To the byte as ngx_http_stub_status_module writes it, blanks at the ends of lines included. */
function formatStatus(sum: (counter: WorkerCounter) => number): string {
  const { connectionsNow, connectionsAccepted, connectionsHandled, requests, readingNow, writingNow, waitingNow } = workerCounter;
  return (
    `Active connections: ${sum(connectionsNow)} \n` +
    'server accepts handled requests\n' +
    ` ${sum(connectionsAccepted)} ${sum(connectionsHandled)} ${sum(requests)} \n` +
    `Reading: ${sum(readingNow)} Writing: ${sum(writingNow)} Waiting: ${sum(waitingNow)} \n`
  );
}
