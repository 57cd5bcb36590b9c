// Parts of the docker runner that need no engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <pysandbox/error.hpp>

#include "container/seccomp/python_strict.hpp"
#include "docker/api_version.hpp"
#include "docker/container_shape.hpp"
#include "docker/end_mark.hpp"
#include "docker/engine_address.hpp"
#include "docker/engine_client.hpp"
#include "docker/frame_reader.hpp"
#include "docker/input_archive.hpp"
#include "docker/keeper_words.hpp"
#include "docker/output_archive.hpp"
#include "docker/refusal.hpp"
#include "docker/runner_lock.hpp"
#include "support/loopback_server.hpp"
#include "support/temporary_directory.hpp"
#include "wire/json_document.hpp"
#include "wire/seccomp_profile.hpp"

namespace pysandbox::docker {
namespace {

using ::pysandbox::testing::http_answer;
using ::pysandbox::testing::LoopbackServer;
using ::pysandbox::testing::refusal_of;
using ::pysandbox::testing::TemporaryDirectory;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using namespace std::string_literals;

// FRAMES

std::string frame(char stream, const std::string& text) {
  const auto size = text.size();
  return std::string{stream,
                     0,
                     0,
                     0,
                     static_cast<char>(size >> 24),
                     static_cast<char>(size >> 16),
                     static_cast<char>(size >> 8),
                     static_cast<char>(size)} +
         text;
}

struct Said {
  std::string out;
  std::string err;
};

Said read_in_pieces(const std::string& bytes, std::size_t piece) {
  Said said;
  FrameReader frames;
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    frames.add(std::string_view(bytes).substr(i, piece), [&](Stream stream, std::string_view text) {
      (stream == Stream::stdout_stream ? said.out : said.err) += text;
    });
  }
  EXPECT_TRUE(frames.at_boundary());
  return said;
}

TEST(FrameReader, TakesStreamsApartHoweverTheyAreCutIntoPieces) {
  const std::string bytes = frame(1, "out") + frame(2, "err") + frame(1, "") + frame(1, std::string(300, 'x'));
  for (std::size_t piece = 1; piece < 20; ++piece) {
    const Said said = read_in_pieces(bytes, piece);
    EXPECT_EQ(said.out, "out" + std::string(300, 'x'));
    EXPECT_EQ(said.err, "err");
  }
}

TEST(FrameReader, KnowsWhenAFrameIsNotWhole) {
  FrameReader frames;
  frames.add(frame(1, "four").substr(0, 10), [](Stream, std::string_view) {});
  EXPECT_FALSE(frames.at_boundary());
}

TEST(FrameReader, TakesAFrameOfFourGibibytesAsItComes) {
  FrameReader frames;
  std::size_t size = 0;
  const auto count = [&](Stream, std::string_view text) { size += text.size(); };
  frames.add("\1\0\0\0\xff\xff\xff\xff"s, count);
  frames.add(std::string(1'000'000, 'x'), count);
  EXPECT_EQ(size, 1'000'000u);
  EXPECT_FALSE(frames.at_boundary());
}

TEST(FrameReader, RefusesWhatIsNoFrame) {
  for (const std::string& head : {"HTTP/1.1"s, "\0\0\0\0\0\0\0\1"s, "\3\0\0\0\0\0\0\1"s, "\1\0\1\0\0\0\0\1"s}) {
    EXPECT_THROW(read_in_pieces(head, 3), Error);
  }
}

// THE MARK

Said split_at_mark(const std::string& mark, const std::string& bytes, std::size_t piece) {
  Said said;
  EndMark end(mark);
  const auto before = [&](std::string_view text) { said.out += text; };
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    end.add(std::string_view(bytes).substr(i, piece), before, [&](std::string_view text) { said.err += text; });
  }
  end.finish(before);
  return said;
}

TEST(EndMark, SplitsAStreamHoweverItIsCutIntoPieces) {
  for (std::size_t piece = 1; piece < 16; ++piece) {
    const Said said = split_at_mark("aab", "xaaaabyaab", piece);
    EXPECT_EQ(said.out, "xaa") << piece;
    EXPECT_EQ(said.err, "yaab") << piece;
  }
}

TEST(EndMark, LosesNothingOfAStreamWithoutOne) {
  for (std::size_t piece = 1; piece < 8; ++piece) {
    EXPECT_EQ(split_at_mark("abcd", "abcabcabc", piece).out, "abcabcabc");
  }
}

TEST(EndMark, HandsOnAtOnceWhatCannotBeItsBeginning) {
  EndMark end("mark");
  std::string out;
  end.add(
      "printed ma", [&](std::string_view text) { out += text; }, [](std::string_view) {});
  EXPECT_EQ(out, "printed ");
}

// THE KEEPER'S WORDS

std::string ending_text(const std::string& files, const std::string& head_more = "") {
  const std::string head =
      "error=0 status=256 leftovers=2 out_of_memory=0 cpu_observed=0 oom_kills=-1 refused_forks=3 cpu_user=10 "
      "cpu_system=20 memory_peak=4096 processes_peak=5 read_bytes=6 written_bytes=7 disk_bytes=8 disk_inodes=9 "
      "too_deep=0 too_many=0" +
      head_more;
  const std::string report =
      "exception\0E\0"
      "1\0v\0t\0"s;
  return std::to_string(head.size()) + " " + std::to_string(report.size()) + " " + std::to_string(files.size()) + "\n" +
         head + report + files;
}

TEST(EndingReader, ReadsAnEndingAndNothingBehindIt) {
  const std::string text = ending_text(
      "3 a.txt\0"
      "10 b/c d.txt\0"s);
  for (std::size_t piece = 1; piece < text.size() + 8; piece += 7) {
    EndingReader reader;
    const std::string all = text + "behind";
    std::size_t taken = 0;
    for (std::size_t i = 0; i < all.size(); i += piece) {
      taken += reader.add(std::string_view(all).substr(i, piece));
    }
    EXPECT_EQ(taken, text.size());
    ASSERT_TRUE(reader.ending());
    EXPECT_EQ(reader.ending()->wait_status, 256);
    EXPECT_EQ(reader.ending()->leftovers, 2u);
    EXPECT_FALSE(reader.ending()->oom_kills);
    EXPECT_EQ(reader.ending()->refused_forks, 3u);
    ASSERT_EQ(reader.ending()->files.size(), 2u);
    EXPECT_EQ(reader.ending()->files[1].path, "b/c d.txt");
    EXPECT_EQ(reader.ending()->files[1].size, 10u);
  }
}

TEST(EndingReader, RefusesNamesThatAKeeperWouldNotSend) {
  for (const std::string& files : {"1 ../x\0"s, "1 /etc/passwd\0"s, "1 a//b\0"s, "1 a/./b\0"s, "1 .hidden\0"s,
                                   "1 a/__pycache__/b\0"s, "1 \0"s, "x a\0"s, "-1 a\0"s, "1a\0"s, "1 a"s,
                                   "1 b\0"
                                   "1 a\0"s,
                                   "1 a\0"
                                   "1 a\0"s,
                                   "1 " + std::string(256, 'x') + "\0"s}) {
    EndingReader reader;
    EXPECT_THROW(reader.add(ending_text(files)), Error) << files;
  }
}

TEST(EndingReader, RefusesWhatIsNoEnding) {
  for (const std::string& text : {std::string(100, '1'), "1 2\nxxx"s, "1 1 99999999999\nxxx"s, "9999999 0 0\n"s,
                                  "3 0 0\na=b"s, "5 0 0\nerror"s, "7 0 0\nerror=0"s}) {
    EndingReader reader;
    EXPECT_THROW(reader.add(text), Error) << text;
  }
}

TEST(Greeting, IsOfThisVersionOrNone) {
  EXPECT_EQ(read_greeting("pysandbox-keeper 1 1234"), 1234us);
  for (const char* line : {"", "pysandbox-keeper 2 1", "pysandbox-keeper 1 ", "pysandbox-keeper 1 x", "bash: no"}) {
    EXPECT_FALSE(read_greeting(line)) << line;
  }
}

// ARCHIVES

std::string pack(const Program& program, const container::PackageAids& aids = {}) {
  std::string archive;
  write_inputs(program, aids, [&](std::string_view part) { archive += part; });
  return archive;
}

using Files = std::vector<std::pair<std::string, std::string>>;

Files unpack(const std::string& archive, const std::vector<ListedFile>& wanted, std::size_t* missing = nullptr) {
  Files files;
  std::size_t place = 0;
  const ArchiveSource source = [&](std::span<char> buffer) {
    const std::size_t count = std::min({buffer.size(), archive.size() - place, std::size_t{1'000}});
    std::copy_n(archive.begin() + static_cast<std::ptrdiff_t>(place), count, buffer.begin());
    place += count;
    return count;
  };
  const std::size_t left = read_outputs(wanted, source, [&](OutputFile& file) {
    std::string content(file.size() + 10, '\0');
    std::size_t used = 0;
    while (const auto count = file.read(std::as_writable_bytes(std::span(content)).subspan(used))) used += count;
    content.resize(used);
    files.emplace_back(file.path(), content);
  });
  if (missing != nullptr) *missing = left;
  return files;
}

TEST(Archives, CarryNamesOfAllKindsThereAndBack) {
  const std::string long_name = std::string(120, 'd') + "/" + std::string(150, 'f');
  const std::string odd_name = "gr\xc3\xbcn \xff\n";
  Program program{.entry_point = "main.py", .code = "pass"};
  program.inputs = {{.path = long_name, .content = std::string(100'000, 'x')}, {.path = odd_name, .content = "odd"}};
  const Files files = unpack(
      pack(program), {{"workspace/" + long_name, 100'000}, {"workspace/" + odd_name, 3}, {"workspace/main.py", 4}});
  EXPECT_EQ(files, (Files{{"workspace/" + long_name, std::string(100'000, 'x')},
                          {"workspace/" + odd_name, "odd"},
                          {"workspace/main.py", "pass"}}));
}

TEST(Archives, TellHowManyFilesDidNotCome) {
  std::size_t missing = 0;
  const Program program{.entry_point = "b", .code = "x"};
  EXPECT_EQ(unpack(pack(program), {{"a", 1}, {"workspace/b", 1}, {"workspace/c", 1}}, &missing).size(), 1u);
  EXPECT_EQ(missing, 2u);
}

TEST(Archives, RefuseWhatWasNotAskedFor) {
  const Program program{.entry_point = "b", .code = "four"};
  EXPECT_THAT(refusal_of(ErrorCode::unavailable,
                         [&] {
                           unpack(pack(program), {{"workspace/a", 4}});
                         }),
              HasSubstr("'workspace/b'"));
  EXPECT_THROW(unpack(pack(program), {{"workspace/b", 3}}), Error) << "longer than it was said to be";
  container::PackageAids aids;
  aids.files.push_back({.path = "link", .link_target = "/etc/passwd"});
  EXPECT_THROW(unpack(pack(program, aids), {{"tmp/link", 9}, {"workspace/b", 4}}), Error) << "no regular file";
  EXPECT_THROW(unpack(std::string(2'048, 'x'), {{"a", 1}}), Error) << "no archive";
  EXPECT_THROW(unpack(pack(program).substr(0, 514), {{"workspace/b", 4}}), Error) << "not whole";
}

// WHAT AN ENGINE IS ASKED FOR

TEST(SeccompProfile, SaysWhatTheNativeFilterSays) {
  const boost::json::value profile = seccomp::strict_profile();
  EXPECT_EQ(profile.at("defaultAction").as_string(), "SCMP_ACT_ERRNO");
  EXPECT_EQ(profile.at("architectures").as_array().size(), 1u);
  std::set<std::string> names;
  std::size_t with_arguments = 0;
  for (const auto& rule : profile.at("syscalls").as_array()) {
    with_arguments += rule.as_object().contains("args");
    for (const auto& name : rule.at("names").as_array()) names.emplace(name.as_string());
  }
  EXPECT_EQ(with_arguments, seccomp::allowed_arguments.size());
  for (const auto name : seccomp::allowed) EXPECT_TRUE(names.contains(std::string(name))) << name;
  for (const char* name : {"ptrace", "mount", "bpf", "keyctl", "unshare", "io_uring_setup", "setns"}) {
    EXPECT_FALSE(names.contains(name)) << name;
  }
}

TEST(ContainerShape, IsSharedByProgramsWithAboutTheSameInputs) {
  const ContainerSpec spec;
  EXPECT_EQ(shape_of(spec, {1'000, 2}), shape_of(spec, {500'000, 70}));
  EXPECT_NE(shape_of(spec, {1'000, 2}), shape_of(spec, {3'000'000, 2}));
  EXPECT_GE(shape_of(spec, {3'000'000, 2}).workspace_bytes, spec.limits.workspace_bytes + 3'000'000);
}

TEST(ContainerShape, AsksForEveryProtection) {
  ContainerSpec spec;
  spec.environment_directory = "/env";
  const boost::json::value json = parse_json(creation_json(shape_of(spec, {0, 0}), {}, "me"));
  const auto& host = json.at("HostConfig");
  EXPECT_EQ(json.at("User").as_string(), "65533:65533");
  EXPECT_EQ(json.at("Labels").at(runner_label).as_string(), "me");
  EXPECT_EQ(host.at("NetworkMode").as_string(), "none");
  EXPECT_TRUE(host.at("ReadonlyRootfs").as_bool());
  EXPECT_EQ(host.at("CapDrop"), (boost::json::value{"ALL"}));
  EXPECT_EQ(host.at("SecurityOpt").at(0).as_string(), "no-new-privileges");
  EXPECT_TRUE(host.at("SecurityOpt").at(1).as_string().starts_with("seccomp={"));
  EXPECT_EQ(host.at("Memory"), host.at("MemorySwap"));
  EXPECT_TRUE(host.at("Mounts").at(0).at("ReadOnly").as_bool());
  EXPECT_EQ(host.at("LogConfig").at("Type").as_string(), "none");
  EXPECT_FALSE(host.as_object().contains("Privileged"));
}

// THE ENGINE

TEST(ApiVersion, IsTheNewestThatBothSpeak) {
  EXPECT_EQ(to_string(choose_api_version({1, 12}, {1, 41})), "1.41");
  EXPECT_EQ(to_string(choose_api_version({1, 44}, {1, 99})), to_string(newest_api));
  EXPECT_THAT(refusal_of(ErrorCode::sandbox_unavailable,
                         [] {
                           choose_api_version({1, 12}, {1, 40});
                         }),
              HasSubstr("install Docker 20.10 or newer"));
  EXPECT_THAT(refusal_of(ErrorCode::sandbox_unavailable,
                         [] {
                           choose_api_version({2, 0}, {2, 1});
                         }),
              HasSubstr("newer pysandbox"));
  for (const char* text : {"", "1", "1.", ".1", "1.x", "1.2.3"}) EXPECT_FALSE(parse_api_version(text)) << text;
}

TEST(EngineAddress, IsASocketOrAPort) {
  EXPECT_EQ(parse_engine_address("unix:///run/docker.sock").socket, "/run/docker.sock");
  EXPECT_EQ(parse_engine_address("tcp://127.0.0.1:2375").base, "http://127.0.0.1:2375");
  EXPECT_EQ(parse_engine_address("tcp://[::1]:2375").base, "http://[::1]:2375");
  for (const char* text : {"", "/run/docker.sock", "unix://run/docker.sock", "unix://", "tcp://host", "tcp://:1",
                           "tcp://host:0", "tcp://host:99999", "tcp://host/x:1", "tcp://a@b:1", "https://host:1"}) {
    EXPECT_THROW(parse_engine_address(text), Error) << text;
  }
}

EngineClient client_of(const LoopbackServer& server) {
  return EngineClient(parse_engine_address("tcp://" + server.place()), 1s);
}

constexpr const char* version_text = R"({"ApiVersion":"1.43","MinAPIVersion":"1.12"})";

TEST(EngineClient, SpeaksTheVersionThatTheEngineKnowsOverTcp) {
  LoopbackServer server([](LoopbackServer::Connection& connection) {
    connection.send(http_answer(connection.target() == "/version" ? version_text : "{}"));
  });
  EngineClient client = client_of(server);
  EXPECT_TRUE(client.get("/info").ok());
  EXPECT_TRUE(client.post("/x", "{}").ok());
  EXPECT_EQ(server.targets(), (std::vector<std::string>{"/version", "/v1.43/info", "/v1.43/x"}));
}

TEST(EngineClient, ShowsWhatTheEngineSaysOnOneLine) {
  EXPECT_EQ((Answer{404, R"({"message":"No such\nimage."})"}.message()), "No such image");
  EXPECT_EQ((Answer{502, "<html>"}.message()), "<html>");
  EXPECT_EQ((Answer{500, ""}.message()), "status 500");
}

TEST(EngineClient, SaysWhatToDoWhenNobodyAnswersOrSomebodyElseDoes) {
  const TemporaryDirectory place;
  EngineClient nobody(parse_engine_address("unix://" + place / "socket"), 1s);
  EXPECT_THAT(refusal_of(ErrorCode::unavailable, [&] { nobody.get("/info"); }), HasSubstr("start it, or name another"));
  LoopbackServer page([](LoopbackServer::Connection& connection) { connection.send(http_answer("<html>")); });
  EngineClient other = client_of(page);
  EXPECT_THAT(refusal_of(ErrorCode::sandbox_unavailable, [&] { other.get("/info"); }),
              HasSubstr("is no Docker engine"));
}

TEST(EngineClient, WaitsNoLongerThanACallMayTake) {
  LoopbackServer server([](LoopbackServer::Connection& connection) { connection.pause(60s); });
  EngineClient client = client_of(server);
  EXPECT_THAT(refusal_of(ErrorCode::unavailable, [&] { client.get("/info"); }), HasSubstr("in time"));
}

TEST(EngineClient, TellsThatTheEngineBrokeOff) {
  LoopbackServer server([](LoopbackServer::Connection& connection) {
    if (connection.target() == "/version") {
      connection.send(http_answer(version_text));
    } else {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    }
  });
  EngineClient client = client_of(server);
  EXPECT_THAT(refusal_of(ErrorCode::unavailable, [&] { client.get("/info"); }), HasSubstr("broke off at GET"));
}

TEST(RunnerLock, IsHeldByTheLivingAndTakenFromTheDead) {
  const TemporaryDirectory place;
  std::string id;
  {
    const RunnerLock living = RunnerLock::make(place.path());
    id = living.id();
    EXPECT_FALSE(RunnerLock::take_dead(place.path(), id));
  }
  {
    auto dead = RunnerLock::take_dead(place.path(), id);
    ASSERT_TRUE(dead);
    dead->forget();
  }
  EXPECT_FALSE(RunnerLock::take_dead(place.path(), id)) << "nobody knows it any more";
  EXPECT_FALSE(RunnerLock::take_dead(place.path(), "../../etc/passwd"));
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

}  // namespace
}  // namespace pysandbox::docker
