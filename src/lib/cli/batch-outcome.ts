import { errorCodeOfStatus } from '../rpc/status.ts';
import { type ErrorCode, SpirekitError } from '../runtime/errors.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { CommandContext } from './command-context.ts';
import type { OutputFormat } from './go-flags.ts';
import { protoJson } from './protojson.ts';

/** The answer to one item of a batch: the call itself succeeds whatever became of its items. */
export interface BatchResult {
  readonly status?: { readonly code: number; readonly message: string } | undefined;
}

/**
 * Reports the items that the server refused: the text goes to stderr and an error with the message is thrown. With
 * another output than `pretty`, SPIRE prints the results and calls that a success; the drop-ins do so too, the umbrella
 * ends with an exit code that tells.
 *
 * @throws SpirekitError with the code that all items failed with, or `partial-failure` when their fates differ
 */
export function reportBatch(
  context: Pick<CommandContext, 'program' | 'io'>,
  results: readonly BatchResult[],
  report: { readonly isPretty: boolean; readonly message: string; readonly details?: () => string },
): void {
  const code = batchErrorCode(results);
  if (code === undefined) return;
  if (report.isPretty && report.details) context.io.stderr.write(report.details());
  if (report.isPretty || context.program === 'spirekit') throw new SpirekitError(code, report.message);
}

/**
 * Prints the results of a batch that creates or changes items, then reports those that the server refused as
 * {@link reportBatch} does: what was accepted goes to stdout, what was not to stderr.
 *
 * @throws SpirekitError as {@link reportBatch}
 */
export async function printBatch<R extends BatchResult>(
  context: Pick<CommandContext, 'program' | 'io' | 'print'> & { readonly flags: { readonly output: OutputFormat } },
  results: readonly R[],
  text: { readonly accepted: () => string; readonly refused: () => string; readonly message: string },
): Promise<void> {
  await context.print({
    pretty: text.accepted,
    json: () => protoJson({ results }),
    items: () => results.map((result) => protoJson(result)),
  });
  reportBatch(context, results, {
    isPretty: isPretty(context.flags.output),
    message: text.message,
    details: text.refused,
  });
}

/** The code that stands for a batch, nothing if every item succeeded. */
export function batchErrorCode(results: readonly BatchResult[]): ErrorCode | undefined {
  const statuses = new Set(results.map((result) => result.status?.code ?? 0));
  if (!statuses.has(0) && statuses.size === 1) {
    for (const status of statuses) return errorCodeOfStatus(status);
  }
  return statuses.size === 0 || (statuses.size === 1 && statuses.has(0)) ? undefined : 'partial-failure';
}

/** Whether the server did what the item asked for. */
export function isAccepted(result: BatchResult | undefined): boolean {
  return (result?.status?.code ?? 0) === 0;
}

/** Whether the output does not have what became of each item: SPIRE tells of refused ones in words only then. */
export function isPretty(format: OutputFormat): boolean {
  return format !== 'json' && format !== 'jsonl' && format !== 'yaml';
}

/** The server answers with the entries it accepted; the ones it refused come from the request, so that all are shown. */
export function withRefusedEntries<R extends BatchResult & { readonly entry: Entry | undefined }>(
  results: readonly R[],
  requested: readonly Entry[],
): R[] {
  return results.map((result, index) =>
    isAccepted(result) ? result : { ...result, entry: requested[index] ?? result.entry },
  );
}
