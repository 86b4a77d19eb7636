import { SpirekitError } from '../runtime/errors.ts';

/** A template that cannot be read, or that cannot be filled in with what it was given. */
export class TemplateError extends SpirekitError {
  override readonly name: string = 'TemplateError';

  constructor(message: string, options?: ErrorOptions) {
    super('invalid-argument', `template: ${message}`, options);
  }
}
