// What a server calls the file that it sends.
#pragma once

#include <string>
#include <string_view>

namespace pysandbox::network {

// From the header Content-Disposition (RFC 6266: filename* before filename); else the last part of the path of its URL.
// The bytes are the server's: not safe, not even UTF-8. Empty if neither says anything.
std::string file_name_from(std::string_view content_disposition, std::string_view url_path);

// With %41 as A. A '%' that begins no such code stays.
std::string percent_decoded(std::string_view text);

}  // namespace pysandbox::network
