// Files in, files out: the program finds its inputs beside itself, and what it writes is kept in a store.
#include <pysandbox/sandbox.hpp>

#include <filesystem>
#include <iostream>

int main() {
  const std::string place = (std::filesystem::temp_directory_path() / "pysandbox-example").string();
  pysandbox::Sandbox sandbox({.files = pysandbox::open_export_directory(place)});

  pysandbox::JobRequest request{.code = R"(
import csv
rows = list(csv.DictReader(open('prices.csv')))
with open('total.txt', 'w') as file:
    print(sum(float(row['price']) for row in rows), file=file)
)"};
  request.inputs.push_back({.path = "prices.csv", .content = "name,price\nbread,3.5\nmilk,1.25\n"});

  const pysandbox::RunResult result = sandbox.run(request);
  for (const auto& artifact : result.artifacts) {
    std::cout << place << '/' << artifact.path << ": " << artifact.size << " bytes, " << artifact.content_type << '\n';
  }
  std::filesystem::remove_all(place);
  return result.artifacts.size() == 1 ? 0 : 1;
}
