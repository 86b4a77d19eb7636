import type { Finding } from '../../findings/finding.ts';
import type { Check } from '../check.ts';
import type { Daemon } from '../patient.ts';

/** The configuration file, by the same rules as `agent validate` and `server validate`. */
export const configuration: Check<Daemon> = {
  name: 'configuration',
  async look({ kind, config }) {
    switch (config.kind) {
      case 'unknown':
        return { skipped: `no configuration file was found; name it by \`doctor ${kind} --config FILE\`` };
      case 'unreadable':
        return [
          {
            code: 'SPK-4052',
            severity: 'warning',
            subject: config.path,
            message: `uid ${process.geteuid?.() ?? 0} cannot read the configuration: ${config.reason}`,
            remedy: `run this as the user of the ${kind}`,
          },
        ];
      case 'invalid':
        return [
          {
            code: 'SPK-4050',
            severity: 'error',
            subject: config.path,
            message: config.reason,
            remedy: `mend it and try \`spirekit ${kind} validate --config ${config.path}\`; a running ${kind} goes on with what it has read`,
          },
        ];
      case 'valid':
        return config.value.notices
          .filter(({ level }) => level !== 'info')
          .map(({ message, fields }): Finding => {
            const isAboutTtl = /\bca_ttl\b|lifetime/.test(message);
            return {
              code: isAboutTtl ? 'SPK-4070' : 'SPK-4051',
              severity: 'warning',
              subject: config.path,
              message,
              evidence: Object.entries(fields).map(([name, value]) => `${name} = ${value}`),
              remedy: isAboutTtl
                ? 'choose lifetimes of SVIDs of at most a sixth of ca_ttl'
                : `\`spirekit ${kind} validate --config ${config.path}\` says the same`,
            };
          });
    }
  },
};
