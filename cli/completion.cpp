#include "completion.hpp"

#include <fmt/format.h>

#include <pysandbox/limits.hpp>

namespace pysandbox::cli {
namespace {

struct Flags {
  const char* command;
  const char* words;
};

constexpr const char* commands = "run submit status results logs cancel files upload list env doctor completion";
constexpr Flags flags[] = {
    {"run",
     "--allow-source-builds --arg --code --cgroup-parent --cpus --data --engine --env --environment "
     "--environment-store --find-links --help --image --index-url --isolation --json --limit --memory --min-isolation "
     "--no-index --no-script-metadata --out --output --package --python --quiet --rootfs --runner --runtime --stdin "
     "--timeout"},
    {"submit",
     "--arg --callback-url --code --cpus --data --env --environment --help --idempotency-key --isolation --json --key "
     "--limit "
     "--memory --metadata --min-isolation --out --output --package --priority --quiet --server --stdin --timeout --ttl "
     "--wait"},
    {"status", "--help --json --key --server"},
    {"results", "--help --json --key --out --quiet --server"},
    {"logs", "--follow --help --key --server"},
    {"cancel", "--help --json --key --server"},
    {"files", "--help --json --key --out --server"},
    {"upload", "--help --json --key --server"},
    {"list", "--help --json --key --limit --server --status"},
    {"env",
     "--allow-source-builds --budget --cgroup-parent --find-links --help --index-url --installer --json --no-index "
     "--python --quiet --refresh --require-hashes --rootfs --store"},
    {"doctor", "--cgroup-parent --engine --help --image --json --python --rootfs --runner --runtime"},
};

std::string limit_words() {
  std::string words;
  for (const auto& field : limit_fields()) words += fmt::format("{}= ", field.name);
  return words;
}

std::string bash() {
  std::string cases;
  for (const auto& [command, words] : flags) {
    cases += fmt::format("    {}:-*) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")) ;;\n", command, words);
  }
  return fmt::format(R"(_pysandbox() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{0} --help --version" -- "$word")); return
  fi
  case "${{COMP_WORDS[1]}}:$before" in
    run:--limit|run:-l|submit:--limit|submit:-l)
      compopt -o nospace 2>/dev/null; COMPREPLY=($(compgen -W "{2}" -- "$word")); return ;;
    *:--isolation) COMPREPLY=($(compgen -W "any fresh" -- "$word")); return ;;
    *:--min-isolation) COMPREPLY=($(compgen -W "rlimits cgroup full vm_like" -- "$word")); return ;;
    *:--runner) COMPREPLY=($(compgen -W "native oci docker" -- "$word")); return ;;
    *:--runtime) COMPREPLY=($(compgen -W "runc crun runsc" -- "$word")); return ;;
    *:--status) COMPREPLY=($(compgen -W "queued running completed failed" -- "$word")); return ;;
    *:--out|*:-o|*:--rootfs|*:--store|*:--environment-store|*:--find-links) COMPREPLY=($(compgen -d -- "$word")); return ;;
  esac
  case "${{COMP_WORDS[1]}}:$word" in
{1}    env:*) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W "list build show prune" -- "$word")) ;;
    completion:*) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _pysandbox pysandbox
)",
                     commands, cases, limit_words());
}

std::string zsh() { return "autoload -U +X bashcompinit && bashcompinit\n" + bash(); }

void add_fish_flags(std::string& text, const char* command, std::string_view words) {
  while (!words.empty()) {
    const auto space = words.find(' ');
    const auto flag = words.substr(2, space - 2);
    text += fmt::format("complete -c pysandbox -n '__fish_seen_subcommand_from {}' -l {}\n", command, flag);
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  }
}

std::string fish() {
  std::string text = fmt::format("complete -c pysandbox -n __fish_use_subcommand -f -a '{}'\n", commands);
  for (const auto& [command, words] : flags) add_fish_flags(text, command, words);
  text += "complete -c pysandbox -n '__fish_seen_subcommand_from env' -f -a 'list build show prune'\n";
  text += "complete -c pysandbox -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "fish") return fish();
  return shell == "zsh" ? zsh() : bash();
}

}  // namespace pysandbox::cli
