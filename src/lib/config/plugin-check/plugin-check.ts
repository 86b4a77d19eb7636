import { ConfigError } from '../config-error.ts';
import { fieldNames } from '../schema/field-names.ts';
import { decodeText, type Schema } from '../schema/schema.ts';

/** What a check may look at beside the configuration text. */
export interface PluginCheckContext {
  /** Reads a file that the configuration names; fails with a {@link ConfigError} worded `open PATH: reason`. */
  readFile(path: string): Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What is wrong with a plugin's configuration, or worth saying; none of it if it is fine. */
type PluginNotes = readonly string[];

/** Checks the configuration of one built-in plugin without starting it. */
export interface PluginCheck {
  (hcl: string, context: PluginCheckContext): Promise<PluginNotes>;
  /** Names of the plugin's settings; absent where nobody looks at them before the plugin starts. */
  readonly settings?: readonly string[];
}

/** For plugins that take no configuration, or whose configuration nobody looks at before they start. */
export const noCheck: PluginCheck = async () => [];

/**
 * A check that decodes the text and then applies rules.
 *
 * @param options.malformed words the note about a text that cannot be decoded
 * @param options.rules returns notes; an empty or false one means that the rule holds
 */
export function checkWith<T>(options: {
  readonly schema: Schema<T>;
  readonly malformed: (reason: string) => string;
  readonly rules: (config: T, context: PluginCheckContext) => Notes | Promise<Notes>;
}): PluginCheck {
  const check = async (hcl: string, context: PluginCheckContext): Promise<PluginNotes> => {
    let config: T;
    try {
      config = decodeText(options.schema, hcl);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [options.malformed(error.message)];
    }
    const notes = await options.rules(config, context);
    return notes.filter((note) => note !== false);
  };
  return Object.assign(check, { settings: fieldNames(options.schema) });
}

/** Notes of rules; `false` stands for a rule that holds. */
export type Notes = readonly (string | false)[];

/** The usual words for a text that cannot be decoded. */
export const cannotDecode = (reason: string): string => `unable to decode configuration: ${reason}`;

/** The words of plugins that keep the reason to themselves. */
export const isMalformed = (): string => 'plugin configuration is malformed';
