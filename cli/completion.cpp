#include "completion.hpp"

#include <fmt/format.h>

#include <pysandbox/limits.hpp>

namespace pysandbox::cli {
namespace {

constexpr const char* commands = "run doctor completion";
constexpr const char* run_flags =
    "--arg --code --cgroup-parent --cpus --data --env --help --json --limit --memory --min-isolation --out --output --python "
    "--quiet --rootfs --stdin --timeout";
constexpr const char* doctor_flags = "--cgroup-parent --help --json --python --rootfs";

std::string limit_words() {
  std::string words;
  for (const auto& field : limit_fields()) words += fmt::format("{}= ", field.name);
  return words;
}

std::string bash() {
  return fmt::format(R"(_pysandbox() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{0} --help --version" -- "$word")); return
  fi
  case "$before" in
    --limit|-l) compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W "{3}" -- "$word")); return ;;
    --min-isolation) COMPREPLY=($(compgen -W "rlimits cgroup full" -- "$word")); return ;;
    --out|-o|--rootfs) COMPREPLY=($(compgen -d -- "$word")); return ;;
  esac
  case "${{COMP_WORDS[1]}}:$word" in
    run:-*) COMPREPLY=($(compgen -W "{1}" -- "$word")) ;;
    doctor:-*) COMPREPLY=($(compgen -W "{2}" -- "$word")) ;;
    completion:*) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _pysandbox pysandbox
)",
                     commands, run_flags, doctor_flags, limit_words());
}

std::string zsh() { return "autoload -U +X bashcompinit && bashcompinit\n" + bash(); }

void add_fish_flags(std::string& text, const char* command, std::string_view flags) {
  while (!flags.empty()) {
    const auto space = flags.find(' ');
    const auto flag = flags.substr(2, space - 2);
    text += fmt::format("complete -c pysandbox -n '__fish_seen_subcommand_from {}' -l {}\n", command, flag);
    flags.remove_prefix(space == std::string_view::npos ? flags.size() : space + 1);
  }
}

std::string fish() {
  std::string text = fmt::format("complete -c pysandbox -n __fish_use_subcommand -f -a '{}'\n", commands);
  add_fish_flags(text, "run", run_flags);
  add_fish_flags(text, "doctor", doctor_flags);
  text += "complete -c pysandbox -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "fish") return fish();
  return shell == "zsh" ? zsh() : bash();
}

}  // namespace pysandbox::cli
