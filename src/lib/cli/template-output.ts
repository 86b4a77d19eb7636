import type { TemplateLimits } from '../template/evaluate.ts';
import { Template } from '../template/template.ts';
import { TemplateError } from '../template/template-error.ts';
import { Dictionary, TemplateObject, type Value } from '../template/values.ts';
import { spiffeIdOf } from './names.ts';
import type { JsonValue } from './protojson.ts';

/** What people write for themselves, over lists of any length. */
const LIMITS: TemplateLimits = { maxSteps: 100_000_000, maxOutput: 256 * 1024 * 1024 };

/** Makes text of an answer's JSON. */
export type Fill = (answer: JsonValue) => string;

/**
 * Reads the text of `-template`, a template as Go's `text/template` has them, over the JSON of an answer. SPIFFE IDs, which
 * SPIRE's JSON takes apart, print as what they are and still have their fields. What it makes ends with a line's end.
 *
 * @throws TemplateError `invalid-argument` for a text that is no template; the function, for an answer that does not have
 *   what the template asks for
 */
export function parseTemplateFlag(text: string): Fill {
  const template = Template.parse(text);
  const [missing] = template.missingFunctions;
  if (missing !== undefined) throw new TemplateError(`function "${missing}" is not available here`);
  return (answer) => {
    const filled = template.execute(toValue(answer), LIMITS);
    return filled === '' || filled.endsWith('\n') ? filled : `${filled}\n`;
  };
}

function toValue(json: JsonValue): Value {
  if (typeof json !== 'object' || json === null) return json;
  if (isList(json)) return json.map(toValue);
  const spiffeId = spiffeIdOf(json);
  const fields = Object.entries(json).map(([name, field]) => [name, toValue(field)] as const);
  return spiffeId === undefined ? new Dictionary(fields) : new TemplateObject(Object.fromEntries(fields), spiffeId);
}

function isList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json);
}
