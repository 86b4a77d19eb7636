import { systemClock } from '../runtime/clock.ts';

/** Where a plugin reports what it does: its lines become lines of the log of SPIRE. */
export interface PluginLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Writes the JSON lines of go-hclog, which SPIRE reads on a plugin's standard error. */
export function pluginLogger(output: { write(text: string): unknown } = process.stderr): PluginLogger {
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const timestamp = new Date(systemClock.nowMs()).toISOString().replace('Z', '000Z');
      const shown = Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? value.message : value,
      ]);
      const line = { ...Object.fromEntries(shown), '@level': level, '@message': message, '@timestamp': timestamp };
      output.write(`${JSON.stringify(line)}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
