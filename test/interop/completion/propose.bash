# usage: bash --norc propose.bash SCRIPT WORD...: what the function that bash calls proposes for the last word.
source "$1" && shift
[[ $(complete -p brownout) == 'complete -F _brownout brownout' ]] || exit 9
compopt() { :; } # refuses to work where no key was pressed
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_brownout
printf '%s\n' "${COMPREPLY[@]}"
