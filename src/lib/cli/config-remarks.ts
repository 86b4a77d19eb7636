import { ConfigError } from '../config/config-error.ts';
import { formatNotices } from '../config/format-notices.ts';
import type { CommandContext } from './command-context.ts';

/** What a valid configuration leaves to be said. */
export interface ConfigRemarks {
  readonly hints: readonly string[];
  readonly notYetEffective: readonly string[];
}

/** On the umbrella only: hints, and keys that do nothing here. The drop-ins say what SPIRE's programs say. */
export function tellAboutConfig(config: ConfigRemarks, context: Pick<CommandContext, 'program' | 'err'>): void {
  if (context.program !== 'spirekit') return;
  for (const hint of config.hints) context.err(`Note: ${hint}`);
  if (config.notYetEffective.length === 0) return;
  context.err(`Note: these keys are accepted and do nothing yet: ${config.notYetEffective.join(', ')}`);
}

/**
 * Waits for a configuration. If it turns out to be wrong, what was found out before goes to standard output as lines of
 * the log that it describes, as SPIRE's daemons do it.
 */
export async function tellingNotices<C>(config: Promise<C>, context: Pick<CommandContext, 'io' | 'clock'>): Promise<C> {
  try {
    return await config;
  } catch (error) {
    if (error instanceof ConfigError) {
      context.io.stdout.write(formatNotices(error.notices, error.logSettings, context.clock.nowMs()));
    }
    throw error;
  }
}
