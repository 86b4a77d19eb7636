import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { projectRoot } from './programs.ts';

/** The schemas of the JSON that our own commands print, by file name. */
export function schemaFiles(): string[] {
  return globSync('*.v1.json', { cwd: join(projectRoot, 'schemas') }).sort();
}

/** RFC 3339 in UTC, as all our times are. */
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** @throws Error for a file that is no schema, or one with words that a strict reader does not know */
export function compileSchema(file: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, formats: { 'date-time': UTC_TIME } });
  return ajv.compile(JSON.parse(readFileSync(join(projectRoot, 'schemas', file), 'utf8')));
}

const compiled = new Map<string, ValidateFunction>();

function validatorOf(form: string): ValidateFunction | undefined {
  const known = compiled.get(form);
  if (known !== undefined) return known;
  const file = `${form.replace('/', '.')}.json`;
  if (!schemaFiles().includes(file)) return undefined;
  const validate = compileSchema(file);
  compiled.set(form, validate);
  return validate;
}

/** What is wrong with a text that is JSON with a `schema`; undefined for what fits, and for JSON without. */
export function findSchemaFault(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('schema' in value)) return undefined;
  const validate = validatorOf(String(value.schema));
  if (validate === undefined) return `there is no schema for ${value.schema}`;
  if (validate(value)) return undefined;
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('\n');
}
