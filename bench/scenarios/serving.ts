// Bringing a target to the point where measuring it means something: started, answering through every host that will be used, and adding the
// headers that all targets must add, so that none is fast because it does less.
import { probe } from '../load/probe.ts';
import type { RunningTarget } from '../targets/target.ts';
import { waitFor } from '../wait.ts';
import { addedHeaders, browserHeaders, responsePaths, secureHost, smallBody } from '../workload.ts';
import { prepareSubject } from './scenario.ts';
import type { Bench, Subject } from './scenario.ts';

const startTimeoutMs = 120_000;

/** Starts the target of a subject and checks that it does the same work as the others. Throws, with the target stopped, if not. */
export async function startServing(bench: Bench, subject: Subject, hosts: readonly string[]): Promise<RunningTarget> {
  const prepared = await prepareSubject(bench, subject);
  const running = prepared.start();
  try {
    await waitUntilServing(running, hosts, { headers: subject.headers ?? {} });
    if (subject.setup.backendPort === bench.backends.mainPort) {
      await checkAddedHeaders(running, hosts, subject.headers ?? {});
    }
    return running;
  } catch (error) {
    await running.process.stop();
    throw error;
  }
}

interface WaitOptions {
  readonly pollMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Waits until the target says that it is ready and every host answers from the backend, over TLS too. */
export async function waitUntilServing(
  running: RunningTarget,
  hosts: readonly string[],
  { pollMs = 20, headers = {} }: WaitOptions = {},
): Promise<void> {
  const checks = hosts.map((host) => ({ port: running.httpPort, host, path: responsePaths.small, secure: false, headers }));
  checks.push({ port: running.httpsPort, host: secureHost, path: responsePaths.small, secure: true, headers });
  await waitFor({ what: 'it', timeoutMs: startTimeoutMs, pollMs, process: running.process, check: () => running.isReady() });
  for (const request of checks) {
    const check = async (): Promise<boolean> => {
      const { status, body } = await probe(request);
      return status === 200 && body === smallBody;
    };
    const what = `https:// or http://${request.host}:${request.port}${request.path}`;
    await waitFor({ what, timeoutMs: 20_000, pollMs, process: running.process, check });
  }
}

async function checkAddedHeaders(running: RunningTarget, hosts: readonly string[], more: Readonly<Record<string, string>>): Promise<void> {
  const [host = ''] = hosts;
  const { body } = await probe({
    port: running.httpPort,
    host,
    path: responsePaths.receivedHeaders,
    headers: { ...browserHeaders, ...more },
  });
  const missing = addedHeaders.filter((name) => !new RegExp(`${name}=[^;]+;`).test(body));
  if (missing.length > 0) {
    throw new Error(`the backend did not receive ${missing.join(', ')}, so the comparison would be unfair; it received ${body}`);
  }
}
