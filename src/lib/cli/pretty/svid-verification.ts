import type { SvidVerdict } from '../../inspect/svid-verification.ts';
import { escapeControls } from '../terminal-text.ts';
import { formatFindings } from './findings.ts';

/** Verdicts for people: a line each, with the reasons below. */
export function formatSvidVerdicts(verdicts: readonly SvidVerdict[]): string {
  return verdicts
    .map(({ name, isValid, spiffeId, authority, findings }) => {
      const by = authority === undefined ? '' : `, by the authority ${authority}`;
      const line = isValid ? `valid: ${name} is of ${spiffeId}${by}` : `refused: ${name}`;
      return `${escapeControls(line)}\n${formatFindings(findings)}`;
    })
    .join('');
}
