import { type FlagSpecs, flag } from './go-flags.ts';

const templateFlag = flag.string({
  usage: "Print the answer's JSON through this template of Go's text/template: '{{range .entries}}{{.id}} {{end}}'",
  isExtension: true,
});

/** What a command takes on the umbrella: its flags, and `-template` beside an `-output`. */
export function umbrellaFlags(specs: FlagSpecs): FlagSpecs {
  return outputFlag(specs) === undefined || 'template' in specs ? specs : { ...specs, template: templateFlag };
}

/** The flag for the format of the answer, if a command has one. */
export function outputFlag(specs: FlagSpecs): FlagSpecs[string] | undefined {
  return Object.values(specs).find(({ kind, aliasOf }) => kind === 'output' && aliasOf === undefined);
}
