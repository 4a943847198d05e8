// The files that the arguments name: found by walking directories, kept up to date by watching them. Decides which names are manifests,
// follows symbolic links (so that mounted ConfigMaps work, whose files are links through `..data`), and tells which files to look at
// again. It never reads a file. Events of fs.watch are only hints: each one leads to a look at the disk, and a walk over everything
// from time to time finds what no event told.
import { opendirSync, readdirSync, realpathSync, statSync, watch } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import type { Result } from '../../kit/result.ts';
import { fail, ok } from '../../kit/result.ts';

export interface TreeFile {
  /** Index of the argument that named it or its directory. */
  readonly argument: number;
  /** As the user would write it: the argument, and the way down from it. */
  readonly path: string;
  signature: FileSignature;
}

/** What a look at the disk tells about the content of a file without reading it. */
export interface FileSignature {
  readonly inode: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

interface TreeDirectory {
  readonly argument: number;
  readonly path: string;
  readonly realPath: string;
  readonly inode: number;
  readonly watcher: Watcher | undefined;
  /** Names of manifests and of directories in it. */
  readonly children: Set<string>;
}

interface Watcher {
  close(): void;
}

export interface TreeListener {
  /** Something happened; `takeChanges` has something to tell soon. */
  readonly onEvent: () => void;
  /** A directory cannot be watched (usually: no more inotify watches); only the walks from time to time see its changes. */
  readonly onWatchError: (path: string, error: Error) => void;
}

export interface TreeChanges {
  /** New files, and files that may have another content. */
  readonly changed: ReadonlySet<TreeFile>;
  readonly removed: ReadonlySet<TreeFile>;
}

/** Files that are looked at in one go: less than half a millisecond. */
const walkStep = 64;
const manifestName = /\.(?:ya?ml|json)$/i;

/** Hidden files and the temporary files of editors (`.x.swp`, `x.yaml~`, `#x.yaml#`, `4913`) are no manifests. */
function isManifestName(name: string): boolean {
  return manifestName.test(name) && !name.startsWith('.') && !name.startsWith('#');
}

export class FileTree {
  readonly #paths: readonly string[];
  readonly #listener: TreeListener | undefined;
  readonly #files = new Map<string, TreeFile>();
  readonly #directories = new Map<string, TreeDirectory>();
  /** Real paths of the directories, so that each is read once, whatever links lead to it. */
  readonly #realPaths = new Set<string>();
  readonly #argumentWatchers: Watcher[] = [];
  /** Paths that events named since the last `takeChanges`, and how many did. */
  readonly #hints = new Map<string, number>();
  #changed = new Set<TreeFile>();
  #removed = new Set<TreeFile>();
  /** Directories that cannot be listed, with the reason; what was found in them before stays. */
  readonly unreadable = new Map<string, string>();

  /** @param listener absent: look once and watch nothing. */
  constructor(paths: readonly string[], listener: TreeListener | undefined) {
    this.#paths = paths.map(withoutTrailingSlash);
    this.#listener = listener;
  }

  /** Finds all files. Fails, naming the argument, where one does not exist; the message is for the user. */
  open(): Result<undefined> {
    for (const path of this.#paths) {
      const stats = lookAt(path);
      if (stats === undefined) return fail(`${path}: no such file or directory`);
      if (!stats.isDirectory() && !stats.isFile()) return fail(`${path}: neither a file nor a directory`);
    }
    this.#paths.forEach((path, argument) => {
      // Watched from its directory too: a link that is pointed elsewhere, or a directory that is exchanged, tells only there.
      this.#watchArgument(path);
      this.#visitArgument(path, argument);
    });
    return ok(undefined);
  }

  close(): void {
    for (const watcher of this.#argumentWatchers) watcher.close();
    for (const directory of this.#directories.values()) directory.watcher?.close();
    this.#directories.clear();
  }

  /** Names a file to be looked at again. */
  hint(path: string): void {
    this.#hints.set(path, (this.#hints.get(path) ?? 0) + 1);
  }

  /**
   * True where other files stand in the places of those that events named, and one event told of each: nobody writes into them here, they were
   * finished elsewhere and put here whole. Those that were moved away and are written anew have two events at least; the second may still be on its
   * way when this looks, but is in the queue of events by then.
   */
  get areReplaced(): boolean {
    return this.#hints.entries().every(([path, events]) => {
      const known = this.#files.get(path);
      const stats = events === 1 && known !== undefined ? lookAt(path) : undefined;
      return stats !== undefined && stats.isFile() && stats.ino !== known?.signature.inode;
    });
  }

  /** Looks at what events named, and tells what changed since the last call. */
  takeChanges(): TreeChanges {
    for (const path of this.#hints.keys()) this.#followHint(path);
    this.#hints.clear();
    const changes = { changed: this.#changed, removed: this.#removed };
    this.#changed = new Set();
    this.#removed = new Set();
    return changes;
  }

  /**
   * Looks at everything, some dozen files a step, so that the caller can do other work in between; however long that takes, what changes
   * meanwhile is not lost.
   */
  *walk(): Generator<undefined> {
    this.#paths.forEach((path, argument) => this.#visitArgument(path, argument));
    yield;
    for (const directory of [...this.#directories.values()]) {
      if (this.#directories.get(directory.path) === directory) yield* this.#walkDirectory(directory);
    }
  }

  *#walkDirectory(directory: TreeDirectory): Generator<undefined> {
    const { path, argument } = directory;
    const listing = this.#tryToList(path, () => opendirSync(path, { bufferSize: walkStep }));
    if (listing === undefined) return;
    const listed = new Set<string>();
    try {
      for (;;) {
        const entry = this.#tryToList(path, () => listing.readSync());
        if (entry === undefined) return;
        if (entry === null) break;
        listed.add(entry.name);
        this.#visit(join(path, entry.name), argument, false);
        if (listed.size % walkStep === 0) yield;
      }
    } finally {
      listing.closeSync();
    }
    yield;
    // Those that are not listed may also have come while the listing was read.
    const missing = [...directory.children].filter((name) => !listed.has(name));
    for (const name of missing) this.#visit(join(path, name), argument, false);
    yield;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0 || this.#removed.size > 0;
  }

  #followHint(path: string): void {
    const argument = this.#paths.indexOf(path);
    if (argument !== -1) this.#visitArgument(path, argument, true);
    const directory = this.#directories.get(path);
    if (directory !== undefined) this.#readDirectory(directory);
    const parent = this.#directories.get(dirname(path));
    if (parent !== undefined) this.#visit(path, parent.argument, true);
  }

  /** A directory of the arguments that is gone is an accident: what it held stays until it is back. A file that is gone is removed. */
  #visitArgument(path: string, argument: number, isForced = false): void {
    const stats = lookAt(path);
    if (stats?.isDirectory()) this.#addDirectory(path, argument, stats, isForced);
    else if (stats?.isFile()) this.#addFile(path, argument, stats, isForced);
    else if (this.#files.has(path)) this.#drop(path);
    if (stats === undefined && this.#directories.has(path)) this.unreadable.set(path, 'no such directory');
    else if (this.unreadable.get(path) === 'no such directory') this.unreadable.delete(path);
  }

  /** @param isForced an event named the file: its content may differ even where size and time are the same. */
  #visit(path: string, argument: number, isForced: boolean): void {
    const name = basename(path);
    if (name.startsWith('.')) return;
    if (!isManifestName(name) && !this.#directories.has(path) && lookAt(path)?.isDirectory() !== true) return;
    const stats = lookAt(path);
    if (stats?.isDirectory()) this.#addDirectory(path, argument, stats, isForced);
    else if (stats?.isFile() && isManifestName(name)) this.#addFile(path, argument, stats, isForced);
    else this.#drop(path);
  }

  #addFile(path: string, argument: number, stats: Stats, isForced: boolean): void {
    if (this.#directories.has(path)) this.#drop(path);
    const signature = { inode: stats.ino, sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
    const known = this.#files.get(path);
    if (known === undefined) {
      const file = { argument, path, signature };
      this.#files.set(path, file);
      this.#changed.add(file);
    } else if (isForced || !isSameSignature(known.signature, signature)) {
      known.signature = signature;
      this.#changed.add(known);
    } else {
      return;
    }
    this.#directories.get(dirname(path))?.children.add(basename(path));
  }

  /**
   * Watches first and lists then, so that nothing is lost in between. Links that lead round in a circle end here.
   *
   * @param isForced an event named it: it may be another directory with the number of the old one, whose watcher is dead.
   */
  #addDirectory(path: string, argument: number, stats: Stats, isForced: boolean): void {
    if (this.#files.has(path)) this.#drop(path);
    const known = this.#directories.get(path);
    const realPath = realPathOf(path);
    if (realPath === undefined) return;
    if (!isForced && known?.inode === stats.ino && known.realPath === realPath) return;
    if (known?.realPath !== realPath && this.#realPaths.has(realPath)) return;
    if (known !== undefined) this.#forgetWatch(known);
    const watcher = this.#watch(path, undefined);
    const directory = { argument, path, realPath, inode: stats.ino, watcher, children: known?.children ?? new Set<string>() };
    this.#realPaths.add(realPath);
    this.#directories.set(path, directory);
    this.#directories.get(dirname(path))?.children.add(basename(path));
    this.#readDirectory(directory);
  }

  #forgetWatch(directory: TreeDirectory): void {
    directory.watcher?.close();
    this.#realPaths.delete(directory.realPath);
  }

  #readDirectory(directory: TreeDirectory): void {
    const names = this.#list(directory.path);
    if (names === undefined) return;
    this.#dropMissing(directory, names);
    for (const name of names) this.#visit(join(directory.path, name), directory.argument, false);
  }

  #list(path: string): readonly string[] | undefined {
    return this.#tryToList(path, () => readdirSync(path).toSorted());
  }

  /** Undefined where the directory cannot be listed, which is remembered until it can. */
  #tryToList<T>(path: string, list: () => T): T | undefined {
    try {
      const result = list();
      this.unreadable.delete(path);
      return result;
    } catch (error) {
      this.unreadable.set(path, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #dropMissing(directory: TreeDirectory, names: readonly string[]): void {
    const present = new Set(names);
    for (const name of [...directory.children]) if (!present.has(name)) this.#drop(join(directory.path, name));
  }

  /** Forgets a file, or a directory with everything in it. */
  #drop(path: string): void {
    this.#directories.get(dirname(path))?.children.delete(basename(path));
    const file = this.#files.get(path);
    if (file !== undefined) {
      this.#files.delete(path);
      this.#changed.delete(file);
      this.#removed.add(file);
    }
    const directory = this.#directories.get(path);
    if (directory === undefined) return;
    this.#forgetWatch(directory);
    for (const name of [...directory.children]) this.#drop(join(path, name));
    this.#directories.delete(path);
    this.unreadable.delete(path);
  }

  #watchArgument(path: string): void {
    const watcher = this.#watch(dirname(path), path);
    if (watcher !== undefined) this.#argumentWatchers.push(watcher);
  }

  /** @param only the one path in the directory that matters, and with it `..data`, through which links in mounted ConfigMaps lead. */
  #watch(directory: string, only: string | undefined): Watcher | undefined {
    const listener = this.#listener;
    if (listener === undefined) return undefined;
    const onEvent = (_: string, name: string | null): void => {
      const isWhole = name === null || name.startsWith('..');
      const path = isWhole ? (only ?? directory) : join(directory, name);
      if (only !== undefined && path !== only) return;
      if (!isWhole && !this.#mayMatter(path)) return;
      this.hint(only ?? path);
      listener.onEvent();
    };
    try {
      const watcher = watch(directory, onEvent);
      watcher.on('error', (error) => listener.onWatchError(directory, error));
      return watcher;
    } catch (error) {
      listener.onWatchError(directory, error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** Events of hidden and temporary files are let go, so that they delay nothing. Any other name may be a directory. */
  #mayMatter(path: string): boolean {
    const name = basename(path);
    return !name.startsWith('.') && !name.endsWith('~') && !name.startsWith('#');
  }
}

export function isSameSignature(left: FileSignature, right: FileSignature): boolean {
  return left.inode === right.inode && left.sizeBytes === right.sizeBytes && left.modifiedMs === right.modifiedMs;
}

function withoutTrailingSlash(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** Follows links; undefined where there is nothing, or nothing that may be looked at. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
