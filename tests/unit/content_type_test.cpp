#include "file/content_type.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace pysandbox {
namespace {

using namespace std::string_literals;

std::string type_of(const std::string& name, const std::string& bytes = {}) {
  return content_type(name, std::as_bytes(std::span(bytes)));
}

TEST(ContentType, ComesFromTheName) {
  EXPECT_EQ(type_of("notes.txt"), "text/plain; charset=utf-8");
  EXPECT_EQ(type_of("table.csv"), "text/csv; charset=utf-8");
  EXPECT_EQ(type_of("page.html"), "text/html; charset=utf-8");
  EXPECT_EQ(type_of("README.md"), "text/markdown; charset=utf-8");
  EXPECT_EQ(type_of("main.py"), "text/x-python; charset=utf-8");
  EXPECT_EQ(type_of("data.json"), "application/json");
  EXPECT_EQ(type_of("plot.png"), "image/png");
  EXPECT_EQ(type_of("plot.svg"), "image/svg+xml");
  EXPECT_EQ(type_of("report.pdf"), "application/pdf");
  EXPECT_EQ(type_of("data.parquet"), "application/vnd.apache.parquet");
  EXPECT_EQ(type_of("book.xlsx"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  EXPECT_EQ(type_of("clip.mp4"), "video/mp4");
}

TEST(ContentType, ComesFromTheLastExtensionInAnyCase) {
  EXPECT_EQ(type_of("a.tar.gz"), "application/gzip");
  EXPECT_EQ(type_of("sub.dir/PHOTO.JPG"), "image/jpeg");
  EXPECT_EQ(type_of("two\nlines.csv"), "text/csv; charset=utf-8");
}

TEST(ContentType, BelievesTheNameBeforeTheBytes) { EXPECT_EQ(type_of("a.txt", "\x89PNG\r\n\x1a\n"), type_of("a.txt")); }

TEST(ContentType, DoesNotTakeADirectoryOrAHiddenFileForAnExtension) {
  EXPECT_EQ(type_of("a.csv/file"), unknown_content_type);
  EXPECT_EQ(type_of(".csv"), unknown_content_type);
  EXPECT_EQ(type_of("sub/.png"), unknown_content_type);
  EXPECT_EQ(type_of("csv"), unknown_content_type);
  EXPECT_EQ(type_of("csv."), unknown_content_type);
  EXPECT_EQ(type_of(""), unknown_content_type);
}

TEST(ContentType, ComesFromTheBytesWhereTheNameSaysNothing) {
  EXPECT_EQ(type_of("plot", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0"s), "image/png");
  EXPECT_EQ(type_of("report.v2", "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), "application/pdf");
  EXPECT_EQ(type_of("archive", "\x1f\x8b\x08\0\0\0\0\0\0\x03"s), "application/gzip");
  EXPECT_EQ(type_of("notes", "plain words\n"), "text/plain; charset=utf-8");
  EXPECT_EQ(type_of("notes", "gr\xc3\xbc\xc3\x9f\n"), "text/plain; charset=utf-8");
}

TEST(ContentType, PromisesNoCharsetThatIsAGuess) {
  EXPECT_EQ(type_of("notes", "gr\xfc\xdf, sagt sie\n"), "text/plain");
}

TEST(ContentType, IsUnknownForBytesWithoutMeaning) {
  EXPECT_EQ(type_of("x", "\x01\x02\x03\x04\xf1\xf2"), unknown_content_type);
}

TEST(ContentType, LooksOnlyAtTheBeginning) {
  const std::string text(content_type_bytes, 'a');
  EXPECT_EQ(type_of("x", text + "\0\1\2\3"s), type_of("x", text));
}

TEST(ContentType, CanBeAskedByManyThreads) {
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (std::size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back([&right, i] {
      for (int n = 0; n < 50; ++n) {
        right[i] += type_of("x", i % 2 == 0 ? "plain words\n" : "%PDF-1.4\n") ==
                    (i % 2 == 0 ? "text/plain; charset=utf-8" : "application/pdf");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(4, 50));
}

TEST(ContentSniffer, KnowsNothingWhereLibmagicIsNotInstalled) {
  ContentSniffer sniffer("libpysandbox-there-is-no-such-library.so.1");
  const std::string text = "plain words\n";
  EXPECT_EQ(sniffer.sniff(std::as_bytes(std::span(text))), unknown_content_type);
}

TEST(ContentSniffer, KnowsNothingWhenTheLibraryIsAnother) {
  ContentSniffer sniffer("libc.so.6");
  const std::string text = "plain words\n";
  EXPECT_EQ(sniffer.sniff(std::as_bytes(std::span(text))), unknown_content_type);
}

}  // namespace
}  // namespace pysandbox
