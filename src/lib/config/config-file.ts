import { resolve } from 'node:path';
import { goQuote } from '../runtime/go-quote.ts';
import { errnoOf } from '../runtime/io-reason.ts';
import { ConfigError } from './config-error.ts';
import { ConfigReport } from './config-report.ts';
import { expandEnv } from './expand-env.ts';
import { readSmallFile } from './file-access.ts';
import { decodeUtf8 } from './hcl/decode-utf8.ts';
import { MAX_TEXT_LENGTH, parseConfigText } from './hcl/parse.ts';
import type { LoadConfigOptions } from './load-options.ts';
import { decodeTree, type Schema } from './schema/schema.ts';

/** A configuration file, read by its schema but not yet checked. */
export interface ConfigFile<T> {
  readonly value: T;
  readonly report: ConfigReport;
}

/**
 * Reads a configuration file, expands variables if that is asked for, and decodes it.
 *
 * @throws {ConfigError} code `invalid-config`, with the file and, for errors of the text, line and column
 */
export async function readConfigFile<T>(
  path: string,
  schema: Schema<T>,
  options: LoadConfigOptions<{ readonly expandEnv: boolean }>,
): Promise<ConfigFile<T>> {
  const absolutePath = resolve(options.cwd, path);
  const bytes = await readSmallFile(absolutePath, path, { limit: MAX_TEXT_LENGTH, signal: options.signal }).catch(
    (error: unknown) => {
      throw describeReadError(error, path, absolutePath);
    },
  );
  try {
    const text = decodeUtf8(bytes);
    const parsed = parseConfigText(options.flags.expandEnv ? expandEnv(text, options.env) : text);
    const report = new ConfigReport({ file: path, cwd: options.cwd, root: parsed.root });
    if (parsed.brokenAt !== undefined) {
      const { line, column } = parsed.brokenAt;
      report.note('warning', 'Configuration is not well-formed JSON; what follows may have been ignored', {
        path,
        line,
        column,
      });
    }
    return { value: decodeTree(schema, parsed.root), report };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`unable to decode configuration at ${goQuote(path)}: ${error.message}`, {
      file: path,
      position: error.position,
      cause: error,
    });
  }
}

function describeReadError(error: unknown, path: string, absolutePath: string): unknown {
  if (!(error instanceof ConfigError)) return error;
  const details = { file: path, cause: error };
  if (errnoOf(error.cause) === 'ENOENT') {
    return new ConfigError(`could not find config file ${absolutePath}: please use the -config flag`, details);
  }
  return new ConfigError(`unable to read configuration at ${goQuote(path)}: ${error.message}`, details);
}
