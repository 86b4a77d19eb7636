# The common part of the launchers, which name the program and where they lie: starts it on the Node of this checkout if
# it has one, else on the Node of the PATH. Nothing of this costs a process on the way to a short command.
here=${self%/*}
node=$here/../node_modules/.bin/node
deaf=--disable-sigusr1
[ -x "$node" ] || node=node deaf=
program_file=$here/../dist/main/$program.cjs
[ -f "$program_file" ] || {
  echo "$program is not built yet; run \`npm ci\` in $(cd "$here/.." && pwd)" >&2
  exit 1
}

# These make Node or OpenSSL load code, trust others, tell more or open a debugger, and are read before the program's
# first line. They are put aside, not lost: a daemon names them in its log, `dev exec` hands them to what it runs.
for name in NODE_OPTIONS NODE_PATH NODE_COMPILE_CACHE NODE_COMPILE_CACHE_PORTABLE NODE_REPL_EXTERNAL_MODULE \
  NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_SYSTEM_CA NODE_USE_ENV_PROXY \
  NODE_DEBUG NODE_DEBUG_NATIVE NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS NODE_ICU_DATA NODE_INSPECT_RESUME_ON_START \
  NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN \
  OPENSSL_CONF OPENSSL_CONF_INCLUDE OPENSSL_MODULES OPENSSL_ENGINES; do
  eval "[ -n \"\${$name+set}\" ]" || continue
  eval "export SPIREKIT_OUTER_$name=\"\$$name\""
  unset "$name"
done

# On SIGUSR1 Node opens a debugger. Since 22.14 it can be told never to listen to that; older ones refuse the flag. The Node
# of the checkout is newer; to ask another one costs a process, which a daemon can afford.
case " ${1-} ${2-} " in
  *" run "* | *" dev "*)
    # Left to itself, a daemon under load spreads its garbage over a hundred MiB and more that it does not give back.
    young='--max-semi-space-size=8 --heap-growing-percent=50'
    [ -n "$deaf" ] || ! "$node" --disable-sigusr1 --version > /dev/null 2>&1 || deaf=--disable-sigusr1
    ;;
  *" show "* | *" list "*)
    # A long list is printed while it comes: what it leaves behind is collected before it takes much room.
    young='--min-semi-space-size=4 --max-semi-space-size=4'
    ;;
  *" watch "* | " exec "*)
    # They wait most of the time, for as long as a service runs. Compiled code would take more room than it saves time, but
    # for a drop-in that only shows what SPIRE's shows: that one is looked at, and starts sooner.
    case "$program $*" in
      spirekit\ * | *\ -write* | *\ --write*) young='--jitless --max-semi-space-size=1' ;;
      *) young=--min-semi-space-size=8 ;;
    esac
    ;;
  *)
    # A short command is over before its garbage is worth collecting; a daemon is not.
    young=--min-semi-space-size=8
    ;;
esac
# No memory on disk after a crash. What `dev exec` runs keeps the limit of its caller.
[ "${1-}" = dev ] || ulimit -S -c 0
# No socket can have a multicast address of IPv6: a debugger that is asked for all the same, also before the program's
# first line, finds no place to listen.
exec "$node" "--inspect-port=[ff00::]:9229" $deaf $young "$program_file" "$@"
