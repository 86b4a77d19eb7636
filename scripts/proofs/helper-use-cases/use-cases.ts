/** What people do with spiffe-helper, and the command line that does the same. */
export interface UseCase {
  readonly name: string;
  /** An option of its configuration, or a way to use it that its documentation describes. */
  readonly helper: string;
  /** As it is typed; relative names are files of the folder in which it runs. */
  readonly line: string;
}

/**
 * The documented use cases of spiffe-helper 0.11. `docs/watch.md` shows the same table; its test holds it against this one.
 */
export const USE_CASES: readonly UseCase[] = [
  {
    name: 'address',
    helper: '`agent_address`',
    line: 'spirekit api watch --socket-path agent.sock --write certs --layout helper',
  },
  {
    name: 'environment',
    helper: '`agent_address` by `SPIFFE_ENDPOINT_SOCKET`',
    line: 'spirekit api watch --write certs --layout helper',
  },
  {
    name: 'names',
    helper: '`cert_dir`, `svid_file_name`, `svid_key_file_name`, `svid_bundle_file_name`',
    line: 'spirekit api watch --write certs --layout helper --file-names cert=tls.pem,key=tls.key,bundle=ca.pem',
  },
  {
    name: 'modes',
    helper: '`cert_file_mode`, `key_file_mode`',
    line: 'spirekit api watch --write certs --layout helper --mode 0444 --key-mode 0440',
  },
  {
    name: 'intermediates',
    helper: '`add_intermediates_to_bundle`',
    line: 'spirekit api watch --write certs --layout helper --add-intermediates-to-bundle',
  },
  {
    name: 'federated',
    helper: '`include_federated_domains`',
    line: 'spirekit api watch --write certs --layout helper --federated-bundles merge',
  },
  {
    name: 'omit-expired',
    helper: '`omit_expired`',
    line: 'spirekit api watch --write certs --layout helper --federated-bundles merge --omit-expired',
  },
  {
    name: 'hint',
    helper: '`hint`',
    line: 'spirekit api watch --write certs --layout helper --hint internal',
  },
  {
    name: 'jwt-svid',
    helper: '`jwt_svids` with `jwt_audience`, `jwt_extra_audiences`, `jwt_svid_file_name`, `jwt_svid_file_mode`',
    line: 'spirekit api watch --write certs --layout helper --jwt-audience reports,archive --file-names jwt=token --key-mode 0400',
  },
  {
    name: 'jwt-bundle',
    helper: '`jwt_bundle_file_name`, `jwt_bundle_file_mode`',
    line: 'spirekit api watch --write certs --layout helper --jwt-bundle --file-names jwt-bundle=jwks.json --mode 0444',
  },
  {
    name: 'cmd',
    helper: '`cmd`, `cmd_args`, `renew_signal`: a process that is told by a signal, and started again if it has ended',
    line: 'spirekit api watch --write certs --layout helper --on-change signal:USR2 --on-exit wait -- ./service one "two three"',
  },
  {
    name: 'cmd-ended',
    helper: '`cmd` that ends by itself: run anew with each renewal',
    line: 'spirekit api watch --write certs --layout helper --on-exit wait -- ./note renewed',
  },
  {
    name: 'reload-command',
    helper: '`cmd` that reloads a process which somebody else runs',
    line: "spirekit api watch --write certs --layout helper --exec './note reloaded'",
  },
  {
    name: 'pid-file',
    helper: '`pid_file_name`, `renew_signal`, the file read each time',
    line: 'spirekit api watch --write certs --layout helper --signal HUP --pid-file service.pid',
  },
  {
    name: 'cmd-and-pid-file',
    helper: '`cmd` and `pid_file_name` together',
    line: "spirekit api watch --write certs --layout helper --exec './note reloaded' --signal HUP --pid-file service.pid",
  },
  {
    name: 'once',
    helper: '`daemon_mode = false`: fetch once and exit, as in an init container',
    line: 'spirekit api watch --write certs --layout helper --once',
  },
  {
    name: 'once-late',
    helper: '`daemon_mode = false` before the agent has started',
    line: 'spirekit api watch --socket-path late.sock --write certs --layout helper --once --wait 60s',
  },
  {
    name: 'health',
    helper: '`health_checks` with `bind_port`, `liveness_path`, `readiness_path`',
    line: 'spirekit api watch --write certs --layout helper --health-listen 127.0.0.1:8081 --health-live-path /alive --health-ready-path /ready',
  },
  {
    name: 'file-watcher',
    helper: 'no `cmd`: a process that watches its files',
    line: 'spirekit api watch --write certs --layout helper --mode 0444',
  },
  {
    name: 'ghostunnel',
    helper: 'the example of ghostunnel: a TLS proxy, started and told by a signal',
    line: 'spirekit api watch --write certs --layout helper --on-change signal:USR2 -- ./tls-server',
  },
  {
    name: 'nginx',
    helper: 'a server that reloads on SIGHUP, by its pid file, as nginx and PostgreSQL',
    line: 'spirekit api watch --write certs --layout helper --signal HUP --pid-file tls-server.pid',
  },
  {
    name: 'mysql',
    helper: 'the examples of MySQL and PostgreSQL: a statement makes the server read its files again',
    line: "spirekit api watch --write certs --layout helper --exec './reload-tls'",
  },
  {
    name: 'restart',
    helper: 'a server that cannot reload (spiffe-helper leaves that to others)',
    line: 'spirekit api watch --write certs --layout helper --on-change restart -- ./tls-server',
  },
];

/** The rows of the table in the documentation. */
export function useCaseRows(): string[] {
  return USE_CASES.map(({ helper, line }) => `| ${helper} | \`${line}\` |`);
}
