import { AGENT_EXPLANATIONS } from './agent-explanations.ts';
import { AUTHORITY_EXPLANATIONS } from './authority-explanations.ts';
import { DOCTOR_EXPLANATIONS } from './doctor-explanations.ts';
import { ENTRY_EXPLANATIONS } from './entry-explanations.ts';
import { ERROR_EXPLANATIONS } from './error-explanations.ts';
import type { Explanation } from './explanation.ts';
import { FEDERATION_EXPLANATIONS } from './federation-explanations.ts';
import { INSPECT_EXPLANATIONS } from './inspect-explanations.ts';
import { MTLS_EXPLANATIONS } from './mtls-explanations.ts';
import { WATCH_EXPLANATIONS } from './watch-explanations.ts';
import { WHY_EXPLANATIONS } from './why-explanations.ts';

/**
 * Every code there is, by number: 1xxx errors (`error-explanations.ts`), 2xxx `why`, 3xxx `svid`, `bundle` and `expiry`,
 * 4xxx `doctor`, 5xxx `entry lint`, 6xxx authorities, federation and agents, 7xxx `api watch` and files, 8xxx `mtls`.
 * Each area has a table of its own beside this file.
 */
export const EXPLANATIONS: readonly Explanation[] = [
  ...ERROR_EXPLANATIONS,
  ...AGENT_EXPLANATIONS,
  ...FEDERATION_EXPLANATIONS,
  ...WHY_EXPLANATIONS,
  ...DOCTOR_EXPLANATIONS,
  ...INSPECT_EXPLANATIONS,
  ...AUTHORITY_EXPLANATIONS,
  ...MTLS_EXPLANATIONS,
  ...WATCH_EXPLANATIONS,
  ...ENTRY_EXPLANATIONS,
];

/** @param text as a person types it: `SPK-1003`, `spk-1003`, `1003` */
export function findExplanation(text: string): Explanation | undefined {
  const number = /^(?:spk-?)?(\d{4})$/i.exec(text)?.[1];
  return EXPLANATIONS.find(({ code }) => code === `SPK-${number}`);
}
