# usage: zsh -f propose.zsh SCRIPT LINE: what an interactive zsh proposes at the end of LINE, a word a line.
zmodload zsh/zpty || exit 9
zpty shell zsh -f -i
zpty -w shell "PROMPT= RPROMPT=; autoload -Uz compinit; compinit -u -D; source $1"
# Calls of compadd that only compute something propose nothing.
zpty -w shell '
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  typeset -a __hits; builtin compadd -A __hits "$@"
  for word in $__hits; do print -r -- "PROPOSED $word"; done
  builtin compadd "$@"
}
finish() { print -r -- "THE END" }; zle -N finish; bindkey "^Y" finish
bindkey "^I" complete-word; print READY'
zpty -r shell line '*READY*'; zpty -r shell line '*READY*' # once as typed, once as printed
zpty -w -n shell "$2"$'\t\x19'
zpty -r shell out '*THE END*'
print -r -- "$out" | tr -d '\r' | sed -n 's/^.*PROPOSED //p'
