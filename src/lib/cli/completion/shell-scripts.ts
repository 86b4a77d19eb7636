import type { SHELLS } from './fixed-values.ts';

/** A shell that there is a script for. */
export type Shell = (typeof SHELLS)[number];

/**
 * The scripts that `spirekit completion SHELL` prints. They hold no knowledge of commands: at each key they ask the program
 * that is on the command line, so they stay right when it changes. Nothing that it answers is evaluated.
 */
export const SHELL_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of spirekit for bash. In ~/.bashrc: source <(spirekit completion bash)
_spirekit() {
  local line=\${COMP_LINE:0:COMP_POINT} kind='' value='' cut=''
  local -a words=()
  # bash breaks words at : and =, which SPIFFE IDs and flags are full of; here they are whole.
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local current=\${words[\${#words[@]}-1]}
  # What bash will not replace of the word at the cursor.
  if [[ $COMP_WORDBREAKS == *:* && $current == *:* ]]; then cut=\${current%"\${current##*:}"}; fi
  if [[ $COMP_WORDBREAKS == *=* && $current == *=* && \${current%"\${current##*=}"} == "$cut"* ]]; then
    cut=\${current%"\${current##*=}"}
  fi
  COMPREPLY=()
  {
    read -r kind
    while IFS=$'\\t' read -r value _; do COMPREPLY+=("\${value#"$cut"}"); done
  } < <("$1" completion words -- "\${words[@]:1}" 2> /dev/null)
  local rest=\${current#"$cut"}
  case $kind in
    files) compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$rest") ;;
    folders) compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$rest") ;;
    command) mapfile -t COMPREPLY < <(compgen -c -f -- "$rest") ;;
    unfinished) compopt -o nospace 2> /dev/null ;;
  esac
}
complete -F _spirekit spirekit
`,
  zsh: `#compdef spirekit
# Completion of spirekit for zsh. In ~/.zshrc, behind compinit: source <(spirekit completion zsh)
_spirekit() {
  local -a lines values shown
  local kind line
  lines=("\${(@f)$("\${(Q)words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
  kind=$lines[1]
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  case $kind in
    files) _files ;;
    folders) _files -/ ;;
    command) _command_names -e || _files ;;
    unfinished) compadd -S '' -l -d shown -a values ;;
    *) (( \${#values} )) && compadd -l -d shown -a values ;;
  esac
}
compdef _spirekit spirekit
`,
  fish: `# Completion of spirekit for fish. In ~/.config/fish/config.fish: spirekit completion fish | source
function __spirekit_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] completion words -- $words[2..-1] 2> /dev/null)
    switch "$lines[1]"
        case files folders command
            __fish_complete_path (commandline -ct)
        case '*'
            test (count $lines) -gt 1; and printf '%s\\n' $lines[2..-1]
    end
end
complete -c spirekit -f -a '(__spirekit_complete)'
`,
};
