import { rmSync } from 'node:fs';
import { KIT_VARIABLE, makeKitFolder } from './postgres-kit.ts';

/** Gives the tests of one run a folder in which the first that needs PostgreSQL prepares it for all. */
export function setup(): () => void {
  const folder = makeKitFolder();
  process.env[KIT_VARIABLE] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
