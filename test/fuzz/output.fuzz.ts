import { type JsonValue, jsonText, protoJson, spacedJsonText, structJson } from '../../src/lib/cli/protojson.ts';
import { yamlText } from '../../src/lib/cli/yaml.ts';

/** Any JSON comes back from each of the forms in which answers are printed, and never breaks out of its line. */
export function target(bytes: Uint8Array): void {
  let value: JsonValue;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return;
  }
  if (depthOf(value) > 500) return;
  const plain = JSON.stringify(value);
  const line = jsonText(value);
  if (/[\n<>&\u2028\u2029]/.test(line) || JSON.stringify(JSON.parse(line)) !== plain) throw new Error('jsonText');
  const spaced = spacedJsonText(value);
  if (spaced.includes('\n') || JSON.stringify(JSON.parse(spaced)) !== plain) throw new Error('spacedJsonText');
  const yaml = yamlText(value);
  if (!yaml.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(yaml)) throw new Error('yamlText');
  if (typeof value === 'object' && value !== null) structJson(value);
  protoJson(value);
}

function depthOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
