/**
 * Builds what the programs run into `dist/`: one file for each program, and the commands' metadata for oclif.
 * With `--declarations`, and for `npm pack`, it also writes the type declarations of the public entry points.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import type { CommandClass } from '../src/lib/cli/command-class.ts';
import { commandTable } from '../src/lib/cli/command-table.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** Where the bundle grows; it takes the place of the old one when it is whole. */
const fresh = join(root, `dist-${process.pid}`);

const PROGRAMS = ['spirekit', 'spire-agent', 'spire-server'] as const;

/** What all bundles have in common. Packages with native code, and those that are large and rarely needed, stay outside. */
const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22.13',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  external: ['@oclif/core', 'koffi'],
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;

/** The public subpaths of the package. */
const LIBRARIES = [
  'src/lib/spiffe/index.ts',
  'src/lib/workloadapi/index.ts',
  'src/lib/client/index.ts',
  'src/lib/plugin/index.ts',
];

const commandFiles = globSync('src/commands/**/*.ts', { cwd: root });

/** Commands that bring the daemons or their configuration with them, which would make every other command start slower. */
const HEAVY_COMMANDS = /src\/commands\/(dev\/.*|server\/datastore\/.*|(agent|server)\/(run|validate))\.ts$/;

/** What only the umbrella prints; the drop-ins refuse to. */
const UMBRELLA_FORMATS = /src\/lib\/cli\/(names|table|template-output|yaml)\.ts$/;

/** Leaves out of a bundle what its program never asks for: the less there is to read, the sooner it starts. */
function without(isLeftOut: (path: string) => boolean): Plugin {
  return {
    name: 'without',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(root, path);
        return isLeftOut(file)
          ? { contents: `throw new Error(${JSON.stringify(`${file} is not in this bundle`)});` }
          : null;
      });
    },
  };
}

/** What few need has a bundle of its own, beside the programs: what servers on AWS load, and what people are told of sockets. */
const ASIDE: Readonly<Record<string, string>> = {
  'src/lib/server/aws/aws-sdk.ts': 'aws-sdk.cjs',
  'src/lib/cli/drop-in-hint.ts': 'drop-in-hint.cjs',
};

/** Leaves {@link ASIDE} to their own bundles, which lie in that folder as seen from whoever loads them. */
function aside(folder: string): Plugin {
  return {
    name: 'aside',
    setup(builder) {
      builder.onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
        const bundle = kind === 'dynamic-import' ? ASIDE[relative(root, join(resolveDir, path))] : undefined;
        return bundle === undefined ? null : { path: `${folder}/${bundle}`, external: true };
      });
    },
  };
}

/** Whether a program can do without a file. */
function isForeign(program: (typeof PROGRAMS)[number], file: string): boolean {
  if (program === 'spirekit') return false;
  const commands = [...commandTable(program).values()].map((path) => `src/commands/${path}.ts`);
  return UMBRELLA_FORMATS.test(file) || (file.startsWith('src/commands/') && !commands.includes(file));
}

/**
 * What only the umbrella and flags that are not SPIRE's load, such as what reaches servers over the network. The bundles
 * that drop-ins start with have not got it: with such a flag the start file takes the one that has.
 */
const EXTENSIONS =
  /src\/lib\/(cli\/(entry-wait|layout-files|patience|remote-server)\.ts$|cli\/(discovery|keeping|move)\/|(findings|svidfiles|supervise|desiredentries|why|inspect|mtls|doctor|recording|rotation|federating|overview)\/)/;

/** The commands that scripts call most: each gets a bundle with nothing else in it. */
const HOT_COMMANDS: Readonly<Record<(typeof PROGRAMS)[number], readonly string[]>> = {
  // These two stay for as long as a service does: what they do not need would take room.
  spirekit: ['api watch', 'exec'],
  'spire-agent': ['api fetch', 'api fetch x509', 'api fetch jwt', 'api validate jwt', 'healthcheck'],
  'spire-server': ['bundle show', 'entry create', 'entry show', 'healthcheck', 'token generate'],
};

/** The entry point of a bundle for one command, as source text. */
function hotEntry(program: (typeof PROGRAMS)[number], path: string): string {
  const isUmbrella = program === 'spirekit';
  const call = isUmbrella ? 'runUmbrella(' : `runDropIn('${program}', `;
  return `
    import Command from './src/commands/${path}.ts';
    import { ${isUmbrella ? 'runUmbrella' : 'runDropIn'} } from './src/lib/cli/${isUmbrella ? 'umbrella' : 'drop-in'}.ts';
    import { finishProcess, processIo } from './src/lib/cli/process-exit.ts';
    const commands = { load: async () => Command, summaryOf: async () => '' };
    void finishProcess(${call}process.argv.slice(2), commands, { io: processIo() }));`;
}

/** The path of the command that hot words lead to; some words lead to the same one. */
function hotPath(program: (typeof PROGRAMS)[number], words: string): string {
  const path = commandTable(program).get(words);
  if (path === undefined) throw new Error(`${program} has no command ${words}`);
  return path;
}

/** The name of a hot command's bundle. */
function hotFile(program: (typeof PROGRAMS)[number], path: string): string {
  return `${program}.${path.replaceAll('/', '-')}.cjs`;
}

/** The flags of a drop-in's commands that are not SPIRE's; of the umbrella none, which has one bundle for them all. */
interface ExtensionFlags {
  readonly names: readonly string[];
  /** By the words of commands: those of the names that are SPIRE's there. */
  readonly exceptions: Readonly<Record<string, readonly string[]>>;
}

async function extensionFlags(program: (typeof PROGRAMS)[number]): Promise<ExtensionFlags> {
  if (program === 'spirekit') return { names: [], exceptions: {} };
  const names = new Set<string>();
  const spires = new Map<string, string[]>();
  for (const [words, path] of commandTable(program)) {
    const { goFlags } = await loadCommandClass(`src/commands/${path}.ts`);
    for (const [name, { isExtension }] of Object.entries(goFlags)) {
      if (isExtension) names.add(name);
      else spires.set(words, [...(spires.get(words) ?? []), name]);
    }
  }
  const exceptions = [...spires].map(([words, own]) => [words, own.filter((name) => names.has(name))] as const);
  return { names: [...names].sort(), exceptions: Object.fromEntries(exceptions.filter(([, own]) => own.length > 0)) };
}

async function loadCommandClass(file: string): Promise<CommandClass> {
  const module: { default: CommandClass } = await import(pathToFileURL(join(root, file)).href);
  return module.default;
}

/**
 * Each program as CommonJS files, which load faster than modules: one with everything, one with the commands that talk to
 * a daemon, of the drop-ins one of these with SPIRE's flags alone and one for each command that must start fastest; and the
 * small file that starts the right one. The server's signing threads run a file of their own, and what lies aside has one. Resolves with what the last is made of: all else that is in
 * the programs is in the modules too.
 */
async function bundlePrograms(): Promise<readonly Metafile[]> {
  const define = {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    COMMAND_SUMMARIES: JSON.stringify(await readSummaries()),
  };
  const cjs = { ...COMMON, format: 'cjs' } as const;
  await build({
    ...cjs,
    entryPoints: ['src/lib/server/ca/signing-thread.ts'],
    outfile: join(fresh, 'main', 'signing-thread.cjs'),
  });
  const metafiles: Metafile[] = [];
  for (const [file, bundle] of Object.entries(ASIDE)) {
    const { metafile } = await build({ ...cjs, entryPoints: [file], outfile: join(fresh, 'main', bundle) });
    metafiles.push(metafile);
  }
  for (const program of PROGRAMS) {
    const entry = `src/main/${program}.ts`;
    await build({
      ...cjs,
      entryPoints: [entry],
      outfile: join(fresh, 'main', `${program}.full.cjs`),
      define,
      plugins: [without((file) => isForeign(program, file)), aside('.')],
    });
    await build({
      ...cjs,
      entryPoints: [entry],
      outfile: join(fresh, 'main', `${program}.extended.cjs`),
      define,
      plugins: [without((file) => isForeign(program, file) || HEAVY_COMMANDS.test(file)), aside('.')],
    });
    if (program !== 'spirekit') {
      await build({
        ...cjs,
        entryPoints: [entry],
        outfile: join(fresh, 'main', `${program}.client.cjs`),
        define,
        plugins: [
          without((file) => isForeign(program, file) || HEAVY_COMMANDS.test(file) || EXTENSIONS.test(file)),
          aside('.'),
        ],
      });
    }
    const hot = HOT_COMMANDS[program].map((words) => [words, hotPath(program, words)] as const);
    for (const path of new Set(hot.map(([, path]) => path))) {
      await build({
        ...cjs,
        stdin: { contents: hotEntry(program, path), resolveDir: root, loader: 'ts' },
        keepNames: false,
        outfile: join(fresh, 'main', hotFile(program, path)),
        define: { ...define, COMMAND_SUMMARIES: '{}' },
        plugins: [
          without((name) => program !== 'spirekit' && (UMBRELLA_FORMATS.test(name) || EXTENSIONS.test(name))),
          aside('.'),
        ],
      });
    }
    const hotFiles = Object.fromEntries(hot.map(([words, path]) => [words, hotFile(program, path)]));
    await build({
      ...cjs,
      entryPoints: ['src/main/start.ts'],
      outfile: join(fresh, 'main', `${program}.cjs`),
      define: {
        PROGRAM: JSON.stringify(program),
        HOT_COMMANDS: JSON.stringify(hotFiles),
        EXTENSION_FLAGS: JSON.stringify(await extensionFlags(program)),
      },
      target: 'node14',
    });
  }
  return metafiles;
}

/**
 * As modules with shared chunks: the commands, whose metadata oclif reads for help and lists, and the libraries that other
 * packages may import.
 */
async function bundleModules(): Promise<Metafile> {
  const name = (file: string): string => relative('src', file).replace(/\.ts$/, '');
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [...commandFiles, ...LIBRARIES].map((file) => ({ in: file, out: name(file) })),
    outdir: fresh,
    splitting: true,
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [aside('../main')],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return metafile;
}

/**
 * What the packages that are inside the bundles want to travel with them: their licences for people, their versions for the
 * list of parts of a release.
 */
function writeBundledPackages(...metafiles: readonly Metafile[]): void {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const names = inputs.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  const packages = [...new Set(names)].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = globSync('{LICENSE,LICENCE,License,license}*', { cwd: folder })[0];
    const manifest: { license?: string; version: string } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const text = file === undefined ? `Licence: ${manifest.license}` : readFileSync(join(folder, file), 'utf8').trim();
    return { name, version: manifest.version, text };
  });
  const licences = packages.map(({ name, text }) => `${name}\n${'='.repeat(name.length)}\n\n${text}\n`);
  writeFileSync(join(fresh, 'LICENSES.txt'), licences.join('\n\n'));
  const list = packages.map(({ name, version }) => ({ name, version }));
  writeFileSync(join(fresh, 'bundled.json'), `${JSON.stringify(list, null, 2)}\n`);
}

/** The one-sentence summary of each command, by the path of its file. */
async function readSummaries(): Promise<Record<string, string>> {
  const summaries: Record<string, string> = {};
  for (const file of commandFiles) {
    summaries[relative('src/commands', file).replace(/\.ts$/, '')] = (await loadCommandClass(file)).summary;
  }
  return summaries;
}

/** Whether a `.proto` file has changed since the code was generated, as after an update of the checkout. */
function isWireOld(): boolean {
  const generated = statSync(join(root, 'src/lib/wire/gen/descriptors.ts'), { throwIfNoEntry: false });
  if (generated === undefined) return true;
  const sources = [...globSync('proto/**/*.proto', { cwd: root }), 'scripts/generate-wire.ts'];
  return sources.some((file) => statSync(join(root, file)).mtimeMs > generated.mtimeMs);
}

if (isWireOld() || process.argv.includes('--generate')) {
  run(process.execPath, ['scripts/generate-wire.ts']);
}
writeBundledPackages(await bundleModules(), ...(await bundlePrograms()));
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(fresh, join(root, 'dist'));
const isPacking = ['pack', 'publish'].includes(process.env['npm_command'] ?? '');
if (isPacking || process.argv.includes('--declarations')) {
  run('tsc', ['-p', 'tsconfig.build.json']);
}
