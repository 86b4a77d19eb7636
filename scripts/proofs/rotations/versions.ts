import { createHash } from 'node:crypto';
import type { FileOwner } from '../../../src/lib/svidfiles/file-owner.ts';
import { type FilePlan, identityFiles } from '../../../src/lib/svidfiles/identity-files.ts';
import type { LayoutName } from '../../../src/lib/svidfiles/layouts/layouts.ts';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { issueWrittenIdentity } from '../written-identity.ts';

/** The modes that the writer is asked for: other than those that files have by themselves. */
export const MODES = { mode: 0o444, keyMode: 0o400 } as const;

/** Of the PKCS#12 files. */
export const PASSWORD = 'rotations';

/** Whom the files are given to, where that can be shown. */
export const OWNER: FileOwner = process.geteuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** What a reader has to know of a layout. */
export interface ExpectedFiles {
  readonly files: readonly { readonly name: string; readonly role: string; readonly mode: number }[];
  readonly owner: FileOwner;
  /** By the name of a file and the SHA-256 of its content in hex: the number of the version that it is of. */
  readonly versions: Readonly<Record<string, number>>;
}

/** Answers of the Workload API to be pushed in turn. Each identity has a root of its own, so that no two share anything. */
export async function issueVersions(count: number): Promise<X509SVIDResponse[]> {
  const versions: X509SVIDResponse[] = [];
  for (let number = 0; number < count; number += 1) versions.push((await issueWrittenIdentity(number % 2)).response);
  return versions;
}

/** What the files have to be in a layout, for each of the versions. */
export async function expectedFiles(
  layout: LayoutName,
  responses: readonly X509SVIDResponse[],
): Promise<ExpectedFiles> {
  const plan: FilePlan = {
    layout,
    choice: {},
    names: {},
    ...MODES,
    addsIntermediatesToBundle: false,
    omitsExpired: false,
    password: { password: PASSWORD, strength: 'modern' },
  };
  const versions: Record<string, number> = {};
  let files: ExpectedFiles['files'] = [];
  for (const [number, response] of responses.entries()) {
    const made = await identityFiles({ x509: parseX509Context(response) }, plan, { nowMs: Date.now() });
    files = made.map(({ name, role, mode }) => ({ name, role, mode }));
    for (const { name, data } of made) versions[versionKey(name, data)] = number;
  }
  return { files, owner: OWNER, versions };
}

/** What {@link ExpectedFiles.versions} knows a content by. */
export function versionKey(name: string, data: string | Uint8Array): string {
  return `${name} ${createHash('sha256').update(data).digest('hex')}`;
}
