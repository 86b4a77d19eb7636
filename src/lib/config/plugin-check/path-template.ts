/** Why a template of agent paths (Go's `text/template`) cannot be one; undefined if nothing is wrong on its face. */
export function findTemplateFault(template: string): string | undefined {
  let rest = template;
  for (;;) {
    const open = rest.indexOf('{{');
    if (open === -1) return undefined;
    const close = rest.indexOf('}}', open);
    if (close === -1) return 'unclosed action';
    const action = rest.slice(open + 2, close).replace(/^-\s|\s-$/g, '');
    if (action.trim() === '') return 'missing value for command';
    rest = rest.slice(close + 2);
  }
}
