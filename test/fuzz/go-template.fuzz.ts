import { parseTemplateFlag } from '../../src/lib/cli/template-output.ts';
import { parseTemplate } from '../../src/lib/template/parse.ts';
import { split } from '../../src/lib/template/split.ts';
import { Template } from '../../src/lib/template/template.ts';
import { TemplateError } from '../../src/lib/template/template-error.ts';
import { tokenize } from '../../src/lib/template/tokens.ts';
import { Dictionary, TemplateObject } from '../../src/lib/template/values.ts';

const data = new TemplateObject({
  Name: 'name',
  Names: ['a', 'b'],
  Version: 3,
  Selectors: new Dictionary([['rack', 'r7']]),
});

/** Any text is refused, or is a template that ends soon with a result of bounded size or a refusal. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  refusedOr(() => tokenize(text));
  const pieces = refusedOr(() => split(text));
  const nodes = refusedOr(() => parseTemplate(text, () => true));
  if (nodes !== undefined && pieces === undefined) throw new Error('parsed what cannot be split');
  const template = refusedOr(() => Template.parse(text));
  if (template === undefined) return;
  checkFlag(text);
  const output = refusedOr(() => template.execute(data));
  if (output === undefined) return;
  if (output.length > 64 * 1024) throw new Error(`${output.length} characters`);
  if (!text.includes('{{') && output !== text) throw new Error('a text without actions came out changed');
}

/** As `-template`, it makes lines of an answer. */
function checkFlag(text: string): void {
  // What these repeat is the user's own business, and takes its time.
  if (/range|repeat|printf/.test(text)) return;
  const fill = refusedOr(() => parseTemplateFlag(text));
  const filled = fill && refusedOr(() => fill({ id: { trust_domain: 'a', path: '/b' }, Names: ['a', 1, null] }));
  if (filled !== undefined && filled !== '' && !filled.endsWith('\n')) throw new Error('the last line has no end');
}

function refusedOr<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}
