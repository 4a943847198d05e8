// Goes through the steps of the Dockerfile in a clean directory, without a container engine: the same copies and the same commands, for
// this machine's architecture and, as far as files go, for the other one. Then starts the result as the image would: as a user that is
// not root, from files that it may not write, and asks it for a page.
// Not tried: the base images, apt-get, and, without root, the change of user and the capability of the program file.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isInContext, parseCopy, parseDockerfile, parseEnv } from '../test/deploy/dockerfile.ts';
import type { Stage, Step } from '../test/deploy/dockerfile.ts';
import { createFreePorts } from '../test/support/free-ports.ts';

const ROOT = resolve(import.meta.dirname, '..');
const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 60_000;
const LOW_PORT = 903;
/** e_machine of the ELF header. */
const ELF_MACHINES = { amd64: 62, arm64: 183 } as const;
type Architecture = keyof typeof ELF_MACHINES;

const isRoot = process.getuid?.() === 0;
const hasSetcap = isRoot && spawnSync('setcap', ['-h']).error === undefined;
const dockerignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8');
const own: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const other: Architecture = own === 'arm64' ? 'amd64' : 'arm64';

const scratch = mkdtempSync(join(tmpdir(), 'portico-image-'));
// The unprivileged user must get through to the files.
chmodSync(scratch, 0o755);
try {
  for (const architecture of [own, other]) await check(architecture);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function check(architecture: Architecture): Promise<void> {
  const root = join(scratch, architecture);
  const [build, image] = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
  if (build === undefined || image === undefined) throw new Error('the Dockerfile has two stages');
  say(`building for linux/${architecture}`);
  runBuild(build, join(root, 'build'), architecture);
  for (const { from, sources, target } of image.steps.filter(isCopy).map(({ text }) => parseCopy(text))) {
    const [source = ''] = sources;
    if (from !== build.name) throw new Error(`the last stage copies from "${String(from)}"`);
    mkdirSync(dirname(join(root, 'image', target)), { recursive: true });
    // Unlike cpSync it keeps the capability of the program file, as an engine does.
    run('cp', '-a', join(root, 'build', source), join(root, 'image', target));
  }
  const program = join(root, 'image/portico/bin/node');
  const machine = readElfMachine(program);
  if (machine !== ELF_MACHINES[architecture]) throw new Error(`${program} is made for machine ${machine}, not for ${architecture}`);
  if (architecture === own) await tryImage(image, join(root, 'image'));
}

/** `root` takes the place of `/` of the build stage. */
function runBuild(stage: Stage, root: string, architecture: Architecture): void {
  let folder = root;
  mkdirSync(folder, { recursive: true });
  for (const { instruction, text } of stage.steps) {
    switch (instruction) {
      case 'ARG':
        break;
      case 'WORKDIR':
        folder = join(root, text);
        mkdirSync(folder, { recursive: true });
        break;
      case 'COPY':
        copyFromContext(text, root, folder);
        break;
      case 'RUN':
        if (!text.includes('apt-get')) runCommand(text, folder, architecture);
        break;
      default:
        throw new Error(`${instruction} is not known here`);
    }
  }
}

function copyFromContext(text: string, root: string, folder: string): void {
  const { sources, target } = parseCopy(text);
  const base = isAbsolute(target) ? join(root, target) : join(folder, target);
  const filter = (path: string): boolean => isInContext(dockerignore, relative(ROOT, path));
  for (const source of sources) {
    const isFolder = statSync(join(ROOT, source)).isDirectory();
    cpSync(join(ROOT, source), isFolder ? base : join(base, source), { recursive: true, filter });
  }
}

function runCommand(text: string, cwd: string, architecture: Architecture): void {
  const command = hasSetcap ? text : text.replace(/&& setcap \S+ \S+/, '');
  // The pinned Node must not be the one whose folder npm removes; npm brings its own.
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
  const env = { HOME: process.env['HOME'], PATH: path.join(':'), TARGETARCH: architecture, ...npmSettings() };
  const { status } = spawnSync('sh', ['-euc', command], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`this command of the Dockerfile failed: ${command}`);
}

/** Which registry and proxy npm goes to is the machine's business. */
function npmSettings(): NodeJS.ProcessEnv {
  const names =
    /^(npm_config_(registry|cache|cafile|userconfig|globalconfig|proxy|https_proxy)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

async function tryImage(image: Stage, root: string): Promise<void> {
  const entrypoint = toCommand(image, 'ENTRYPOINT', root);
  const env = { ...parseEnv(lastText(image, 'ENV')), NODE_COMPILE_CACHE: join(scratch, 'compile-cache'), PATH: '/usr/bin:/bin' };
  const [uid = 0, gid = 0] = lastText(image, 'USER').split(':').map(Number);
  const user = isRoot ? { uid, gid } : {};
  const [program = '', ...args] = entrypoint;
  const version = spawnSync(program, [...args, 'version'], { env, ...user, encoding: 'utf8' });
  if (version.status !== 0) throw new Error(`portico version: ${version.stderr}${String(version.error ?? '')}`);
  say(version.stdout.trim());
  const made = globSync(join(root, 'portico/compile-cache', `*-${uid}`, '*'));
  if (isRoot && made.length === 0) throw new Error(`no compiled code for user ${uid}`);

  const ports = createFreePorts(Math.random);
  // With the capability, a port of the kind that it is for.
  const http = hasSetcap ? LOW_PORT : await ports.take();
  const [https, health] = [await ports.take(), await ports.take()];
  const [command = ''] = toCommand(image, 'CMD', root);
  const flags = [
    '--bind=127.0.0.1',
    `--http-port=${http}`,
    `--https-port=${https}`,
    '--healthz-host=127.0.0.1',
    `--healthz-port=${health}`,
  ];
  const more = [`--manifests=${exampleFile()}`, '--workers=1', '--post-shutdown-grace-period=0'];
  const child = spawn(program, [...args, command, ...flags, ...more], { env, ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  try {
    await untilReady(`http://127.0.0.1:${health}/readyz`, child);
    const answer = await fetch(`http://127.0.0.1:${http}/`, { headers: { Connection: 'close' } });
    if (answer.status !== 404) throw new Error(`404 is the answer without a rule, not ${answer.status}`);
    const code = await end(child);
    if (code !== 0) throw new Error(`SIGTERM: the exit code is ${String(code)}`);
  } catch (error) {
    process.stderr.write(output);
    throw error;
  } finally {
    child.kill('SIGKILL');
  }
  const who = isRoot ? lastText(image, 'USER') : `${String(process.getuid?.())} (not root, so that it cannot be changed)`;
  say(`it starts as user ${who}, answers on port ${http}, and ends on SIGTERM`);
}

/** A manifest that everyone may read. */
function exampleFile(): string {
  const file = join(scratch, 'ingress-class.yaml');
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  };
  writeFileSync(file, JSON.stringify(object), { mode: 0o644 });
  return file;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`it is not ready: ${url} answers ${status}`);
    await sleep(50);
  }
}

async function end(child: ChildProcess): Promise<number | null> {
  const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  child.kill('SIGTERM');
  const late = sleep(END_TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error('it does not end');
  });
  return Promise.race([exit, late]);
}

function run(program: string, ...args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${String(status)}`}`);
}

function toCommand(image: Stage, instruction: string, root: string): readonly string[] {
  const words = JSON.parse(lastText(image, instruction)) as readonly string[];
  return words.map((word) => (word.startsWith('/') ? join(root, word) : word));
}

function lastText(stage: Stage, instruction: string): string {
  return stage.steps.findLast((step) => step.instruction === instruction)?.text ?? '';
}

function isCopy({ instruction }: Step): boolean {
  return instruction === 'COPY';
}

function readElfMachine(file: string): number {
  const header = Buffer.alloc(20);
  readSync(openSync(file, 'r'), header, 0, 20, 0);
  return header.readUInt16LE(18);
}

function say(line: string): void {
  process.stdout.write(`check-image: ${line}\n`);
}
