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
