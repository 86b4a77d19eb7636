import { NOBODY, ours, run, whyNoOtherUsers } from './programs.ts';

/** Why no process can be put into namespaces of its own; undefined where it can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  const obstacle = await whyNoOtherUsers();
  if (obstacle !== undefined) return obstacle;
  const tried = await run('unshare', ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', 'true']).catch(
    () => undefined,
  );
  return tried?.code === 0 ? undefined : 'processes cannot get namespaces of their own here';
}

/** Where a caller stands: in a pid namespace of its own, and there also as root of a user namespace of its own. */
export type CallerNamespaces = 'none' | 'pid' | 'pid and user';

/** The SPIFFE IDs that a Workload API gives to a process of {@link NOBODY}; none if it is refused until the timeout. */
export async function callFromNamespaces(
  namespaces: CallerNamespaces,
  options: { readonly socketPath: string; readonly timeoutSeconds: number },
): Promise<string[]> {
  const timeout = ['-timeout', `${options.timeoutSeconds}s`, '-socketPath', options.socketPath];
  const call = [ours.agent, 'api', 'fetch', 'x509', '-output', 'json', ...timeout];
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const inNew = (...kinds: string[]): string[] => ['unshare', ...kinds, '--fork', '--kill-child'];
  const [program = '', ...args] = {
    none: [...asNobody, ...call],
    pid: [...inNew('--pid'), ...asNobody, ...call],
    'pid and user': [...asNobody, ...inNew('--user', '--map-root-user', '--pid'), ...call],
  }[namespaces];
  const made = await run(program, args, { cwd: '/' });
  if (made.code !== 0) return [];
  const answer: { svids?: { spiffe_id: string }[] }[] = [JSON.parse(made.stdout)].flat();
  return answer.flatMap(({ svids = [] }) => svids.map(({ spiffe_id }) => spiffe_id));
}
