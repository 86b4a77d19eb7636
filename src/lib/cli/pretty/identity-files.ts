import type { IdentityFile } from '../../svidfiles/identity-file.ts';
import { escapeControls } from '../terminal-text.ts';

/** What was written to a folder, a line for each file, or that nothing had to be. */
export function formatIdentityFiles(
  folder: string,
  files: readonly Pick<IdentityFile, 'name' | 'mode' | 'role'>[],
  isChanged: boolean,
): string {
  const place = escapeControls(folder);
  if (!isChanged) return `${place} holds these files already.\n`;
  const lines = files.map(
    ({ name, mode, role }) => `  ${mode.toString(8).padStart(4, '0')} ${escapeControls(name)} (${role})\n`,
  );
  return `Wrote to ${place}, all at one moment:\n${lines.join('')}`;
}
