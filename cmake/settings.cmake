# What every target of the project has in common.
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(pysandbox_settings INTERFACE)
target_compile_features(pysandbox_settings INTERFACE cxx_std_20)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND warnings -Wno-restrict)  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651)
endif()
if(PYSANDBOX_WERROR)
  list(APPEND warnings -Werror)
endif()
target_compile_options(pysandbox_settings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")
target_include_directories(pysandbox_settings INTERFACE ${PROJECT_SOURCE_DIR}/src)

# Sanitizers watch the host side only: pysandbox-init is static, single-threaded and
# runs where a sanitizer's runtime could not.
add_library(pysandbox_sanitizers INTERFACE)
if(PYSANDBOX_SANITIZE)
  target_compile_options(pysandbox_sanitizers INTERFACE
    -fsanitize=${PYSANDBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(pysandbox_sanitizers INTERFACE -fsanitize=${PYSANDBOX_SANITIZE})
endif()
