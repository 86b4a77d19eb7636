import type { FileRequest } from '../svidfiles/file-request.ts';
import { identityFilesOf, type OnceOptions, writeOnce } from '../svidfiles/write-once.ts';
import type { X509SVIDResponse } from '../wire/gen/workload.ts';
import { holdingSignals } from './held-signals.ts';
import { formatIdentityFiles } from './pretty/identity-files.ts';

/**
 * Writes an answer in the layout that was asked for. A signal that would end the process meanwhile does so when all
 * files are in place, or when nothing has changed. Throws as `identityFilesOf` and `writeOnce` do.
 *
 * @param options.say is told of it when it is done
 */
export async function writeInLayout(
  response: X509SVIDResponse,
  request: FileRequest,
  options: OnceOptions & { readonly folder: string; readonly say: (text: string) => void },
): Promise<void> {
  const { folder, clock } = options;
  const files = await identityFilesOf(response, request, options);
  const isChanged = await holdingSignals((signal) => writeOnce(folder, files, { owner: request.owner, clock, signal }));
  options.say(formatIdentityFiles(folder, files, isChanged).trimEnd());
}
