// Makes sure that node_modules holds what package-lock.json says, and installs it if not. Runs before every npm script and from
// bin/portico, under whatever Node the machine has (20 or newer), hence plain JavaScript without dependencies.
// Invariant: when it ends with 0, `node` of node_modules/.bin or of the PATH can run Portico.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const LOCK_WAIT_MS = 300_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const wantedPath = join(root, 'package-lock.json');
/** npm writes it at the end of an installation: what really is in node_modules. */
const installedPath = join(modules, '.package-lock.json');

if (!isInstalled()) {
  withLock(() => {
    if (!isInstalled()) install();
  });
}
// The launcher only compares the times of the two files.
const now = new Date();
utimesSync(installedPath, now, now);
if (!existsSync(join(modules, '.bin', 'node')) && Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  fail(
    `there is no Node for ${process.platform}-${process.arch} among the dependencies: install Node ${OLDEST_NODE} or newer (this one is ${process.version})`,
  );
}

/**
 * True where every package of the lock file that this machine needs is there in the same version. Of the optional ones only the
 * pinned Node is asked for: the others belong to packages that are checked, and which of them fit is npm's to know.
 */
function isInstalled() {
  const wanted = readPackages(wantedPath);
  if (wanted === undefined) fail(`${wantedPath} cannot be read`);
  const installed = readPackages(installedPath);
  if (installed === undefined) return false;
  const pinnedNode = `node_modules/node-${process.platform}-${process.arch}`;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || (entry.optional === true && path !== pinnedNode)) return true;
    const found = installed[path];
    return found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  process.stderr.write('Installing dependencies, this happens once …\n');
  const [command, ...args] = npmCommand();
  // No dependency needs an install script, so none is run.
  const options = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !isInside(folder))
    .join(delimiter);
  // npm's own output must not mix with the output of what is started afterwards.
  const result = spawnSync(command, [...args, ...options], { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, PATH: path } });
  if (result.error !== undefined) fail(`npm cannot be started: ${result.error.message}`);
  if (result.status !== 0) fail('npm ci failed, see above');
}

/**
 * npm as it was started, if it was. Never under a Node inside node_modules: `npm ci` deletes that one first.
 */
function npmCommand() {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  if (npm !== undefined && node !== undefined && /npm-cli\.c?js$/.test(npm) && !isInside(node)) return [node, npm];
  return ['npm'];
}

function isInside(path) {
  return path.startsWith(modules + sep);
}

/** Two starts on a fresh clone at the same time must not install into the same folder at once. */
function withLock(action) {
  const lock = join(tmpdir(), `portico-deps-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!tryLock(lock)) {
    if (Date.now() > deadline) fail(`another installation does not end; if there is none, remove ${lock}`);
    sleep(200);
  }
  // `fail` ends the process without unwinding.
  process.on('exit', () => rmSync(lock, { recursive: true, force: true }));
  action();
}

function tryLock(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isOwnerAlive(lock)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function isOwnerAlive(lock) {
  let pid;
  try {
    pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    // Made just now, or removed just now.
    return true;
  }
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function fail(message) {
  process.stderr.write(`portico: ${message}\n`);
  process.exit(1);
}
