import type { SpkCode } from '../../../src/lib/findings/finding.ts';
import type { WhyCase } from './case.ts';
import { type EntryWish, until, type WhyStage } from './stage.ts';

/** Processes that cases ask about, started once. */
export interface Workloads {
  /** uid and gid 2001, in the group 2500 besides; none has a name. */
  readonly plain: number;
  /** The user and group `daemon` of every system. */
  readonly daemon: number;
  /** Started by root, acting as uid and gid 2001. */
  readonly acting: number;
}

type Wishes = (stage: WhyStage) => readonly EntryWish[];

/** A case about an entry: the first of the wishes is the one at fault. */
function about(
  name: string,
  code: SpkCode,
  pid: number,
  wishes: Wishes | readonly EntryWish[],
  options: { readonly args?: (stage: WhyStage) => readonly string[]; readonly exit?: number } = {},
): WhyCase {
  return {
    name,
    code,
    ...(options.exit === undefined ? {} : { exit: options.exit }),
    prepare: async (stage) => {
      const made = typeof wishes === 'function' ? wishes(stage) : wishes;
      const ids: string[] = [];
      for (const wish of made) ids.push(await stage.register(wish));
      const prepared = { args: ['--pid', String(pid), ...(options.args?.(stage) ?? [])], entryId: ids[0] };
      if (options.exit === 0) await until(async () => (await stage.ask(prepared)).exit === 0);
      return prepared;
    },
  };
}

const one = (...selectors: string[]): EntryWish[] => [{ path: '/case/web', selectors }];

/** Selectors that nearly match; the agent does not look at programs. */
export function selectorCases({ plain, daemon, acting }: Workloads): WhyCase[] {
  return [
    about('identity there, nothing wrong', 'SPK-2001', plain, one('unix:uid:2001'), { exit: 0 }),
    about('wrong uid', 'SPK-2410', plain, one('unix:uid:2010')),
    about('wrong gid', 'SPK-2411', plain, one('unix:uid:2001', 'unix:gid:2010')),
    about('gid of a supplementary group', 'SPK-2412', plain, one('unix:uid:2001', 'unix:gid:2500')),
    about('supplementary group missing', 'SPK-2415', plain, one('unix:uid:2001', 'unix:supplementary_gid:2600')),
    about('wrong user name', 'SPK-2413', daemon, one('unix:user:deamonize')),
    about('wrong group name', 'SPK-2414', daemon, one('unix:user:daemon', 'unix:group:wheels')),
    about('user name where the user has none', 'SPK-2413', plain, one('unix:user:web')),
    about('user name in another case', 'SPK-2422', daemon, one('unix:user:Daemon')),
    about('selector type misspelled', 'SPK-2421', plain, one('unxi:uid:2001')),
    about('selector type in another case', 'SPK-2421', plain, one('Unix:uid:2001')),
    about('selector key misspelled', 'SPK-2423', plain, one('unix:uuid:2001')),
    about('selector key that does not exist', 'SPK-2423', plain, one('unix:uid:2001', 'unix:process:web')),
    about('white space before the value', 'SPK-2422', plain, one('unix:uid: 2001')),
    about('white space behind the value', 'SPK-2422', plain, one('unix:uid:2001 ')),
    about('number with a leading zero', 'SPK-2422', plain, one('unix:uid:02001')),
    about('user name in place of the uid', 'SPK-2424', daemon, one('unix:uid:daemon')),
    about('uid in place of the user name', 'SPK-2424', plain, one('unix:user:2001')),
    about('two selectors, one missing', 'SPK-2411', plain, one('unix:gid:2999', 'unix:uid:2001')),
    about('two uids at once in one entry', 'SPK-2420', plain, one('unix:uid:2001', 'unix:uid:2002')),
    about('real uid of a process that acts as another', 'SPK-2416', acting, one('unix:uid:0')),
    about('k8s selector without that attestor', 'SPK-2417', plain, one('unix:uid:2001', 'k8s:ns:prod')),
    about('docker selector without that attestor', 'SPK-2417', plain, one('docker:label:app:web', 'unix:gid:2001')),
    about('selector of nodes on a workload', 'SPK-2419', plain, one('x509pop:subject:cn:web', 'unix:uid:2001')),
    about(
      'path while the agent looks at no programs',
      'SPK-2430',
      plain,
      one('unix:uid:2001', 'unix:path:/usr/bin/sleep'),
    ),
  ];
}

/** Programs, with an agent that looks at them. */
export function programCases(pids: {
  readonly sleep: number;
  readonly sleepPath: string;
  readonly link: string;
  readonly replaced: number;
  readonly replacedPath: string;
}): WhyCase[] {
  const other = '0'.repeat(64);
  return [
    about('path of the right program', 'SPK-2001', pids.sleep, one(`unix:path:${pids.sleepPath}`), { exit: 0 }),
    about(
      'path of a symbolic link to the program',
      'SPK-2431',
      pids.sleep,
      one('unix:uid:2001', `unix:path:${pids.link}`),
    ),
    about('path of another program', 'SPK-2431', pids.sleep, one('unix:uid:2001', 'unix:path:/usr/bin/web')),
    about(
      'digest of another build',
      'SPK-2432',
      pids.sleep,
      one(`unix:path:${pids.sleepPath}`, `unix:sha256:${other}`),
    ),
    about('program replaced since its start', 'SPK-2433', pids.replaced, one(`unix:path:${pids.replacedPath}`)),
  ];
}

/** Entries whose selectors match and that do not reach the agent, or are not served. */
export function parentCases({ plain }: Workloads, nowSeconds: number): WhyCase[] {
  const matching = { path: '/case/web', selectors: ['unix:uid:2001'] };
  return [
    about('parent is another agent', 'SPK-2440', plain, (stage) => [{ ...matching, parent: stage.otherAgent }]),
    about('parent is an agent that is gone', 'SPK-2441', plain, [
      { ...matching, parent: '/spire/agent/join_token/gone' },
    ]),
    about('parent that nothing has', 'SPK-2442', plain, [{ ...matching, parent: '/hosts' }]),
    about('parent is an alias that does not fit', 'SPK-2448', plain, [
      { ...matching, parent: '/case/rack' },
      { path: '/case/rack', selectors: ['x509pop:subject:cn:rack-7'], parent: '/spire/server' },
    ]),
    about('parent is the server (made with -node)', 'SPK-2443', plain, [{ ...matching, parent: '/spire/server' }]),
    about('parent is a workload of another agent', 'SPK-2444', plain, (stage) => [
      { ...matching, parent: '/case/pod' },
      { path: '/case/pod', selectors: ['unix:uid:7'], parent: stage.otherAgent },
    ]),
    about('parents in a circle', 'SPK-2445', plain, [
      { ...matching, parent: '/case/b' },
      { path: '/case/b', selectors: ['unix:uid:7'], parent: '/case/web' },
    ]),
    about('parent expired', 'SPK-2447', plain, [
      { ...matching, parent: '/case/pod' },
      { path: '/case/pod', selectors: ['unix:uid:7'], more: { expiresAt: BigInt(nowSeconds - 60) } },
    ]),
    about('entry expired', 'SPK-2450', plain, [{ ...matching, more: { expiresAt: BigInt(nowSeconds - 60) } }]),
    about('entry for an SVIDStore', 'SPK-2451', plain, [{ ...matching, more: { storeSvid: true } }]),
    about(
      'hint used by an older entry',
      'SPK-2452',
      plain,
      [
        { ...matching, more: { hint: 'db', id: 'case-younger' } },
        { path: '/case/older', selectors: ['unix:gid:2001'], more: { hint: 'db', id: 'case-aaa' } },
      ],
      { args: (stage) => ['--spiffe-id', stage.id('/case/web')] },
    ),
    about(
      'bundle of a federated trust domain empty',
      'SPK-2002',
      plain,
      [{ ...matching, more: { federatesWith: ['empty.test'] } }],
      { exit: 0 },
    ),
    about('downstream entry', 'SPK-2001', plain, [{ ...matching, more: { downstream: true } }], { exit: 0 }),
    about(
      'SPIFFE ID on another node only',
      'SPK-2440',
      plain,
      (stage) => [
        { ...matching, parent: stage.otherAgent },
        { path: '/case/near', selectors: ['unix:uid:2001', 'unix:gid:9'] },
      ],
      { args: (stage) => ['--spiffe-id', stage.id('/case/web')] },
    ),
  ];
}
