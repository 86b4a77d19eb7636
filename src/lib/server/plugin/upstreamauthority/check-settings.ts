import { upstreamAuthorityChecks } from '../../../config/plugin-check/upstream-authorities.ts';
import { SpirekitError } from '../../../runtime/errors.ts';

/** Checks the settings of an upstream authority at start by the rules of `spire-server validate`. */
export function checkSettings(name: string): (data: string) => Promise<readonly string[]> {
  return async (data) => (await upstreamAuthorityChecks[name]?.(data, NOTHING_BESIDE)) ?? [];
}

/** None of these checks looks at anything but the settings. */
const NOTHING_BESIDE = {
  env: {},
  readFile: async (): Promise<never> => {
    throw new SpirekitError('internal', 'a check of settings reads no files');
  },
};
