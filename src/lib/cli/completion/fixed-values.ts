import type { FlagSpec } from '../go-flags.ts';
import { childrenOf } from '../word-resolution.ts';
import type { Completion } from './candidate.ts';
import type { ValueRequest } from './value-request.ts';

/** The shells that there are scripts for. */
export const SHELLS = ['bash', 'fish', 'zsh'] as const;

/** Flags with a closed set of values, by their Go names. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  level: ['panic', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'],
  logLevel: ['ERROR', 'WARN', 'INFO', 'DEBUG'],
  logFormat: ['text', 'json'],
  matchSelectorsOn: ['exact', 'any', 'subset', 'superset'],
  matchFederatesWithOn: ['exact', 'any', 'subset', 'superset'],
  bundleEndpointProfile: ['https_web', 'https_spiffe'],
  trustDomainBundleFormat: ['pem', 'spiffe'],
  trustBundleFormat: ['pem', 'spiffe'],
  layout: ['spire', 'helper', 'k8s-tls', 'combined', 'p12', 'spiffe-fd'],
  signal: ['HUP', 'INT', 'TERM', 'USR1', 'USR2'],
  on: ['x509', 'jwt', 'bundle'],
};

/** The beginnings of selectors that SPIRE's attestors give. */
const SELECTORS = [
  ...['unix:uid:', 'unix:gid:', 'unix:user:', 'unix:group:', 'unix:path:', 'unix:sha256:', 'unix:supplementary_gid:'],
  ...['k8s:ns:', 'k8s:sa:', 'k8s:container-name:', 'k8s:pod-label:', 'k8s:pod-uid:', 'k8s:node-name:'],
  ...['docker:label:', 'docker:image_id:', 'docker:env:', 'systemd:id:', 'spiffe_id:'],
];

/** Flags that name files or folders, by their Go names. */
const FILES =
  /^(config|data|file|path|log[Ff]ile|joinTokenFile|trustBundle|trustDomainBundlePath|caller(SVID|Key|Bundle)|.*(File|Path|Bundle|Key|SVID)|bundle|f|o|svid|socketPath|workloadSocket|.*Socket)$/;
const FOLDERS = /^(write|dataDir|dir|.*Dir)$/;

/** Flags whose names look like those of files and are none. */
const NO_FILES = /^(storeSVID|keyType)$/;

/** The values that do not depend on what runs anywhere; undefined where there are none. */
export function fixedValues(
  { words, flagName, typed }: ValueRequest,
  spec: FlagSpec<unknown> | undefined,
  table: ReadonlyMap<string, string>,
): Completion | undefined {
  if (flagName === undefined) return argumentValues(words, typed, table);
  if (spec?.kind === 'boolean' || spec?.kind === 'tri-state') return choice(['true', 'false']);
  if (spec?.kind === 'output')
    return choice(['pretty', 'json', 'jsonl', 'yaml', 'table', ...(spec.nameField === undefined ? [] : ['name'])]);
  if (flagName === 'mode' && words === 'bundle delete') return choice(['restrict', 'delete', 'dissociate']);
  if (flagName === 'format' && words.startsWith('bundle ')) return choice(['pem', 'spiffe']);
  const known = Object.hasOwn(CHOICES, flagName) ? CHOICES[flagName] : undefined;
  if (known !== undefined) return choice(known);
  if (flagName === 'selector') return { kind: 'unfinished', candidates: SELECTORS.map((value) => ({ value })) };
  if (NO_FILES.test(flagName)) return undefined;
  if (words === 'api validate jwt' && flagName === 'svid') return undefined;
  if (FOLDERS.test(flagName)) return { kind: 'folders' };
  return FILES.test(flagName) ? { kind: 'files' } : undefined;
}

function argumentValues(words: string, typed: string, table: ReadonlyMap<string, string>): Completion | undefined {
  switch (words) {
    case 'completion':
      return choice(SHELLS);
    case 'link':
      return { kind: 'folders' };
    case 'help':
      return choice(childrenOf(table.keys(), '').filter((word) => word.startsWith(typed)));
    default:
      return undefined;
  }
}

function choice(values: readonly string[]): Completion {
  return { kind: 'words', candidates: values.map((value) => ({ value })) };
}
