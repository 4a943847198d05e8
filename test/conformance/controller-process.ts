// The program under test, started as a user would start it: its arguments, its ports, its output, its end.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { PATIENCE_MS, poll } from '../support/polling.ts';

export interface ControllerPorts {
  readonly http: number;
  readonly https: number;
  readonly health: number;
  readonly admission: number;
}

export interface ControllerOptions {
  /** The executable and what comes before the controller's own arguments. */
  readonly command: readonly string[];
  readonly sourceArgs: readonly string[];
  readonly ports: ControllerPorts;
  /** Files with the certificate of the admission webhook and its key. */
  readonly webhook: { readonly certificate: string; readonly key: string };
  /** Of the case; they come last and win. */
  readonly args: readonly string[];
}

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 30_000;

export class ControllerProcess {
  readonly ports: ControllerPorts;
  readonly args: readonly string[];
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #ending: string | undefined;

  constructor(options: ControllerOptions) {
    this.ports = options.ports;
    this.args = options.args;
    const [executable = '', ...leading] = options.command;
    const flags = [
      'serve',
      ...options.sourceArgs,
      `--http-port=${options.ports.http}`,
      `--https-port=${options.ports.https}`,
      `--healthz-port=${options.ports.health}`,
      `--validating-webhook=127.0.0.1:${options.ports.admission}`,
      `--validating-webhook-certificate=${options.webhook.certificate}`,
      `--validating-webhook-key=${options.webhook.key}`,
      '--configmap=default/controller',
      '--controller-class=k8s.io/ingress-nginx',
      '--ingress-class=nginx',
    ];
    this.#child = spawn(executable, [...leading, ...withoutOverridden(flags, options.args), ...options.args], {
      env: { ...process.env, POD_NAME: 'portico-0', POD_NAMESPACE: 'default' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#child.on('error', (error) => (this.#ending = error.message));
    this.#child.on('exit', (code, signal) => (this.#ending = signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  /** How the process ended; undefined while it runs. */
  get ending(): string | undefined {
    return this.#ending;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** The last lines that it wrote to standard error, for a report. */
  lastWords(lines: number): string {
    return this.#stderr.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Waits until the HTTP port accepts connections. Throws if the process ends before or takes too long. */
  async waitUntilListening(): Promise<void> {
    const listening = await poll({ timeoutMs: PATIENCE_MS, everyMs: 10 }, async () => {
      if (this.#ending !== undefined) return false;
      return (await accepts(this.ports.http)) ? true : undefined;
    });
    if (listening === true) return;
    const reason = this.#ending === undefined ? `not listening after ${PATIENCE_MS} ms` : `ended with ${this.#ending}`;
    throw new Error(`the controller ${reason}: ${this.lastWords(5)}`);
  }

  /** Waits until it says that it is ready, as a kubelet would. False if it does not say so in time; the checks of a case tell more. */
  async waitUntilReady(): Promise<boolean> {
    const given = this.args.find((arg) => arg.startsWith('--health-check-path='));
    const url = `http://127.0.0.1:${this.ports.health}${given === undefined ? '/healthz' : given.slice(given.indexOf('=') + 1)}`;
    const ready = await poll({ timeoutMs: READY_TIMEOUT_MS, everyMs: 5 }, async () => {
      if (this.#ending !== undefined) return false;
      return (await fetch(url, { headers: { connection: 'close' } }).then(
        (response) => response.ok,
        () => false,
      ))
        ? true
        : undefined;
    });
    return ready === true;
  }

  /** Asks it to end gracefully. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Ends it, by force if it does not go. */
  async stop(): Promise<void> {
    if (this.#ending !== undefined) return;
    this.#child.kill('SIGTERM');
    const ended = await poll({ timeoutMs: STOP_TIMEOUT_MS, everyMs: 5 }, () => (this.#ending === undefined ? undefined : true));
    if (ended === undefined) await this.kill();
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#ending !== undefined) return;
    this.#child.kill('SIGKILL');
    await poll({ timeoutMs: STOP_TIMEOUT_MS, everyMs: 5 }, () => (this.#ending === undefined ? undefined : true));
  }
}

function withoutOverridden(flags: readonly string[], args: readonly string[]): string[] {
  const given = new Set(args.map((arg) => arg.replace(/=[^]*$/, '')));
  return flags.filter((flag) => !given.has(flag.replace(/=[^]*$/, '')));
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
