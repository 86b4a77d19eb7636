import type { Node } from './ast.ts';
import { evaluate, type TemplateLimits } from './evaluate.ts';
import { OTHER_FUNCTIONS, TEMPLATE_FUNCTIONS } from './functions/table.ts';
import { parseTemplate } from './parse.ts';
import type { Value } from './values.ts';

/** A template as Go's `text/template` has them, with the functions of sprig that SPIRE lets its templates use. */
export class Template {
  /** Functions that the template uses and that only SPIRE has: it cannot be filled in. */
  readonly missingFunctions: readonly string[];
  readonly #nodes: readonly Node[];

  private constructor(nodes: readonly Node[], missingFunctions: readonly string[]) {
    this.#nodes = nodes;
    this.missingFunctions = missingFunctions;
  }

  /** @throws TemplateError `invalid-argument` for what Go refuses, and for named templates */
  static parse(source: string): Template {
    const missing = new Set<string>();
    const nodes = parseTemplate(source, (name) => {
      if (TEMPLATE_FUNCTIONS.has(name)) return true;
      if (!OTHER_FUNCTIONS.has(name)) return false;
      missing.add(name);
      return true;
    });
    return new Template(nodes, [...missing]);
  }

  /** @throws TemplateError `invalid-argument` where the data does not have what the template asks for */
  execute(data: Value, limits?: TemplateLimits): string {
    return evaluate(this.#nodes, data, TEMPLATE_FUNCTIONS, limits);
  }
}
