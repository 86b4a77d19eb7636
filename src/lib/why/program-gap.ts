import { basename } from 'node:path';
import { formatSelector, type Selector } from '../spiffe/selector.ts';
import type { Have } from './have.ts';
import type { Obstacle } from './obstacle.ts';
import { kindOf, valueAfterKind } from './subject.ts';

/** What the kernel writes behind the path of a program whose file was removed or replaced. */
const DELETED = ' (deleted)';

/** Why a selector of the program itself, `unix:path` or `unix:sha256`, is not met; undefined for any other. */
export function findProgramGap(selector: Selector, { subject, settings }: Have): Obstacle | undefined {
  const kind = kindOf(selector);
  if (kind !== 'unix:path' && kind !== 'unix:sha256') return undefined;
  const shown = formatSelector(selector);
  const own = [...subject.programSelectors, ...subject.selectors].find((each) => kindOf(each) === kind);
  if (subject.unseenKinds.has(kind) || (subject.kind !== 'selectors' && subject.process?.program === undefined)) {
    return {
      code: 'SPK-2425',
      message: `demands ${shown}, and the program of ${subject.name} cannot be looked at from here`,
      cost: 0.3,
      selector,
      remedy: 'Ask with `--pid PID`, as the user of that process or as root.',
    };
  }
  if (settings?.attestors.has('unix') && !settings.discoversPath) {
    const fits = own !== undefined && formatSelector(own) === shown;
    return {
      code: 'SPK-2430',
      message: `demands ${shown}, and the agent looks at no programs: discover_workload_path is off`,
      cost: fits ? 0.05 : 0.5,
      selector,
      remedy: `Set \`discover_workload_path = true\` in the plugin_data of WorkloadAttestor "unix" (${settings.source}) and restart the agent.`,
    };
  }
  if (own === undefined) {
    return {
      code: 'SPK-2425',
      message: `demands ${shown}, which is not known of ${subject.name}`,
      cost: 0.6,
      selector,
    };
  }
  if (formatSelector(own) === shown) {
    return {
      code: 'SPK-2430',
      message: `demands ${shown}, which an agent sees only with discover_workload_path`,
      cost: 0.05,
      selector,
      remedy:
        'Set `discover_workload_path = true` in the plugin_data of WorkloadAttestor "unix" of the agent and restart it.',
    };
  }
  const change = { kind: 'selector', from: selector, to: own } as const;
  const asked = subject.isCaller ? { remedy: 'Ask about the process that is meant: `spirekit why --pid PID`.' } : {};
  if (kind === 'unix:sha256') {
    return {
      code: 'SPK-2432',
      message: `demands ${short(shown)}, and the program that runs has ${short(formatSelector(own))}: another build, or the file was changed`,
      cost: 0.4,
      selector,
      change,
      ...asked,
    };
  }
  const [wanted, runs] = [valueAfterKind(selector), valueAfterKind(own)];
  if (runs === `${wanted}${DELETED}`) {
    return {
      code: 'SPK-2433',
      message: `demands ${shown}, and that file was removed or replaced after the process had started`,
      cost: 0.1,
      selector,
      remedy: 'Start the process anew: it then runs the file that is there now.',
    };
  }
  const isAlike = basename(wanted) === basename(runs);
  return {
    code: 'SPK-2431',
    message: `demands ${shown}, and the process runs ${runs}: agents see the file itself, behind symbolic links and interpreters`,
    cost: isAlike ? 0.3 : 0.7,
    selector,
    change,
    ...asked,
  };
}

/** Digests are told apart by their beginning. */
function short(selector: string): string {
  return selector.length > 30 ? `${selector.slice(0, 24)}...` : selector;
}
