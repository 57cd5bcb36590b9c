// Links pysandbox::network and asks it something that needs no network.

#include <iostream>

#include <pysandbox/error.hpp>
#include <pysandbox/web_client.hpp>

int main() {
  const auto client = pysandbox::make_web_client();
  if (client->objection_to("https://example.com/a.csv").empty()) std::cout << "a public place\n";
  if (!client->objection_to("http://127.1/").empty()) std::cout << "no public place\n";
  try {
    pysandbox::make_web_client({.allow = {"10.0.0.1/8"}});
  } catch (const pysandbox::Error& error) {
    std::cout << to_string(error.code()) << '\n';
  }
}
