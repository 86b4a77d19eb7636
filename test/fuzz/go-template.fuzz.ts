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
  const output = refusedOr(() => template.execute(data));
  if (output === undefined) return;
  if (output.length > 64 * 1024) throw new Error(`${output.length} characters`);
  if (!text.includes('{{') && output !== text) throw new Error('a text without actions came out changed');
}

function refusedOr<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}
