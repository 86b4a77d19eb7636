import { ConfigError, type ConfigPosition } from '../../config/config-error.ts';
import type { HclItem, HclNode, HclObject } from '../../config/hcl/ast.ts';
import { decodeUtf8 } from '../../config/hcl/decode-utf8.ts';
import { parseConfigText } from '../../config/hcl/parse.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { CALLER_ROLES, type CallerRole } from './rpc-policy.ts';

/** One block of the file: what changes for the methods that its label stands for. */
export interface PolicyBlock {
  /** `package.Service/Method`, `package.Service/*` or `*`; whether it stands for anything is not looked at. */
  readonly label: string;
  readonly allowIds: readonly SpiffeId[];
  readonly denyIds: readonly SpiffeId[];
  readonly denyCallers: readonly CallerRole[];
  readonly position: ConfigPosition;
}

/**
 * Reads the text of an authorization policy: blocks `rpc "label" { ... }`, HCL or JSON. Other than SPIRE's configuration
 * it is read strictly: a key that is passed over could be one that shuts somebody out.
 *
 * @throws {ConfigError} code `invalid-config`, with line and column
 */
export function parsePolicy(bytes: Uint8Array): readonly PolicyBlock[] {
  const { root, brokenAt } = parseConfigText(decodeUtf8(bytes));
  if (brokenAt !== undefined) throw new ConfigError('not well-formed JSON', { position: brokenAt });
  return root.items.flatMap(parseItem);
}

function parseItem({ keys, value }: HclItem): PolicyBlock[] {
  const [first, label, ...others] = keys;
  if (first?.name !== 'rpc') refuse(`unknown key ${JSON.stringify(first?.name ?? '')}`, first?.position);
  // An empty object in JSON.
  if (label === undefined && value.kind === 'object' && value.items.length === 0) return [];
  if (label === undefined || others.length > 0 || value.kind !== 'object') {
    refuse('write rpc "package.Service/Method" { ... }', first?.position);
  }
  const found = { allow_ids: [] as Text[], deny_ids: [] as Text[], deny_callers: [] as Text[] };
  for (const { key, texts } of settingsOf(value)) {
    if (key.name !== 'allow_ids' && key.name !== 'deny_ids' && key.name !== 'deny_callers') {
      refuse(`unknown key ${JSON.stringify(key.name)}`, key.position);
    }
    found[key.name].push(...texts);
  }
  return [
    {
      label: label.name,
      allowIds: found.allow_ids.map(parseId),
      denyIds: found.deny_ids.map(parseId),
      denyCallers: found.deny_callers.map(parseRole),
      position: label.position,
    },
  ];
}

interface Text {
  readonly value: string;
  readonly position: ConfigPosition;
}

function settingsOf(block: HclObject) {
  return block.items.map(({ keys, value }) => {
    const [key, ...others] = keys;
    if (key === undefined || others.length > 0) return refuse('write key = [...]', key?.position);
    return { key, texts: textsOf(value) };
  });
}

function textsOf(node: HclNode): readonly Text[] {
  if (node.kind !== 'list') return refuse('a list of strings is expected', node.position);
  return node.items.map((item) =>
    item.kind === 'literal' && item.type === 'string' ? item : refuse('a string is expected', item.position),
  );
}

function parseId({ value, position }: Text): SpiffeId {
  try {
    return SpiffeId.parse(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    throw new ConfigError(`${JSON.stringify(value)}: ${reason}`, { position, cause });
  }
}

function parseRole({ value, position }: Text): CallerRole {
  const found = CALLER_ROLES.find((role) => role === value);
  return found ?? refuse(`there are no callers ${JSON.stringify(value)}, only ${CALLER_ROLES.join(', ')}`, position);
}

function refuse(sentence: string, position: ConfigPosition | undefined): never {
  throw new ConfigError(sentence, { position });
}
