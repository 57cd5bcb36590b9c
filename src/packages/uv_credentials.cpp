#include "packages/uv_credentials.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "packages/resolution_files.hpp"

namespace pysandbox::packages {
namespace {

using NamedIndexes = std::map<std::string, std::string>;  // addresses by the name that variables have

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// "my-index" is MY_INDEX.
std::string name_in_variables(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    c = !is_letter_or_digit(c) ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return result;
}

// "name=https://index.example/simple https://other.example/simple"
void add_from_variable(NamedIndexes& indexes, const std::string& value) {
  std::istringstream words(value);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    if (equals < word.find("://")) indexes[name_in_variables(word.substr(0, equals))] = word.substr(equals + 1);
  }
}

// Of TOML what the tables of indexes need.
void add_from_configuration(NamedIndexes& indexes, std::string_view configuration) {
  static const std::regex pair("\\s*(name|url)\\s*=\\s*[\"']([^\"']*)[\"']\\s*(?:#.*)?");
  std::istringstream lines{std::string(configuration)};
  std::string name, url;
  bool in_index = false;
  const auto finish = [&] {
    if (in_index && !name.empty()) indexes[name_in_variables(name)] = url;
    name.clear();
    url.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
    if (line.compare(begin, 1, "[") == 0) {
      finish();
      in_index = line.compare(begin, 9, "[[index]]") == 0;
    }
    std::smatch match;
    if (std::regex_match(line, match, pair)) (match[1] == "name" ? name : url) = match[2];
  }
  finish();
}

std::string origin_of(const std::string& url) {
  const std::string plain = without_credentials_in(url);
  const auto host = plain.find("://");
  return host == plain.npos ? "" : plain.substr(0, plain.find('/', host + 3));
}

// As it would stand in an address.
std::string encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter_or_digit(c)) {
      result += c;
    } else {
      result += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return result;
}

}  // namespace

std::vector<Credential> credentials_of_named_indexes(const Variables& environment, std::string_view configuration) {
  const auto value = [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  NamedIndexes indexes;
  add_from_configuration(indexes, configuration);
  for (const char* variable : {"UV_INDEX", "UV_DEFAULT_INDEX"}) add_from_variable(indexes, value(variable));
  std::vector<Credential> found;
  for (const auto& [name, url] : indexes) {
    const std::string user = value("UV_INDEX_" + name + "_USERNAME"),
                      password = value("UV_INDEX_" + name + "_PASSWORD");
    const std::string origin = origin_of(url);
    if (origin.empty() || (user.empty() && password.empty())) continue;
    found.push_back({origin, encoded(user) + ":" + encoded(password)});
  }
  return found;
}

}  // namespace pysandbox::packages
