import type { Clock } from '../runtime/clock.ts';
import type { X509SVIDResponse } from '../wire/gen/workload.ts';
import { chooseIdentity } from '../workloadapi/choose-identity.ts';
import type { WorkloadApiClient, WorkloadCallOptions } from '../workloadapi/client.ts';
import { parseX509Context } from '../workloadapi/x509-context.ts';
import type { FileRequest } from './file-request.ts';
import type { IdentityContents } from './identity-contents.ts';
import type { IdentityFile } from './identity-file.ts';
import { identityFiles } from './identity-files.ts';
import { IdentityFolder } from './identity-folder.ts';
import { fetchToken, readJwtBundles } from './jwt-contents.ts';

/** What {@link identityFilesOf} asks for tokens with. */
export interface OnceOptions {
  readonly client: WorkloadApiClient;
  readonly clock: Clock;
  readonly call: WorkloadCallOptions;
}

/**
 * The files of an answer of the Workload API, with the JWT-SVIDs that are wanted beside, which are of the first identity
 * that is meant. Throws as `identityFiles` and `fetchToken` do.
 */
export async function identityFilesOf(
  response: X509SVIDResponse,
  request: FileRequest,
  options: OnceOptions,
): Promise<IdentityFile[]> {
  const x509 = parseX509Context(response);
  const contents = request.audiences.length === 0 ? { x509 } : await withTokens({ x509 }, request, options);
  return identityFiles(contents, request.plan, { nowMs: options.clock.nowMs() });
}

async function withTokens(
  { x509 }: IdentityContents,
  { plan, audiences }: FileRequest,
  { client, clock, call }: OnceOptions,
): Promise<IdentityContents> {
  const identity = chooseIdentity(x509.svids, plan.choice);
  const { documents, bundles } = readJwtBundles(await client.fetchJwtBundles(call));
  const jwtSvids: string[] = [];
  for (const audience of audiences) {
    const wanted = { identity, choice: plan.choice, audience };
    const { token } = await fetchToken(client, wanted, { ...call, bundles, nowMs: () => clock.nowMs() });
    jwtSvids.push(token);
  }
  return { x509, jwtSvids, jwtBundles: documents };
}

/** Puts files into a folder, once. Resolves with whether anything had to be changed. Throws as `IdentityFolder` does. */
export async function writeOnce(
  path: string,
  files: readonly IdentityFile[],
  options: { readonly owner: FileRequest['owner']; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<boolean> {
  await using folder = await IdentityFolder.open(path, options);
  return await folder.write(files, options);
}
