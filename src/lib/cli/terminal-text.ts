/**
 * Text from outside as a terminal may show it: control characters, and those that turn the direction of writing, stand as
 * JSON writes them, so that nothing can move the cursor, hide a line or look like another.
 */
export function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for text that has lines and columns of its own: line ends and tabs stay. */
export function escapeControlsInLines(text: string): string {
  return text.replace(/[^\n\t]+/g, escapeControls);
}
