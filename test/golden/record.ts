/**
 * Records golden files: `SPIRE_AGENT_BIN=... SPIRE_SERVER_BIN=... node test/golden/record.ts [WORD...]` runs the real
 * programs and writes what they print; `spirekit` files are recorded from this checkout's build. The command lines of a
 * file are kept, those that every command is tried with are added. With words, only files whose name has one of them are
 * made; `spirekit/entry` and `live/entry` need no real programs.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { findRealSpire, ours, projectRoot, run } from '../support/programs.ts';
import { formatGolden, type GoldenStep, parseGolden } from './golden-file.ts';
import { runGolden, type Starters } from './golden-run.ts';
import { LIVE_FOLDER } from './live-domain.ts';

const folder = join(projectRoot, 'test/golden');
const wanted = process.argv.slice(2);
const isOwn = (word: string): boolean => word.startsWith('spirekit/') || word.startsWith(`${LIVE_FOLDER}/`);
const isOwnOnly = wanted.length > 0 && wanted.every(isOwn);
const real = isOwnOnly ? ours : findRealSpire();
if (real === undefined) throw new Error('SPIRE_AGENT_BIN and SPIRE_SERVER_BIN have to name the real programs');
const starters: Starters = {
  'spire-agent': [real.agent],
  'spire-server': [real.server],
  spirekit: [ours.spirekit],
};

/** What every program is tried with. */
function topLines(program: 'spire-agent' | 'spire-server'): string[] {
  const groups = [...commandTable(program).keys()].flatMap((words) =>
    words
      .split(' ')
      .slice(0, -1)
      .map((_, index, all) => all.slice(0, index + 1).join(' ')),
  );
  const tries = [
    '',
    '-h',
    '-help',
    '--version',
    '-v',
    '-v run',
    'nonsense',
    '-h nonsense',
    '-x run',
    '-x',
    '--',
    'run-h',
  ];
  const groupTries = [...new Set(groups)].flatMap((group) => [group, `${group} bogus`]);
  return [...tries, ...groupTries].map((rest) => `${program} ${rest}`.trim());
}

/** What every command is tried with. */
async function commandLines(program: 'spire-agent' | 'spire-server', words: string): Promise<string[]> {
  const [executable = ''] = starters[program] ?? [];
  const help = (await run(executable, [...words.split(' '), '-h'])).stderr;
  const lines = [`${program} ${words} -h`, `${program} ${words} -nosuchflag`];
  if (help.includes('  -output ')) lines.push(`${program} ${words} -output xml`);
  if (help.includes('  -timeout ')) lines.push(`${program} ${words} -timeout banana`, `${program} ${words} -timeout`);
  if (help.includes('  -instance ')) lines.push(`${program} ${words} -instance x`);
  // These two do not end by themselves.
  const isEndless = words === 'run' || words === 'api watch';
  if (!isEndless && help.includes('  -socketPath ')) {
    lines.push(`${program} ${words} -socketPath absent.sock`, `${program} ${words} -socketPath=$DIR/absent.sock extra`);
  }
  return lines;
}

async function record(name: string, remark: string, lines: readonly string[]): Promise<void> {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) return;
  const path = join(folder, name);
  const kept = existsSync(path) ? parseGolden(readFileSync(path, 'utf8')).steps.map(({ line }) => line) : [];
  const all = [...lines, ...kept.filter((line) => !lines.includes(line))];
  const empty = all.map((line): GoldenStep => ({ line, code: 0, stdout: '', stderr: '' }));
  const steps = await runGolden({ remarks: [], steps: empty }, starters, { isLive: name.startsWith(LIVE_FOLDER) });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, formatGolden({ remarks: [remark], steps }));
  console.log(`${name}: ${steps.length} steps`);
}

for (const program of isOwnOnly ? [] : (['spire-agent', 'spire-server'] as const)) {
  const [executable = ''] = starters[program] ?? [];
  const version = (await run(executable, ['--version'])).stderr.trim();
  const remark = `Recorded from ${program} ${version}; of help texts only flags, their kinds and defaults, and command words.`;
  await record(`${program}/top-level.txt`, remark, topLines(program));
  for (const words of commandTable(program).keys()) {
    await record(`${program}/${words.replaceAll(' ', '-')}.txt`, remark, await commandLines(program, words));
  }
}
const own = 'spirekit only: recorded from the build of this checkout.';
const umbrella: Readonly<Record<string, readonly string[]>> = {
  usage: ['nonsense', 'versoin', 'entry creat', 'entry banana', '-x version', 'api validate', 'api validate --help'],
  link: ['link', 'link $DIR/absent', 'link a b', 'link --help'],
  help: [
    'help api validate jwt',
    'help entri',
    'help api validate',
    'help -nosuchflag',
    'help SPK-1020',
    'help SPK-0001',
  ],
  commands: ['commands --help', 'commands extra', 'commands --output xml'],
  version: ['version --help', 'version extra', 'version --output xml'],
  completion: [
    'completion --help',
    'completion',
    'completion tcsh',
    'completion bash',
    'completion zsh',
    'completion fish',
    'completion words -- bundle sh',
    'completion words -- entry show --output ya',
  ],
  context: [
    'context --help',
    'context list',
    'context set',
    'context set a/b --server-socket /run/a.sock',
    'context set edge --server-socket run/a.sock',
    'context set edge --server-socket /run/spire-server/private/api.sock --agent-socket unix:///run/agent.sock --use',
    'context set prod --server-addr spire.example.org:8081 --caller-svid /etc/spire/admin',
    'context set edge --server-addr spire.example.org:8081',
    'context set prod --caller-id nonsense',
    'context list',
    'context list --output pretty',
    'context list --output json',
    'context use staging',
    'context use',
    'context use prod',
    'context delete nonsense',
    'context delete prod',
    'context list --output yaml',
    'context show staging',
    'entry show --context edge --socket-path /run/b.sock',
  ],
  'dev-exec': ['dev exec --help', 'dev exec', 'dev exec --trust-domain X -- true'],
  'api-fetch-x509': [
    'api fetch x509 --socket-path absent.sock',
    'api fetch x509 -socketPath=absent.sock',
    'api fetch x509 --nosuchflag',
    'api fetch x509 extra',
  ],
};
for (const name of globSync(`${LIVE_FOLDER}/*.txt`, { cwd: folder }).sort()) {
  await record(
    name,
    'spirekit in a throwaway trust domain: recorded from the build of this checkout; words in <> stand for what differs from run to run.',
    [],
  );
}
const others = globSync('spirekit/*.txt', { cwd: folder }).map((name) => basename(name, '.txt'));
for (const [name, lines] of Object.entries({
  ...Object.fromEntries(others.map((other) => [other, []])),
  ...umbrella,
})) {
  await record(
    `spirekit/${name}.txt`,
    own,
    lines.map((line) => `spirekit ${line}`),
  );
}
