# What pysandbox is built with, all from the system's package manager.
find_package(Boost 1.81 CONFIG REQUIRED)  # JSON, whose sources are compiled in
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(nettle REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp)  # while building only
if(PYSANDBOX_WITH_SQLITE)
  find_package(SQLite3 REQUIRED)
endif()
if(PYSANDBOX_WITH_NETWORK)
  find_package(CURL 7.87 REQUIRED)  # CURLOPT_QUICK_EXIT
endif()
if(PYSANDBOX_WITH_DOCKER)
  find_package(CURL 7.87 REQUIRED)
  find_package(LibArchive REQUIRED)
endif()
if(PYSANDBOX_WITH_POSTGRES)
  pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
endif()
if(PYSANDBOX_BUILD_CLI OR PYSANDBOX_BUILD_SERVER)
  find_package(CLI11 REQUIRED)
endif()
if(PYSANDBOX_BUILD_CLI)
  find_package(CURL 7.85 REQUIRED)  # its headers; the program loads it when it needs it
  find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)  # headers alone
endif()
if(PYSANDBOX_BUILD_SERVER)
  find_package(spdlog REQUIRED)
  find_package(prometheus-cpp REQUIRED)  # its core only
  find_package(LibArchive REQUIRED)
endif()
if(PYSANDBOX_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(PYSANDBOX_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
