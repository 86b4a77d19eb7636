import { ConfigError } from '../../src/lib/config/config-error.ts';
import type { HclNode, HclObject } from '../../src/lib/config/hcl/ast.ts';
import { decodeUtf8 } from '../../src/lib/config/hcl/decode-utf8.ts';
import { formatHcl } from '../../src/lib/config/hcl/format.ts';
import { parseConfigText } from '../../src/lib/config/hcl/parse.ts';

/** Any bytes are refused, or give a tree that is read back from what is written of it. */
export function target(bytes: Uint8Array): void {
  let root: HclObject;
  try {
    root = parseConfigText(decodeUtf8(bytes)).root;
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'invalid-config') return;
    throw error;
  }
  const again = parseConfigText(formatHcl(root));
  if (again.syntax !== 'hcl') throw new Error('what was written looks like JSON');
  if (JSON.stringify(meaningOf(again.root)) !== JSON.stringify(meaningOf(root))) {
    throw new Error('the tree changed by being written');
  }
}

/** A tree without positions and spellings. */
function meaningOf(node: HclNode): unknown {
  switch (node.kind) {
    case 'literal':
      return [node.type === 'heredoc' ? 'string' : node.type, node.value];
    case 'list':
      return node.items.map(meaningOf);
    case 'object':
      return { items: node.items.map(({ keys, value }) => [keys.map(({ name }) => name), meaningOf(value)]) };
  }
}
