import { Template } from '../../template/template.ts';
import { TemplateError } from '../../template/template-error.ts';

/** Why a template of agent paths (Go's `text/template`) cannot be one; undefined if it can. */
export function findTemplateFault(template: string): string | undefined {
  try {
    Template.parse(template);
    return undefined;
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}
