/**
 * The first file of every program: shuts the debugger, refuses a Node that is too old in one line, turns the compile cache
 * on where that is safe, and only then loads the program. It uses nothing that an old Node cannot parse.
 */
import fs from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';

/** Filled in by the build: `spire-agent`, `spire-server` or `spirekit`. */
declare const PROGRAM: string;
/** Filled in by the build: the words of commands that have a bundle of their own, with its file name. */
declare const HOT_COMMANDS: Readonly<Record<string, string>>;
/** Filled in by the build: flags of a drop-in that are not SPIRE's, but for those of a command's words that are. */
declare const EXTENSION_FLAGS: {
  readonly names: readonly string[];
  readonly exceptions: Readonly<Record<string, readonly string[]>>;
};
/** This file is bundled to CommonJS, which starts faster than a module does. */
declare const require: (file: string) => unknown;

const OLDEST_NODE = [22, 13];

function isTooOld(version: string): boolean {
  const parts = version.split('.').map(Number);
  const major = parts[0] ?? 0;
  const minor = parts[1] ?? 0;
  return major < (OLDEST_NODE[0] ?? 0) || (major === OLDEST_NODE[0] && minor < (OLDEST_NODE[1] ?? 0));
}

/** Whether the command line may name a command that only the full bundle has. Asking for too much only costs time. */
function needsFullBundle(args: readonly string[]): boolean {
  // What stands behind them is a command of others, or for completion one of ours.
  const dashes = args[0] === 'completion' ? -1 : args.indexOf('--');
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const isNamed = (word: string): boolean => own.indexOf(word) >= 0;
  return isNamed('run') || isNamed('dev') || isNamed('datastore') || (isNamed('validate') && !isNamed('api'));
}

/**
 * The file to load for a command line. Drop-ins have what SPIRE's flags do not need in a bundle of its own. Help needs to
 * know of other commands, so no bundle of one command has it.
 */
function bundleFor(args: readonly string[]): string {
  if (needsFullBundle(args)) return `${PROGRAM}.full.cjs`;
  const names = args.filter((arg) => arg.charAt(0) === '-').map((arg) => arg.replace(/^--?|=.*$/gs, ''));
  const firstFlag = args.findIndex((arg) => arg.charAt(0) === '-');
  const words = (firstFlag < 0 ? args : args.slice(0, firstFlag)).join(' ');
  const spires = Object.hasOwn(EXTENSION_FLAGS.exceptions, words) ? EXTENSION_FLAGS.exceptions[words] : undefined;
  const isExtension = (name: string): boolean => EXTENSION_FLAGS.names.includes(name) && !spires?.includes(name);
  if (PROGRAM !== 'spirekit' && names.some(isExtension)) return `${PROGRAM}.extended.cjs`;
  const isHelp = names.some((name) => ['h', 'help', 'v', 'version'].includes(name));
  const hot = isHelp || !Object.hasOwn(HOT_COMMANDS, words) ? undefined : HOT_COMMANDS[words];
  return hot ?? `${PROGRAM}.${PROGRAM === 'spirekit' ? 'extended' : 'client'}.cjs`;
}

/**
 * The folder of the compile cache beside the package: whoever can write there decides what this program does, and Node
 * looks at no owner. It must belong to the user who runs this and be closed to all others, and so must all that is in
 * it, which somebody may have left there while it was open. Who can put another folder in its place can do so with the
 * program as well. Made where the package is the user's own.
 */
function findCacheFolder(): string | undefined {
  if (process.getuid === undefined) return undefined;
  const uid = process.getuid();
  const root = path.join(__dirname, '..', '..');
  // The umbrella loads hundreds of files, which the drop-ins, whose folder is looked at file by file too, do not wait for.
  const folder = path.join(root, PROGRAM === 'spirekit' ? '.cache-umbrella' : '.cache');
  try {
    if (!fs.existsSync(folder) && fs.lstatSync(root).uid === uid) fs.mkdirSync(folder, { mode: 0o700 });
    return (fs.lstatSync(folder).mode & 0o077) === 0 && isOwn(folder, uid, CACHE_LEVELS) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** The folder, in it one for each version of Node. */
const CACHE_LEVELS = 2;

/** Whether a file, or a folder of at most so many levels with all that is in it, is the user's own work. */
function isOwn(file: string, uid: number, levels: number): boolean {
  const stats = fs.lstatSync(file);
  if (stats.uid !== uid) return false;
  if (stats.isFile()) return levels < CACHE_LEVELS && (stats.mode & 0o022) === 0 && stats.nlink === 1;
  return (
    stats.isDirectory() &&
    levels > 0 &&
    fs.readdirSync(file).every((name) => isOwn(path.join(file, name), uid, levels - 1))
  );
}

// Any user's debugger could read the keys of this process: by default Node opens one on SIGUSR1. The launchers leave it
// no place to listen; this is for whoever starts this file without them.
if (process.execArgv.indexOf('--disable-sigusr1') < 0) process.on('SIGUSR1', () => {});

if (isTooOld(process.versions.node)) {
  process.stderr.write(
    `${PROGRAM} needs Node ${OLDEST_NODE.join('.')} or later; this is Node ${process.versions.node} (${process.execPath})\n`,
  );
  process.exitCode = 1;
} else {
  const args = process.argv.slice(2);
  // Daemons live long enough to do without the cache.
  const folder = needsFullBundle(args) ? undefined : findCacheFolder();
  if (folder !== undefined) nodeModule.enableCompileCache(folder);
  require(path.join(__dirname, bundleFor(args)));
}
