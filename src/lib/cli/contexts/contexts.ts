import { SpirekitError } from '../../runtime/errors.ts';

/** What a context names: sockets of one machine, or a server elsewhere with who calls it. Flags' Go names and values. */
export const CONTEXT_SETTINGS = {
  agentSocket: "The agent's API socket, a path or an address such as unix:///run/agent.sock",
  agentAdminSocket: "The agent's admin API socket",
  serverSocket: "The server's API socket",
  serverAddr: 'The server over the network at this host:port',
  serverTrustDomain: "Trust domain of the server at -serverAddr, if it is not the caller's own",
  workloadSocket: 'Workload API to take the SVID for -serverAddr from',
  callerID: 'Which SVID of the Workload API to use for -serverAddr',
  callerSVID: 'PEM file with the SVID for -serverAddr, or a folder of such files',
  callerKey: 'PEM file with the key of -callerSVID',
  callerBundle: "File with the bundle of the server's trust domain for -callerSVID",
} as const;

/** The name of a setting. */
export type ContextSetting = keyof typeof CONTEXT_SETTINGS;

/** The settings of a context; those that are not there are looked for as without a context. */
export type Context = Readonly<Partial<Record<ContextSetting, string>>>;

/** All contexts of a user. */
export interface Contexts {
  /** The one that commands use unless told otherwise. */
  readonly current?: string;
  readonly contexts: ReadonlyMap<string, Context>;
}

const NAMES = Object.keys(CONTEXT_SETTINGS) as ContextSetting[];
const VERSION = 1;
const MAX_CONTEXTS = 1000;
const MAX_VALUE_LENGTH = 4096;

/** @throws SpirekitError `invalid-argument` for a text that can be no context's name */
export function parseContextName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw new SpirekitError(
    'invalid-argument',
    `${JSON.stringify(text.slice(0, 80))} cannot name a context: letters, digits, dots, dashes and underscores, 64 at most`,
  );
}

/** @throws SpirekitError `invalid-config` for a text that {@link formatContexts} has not written */
export function parseContexts(text: string): Contexts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refusal('it is not JSON', cause);
  }
  if (!isRecord(value)) throw refusal('it is not an object');
  if (value['version'] !== VERSION) throw refusal(`its version is not ${VERSION}`);
  const { contexts: entries = {}, current } = value;
  if (!isRecord(entries)) throw refusal('"contexts" is not an object');
  if (Object.keys(entries).length > MAX_CONTEXTS) throw refusal(`it holds more than ${MAX_CONTEXTS} contexts`);
  const contexts = new Map<string, Context>();
  for (const [name, settings] of Object.entries(entries)) contexts.set(readName(name), readSettings(name, settings));
  if (current === undefined) return { contexts };
  if (typeof current !== 'string' || !contexts.has(current)) throw refusal('"current" names no context in it');
  return { contexts, current };
}

/** As JSON that people can read and edit. */
export function formatContexts({ current, contexts }: Contexts): string {
  const named = Object.fromEntries([...contexts].sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ version: VERSION, ...(current === undefined ? {} : { current }), contexts: named }, null, 2)}\n`;
}

function readName(name: string): string {
  try {
    return parseContextName(name);
  } catch (cause) {
    throw refusal(SpirekitError.from(cause).message, cause);
  }
}

function readSettings(name: string, value: unknown): Context {
  if (!isRecord(value)) throw refusal(`the context ${name} is not an object`);
  const unknown = Object.keys(value).find((key) => !NAMES.some((known) => known === key));
  if (unknown !== undefined) throw refusal(`the context ${name} has a setting ${JSON.stringify(unknown)}`);
  const settings: Partial<Record<ContextSetting, string>> = {};
  for (const key of NAMES) {
    const setting = value[key];
    if (setting === undefined) continue;
    if (typeof setting !== 'string' || setting === '' || setting.length > MAX_VALUE_LENGTH) {
      throw refusal(`${key} of the context ${name} is not a text of 1 to ${MAX_VALUE_LENGTH} characters`);
    }
    settings[key] = setting;
  }
  return settings;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError('invalid-config', reason, { cause });
}
