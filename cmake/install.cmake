# What `cmake --install` puts where, and how other projects find it: find_package(pysandbox) and pkg-config.
include(CMakePackageConfigHelpers)

# A static library needs what it is made of; a shared one has it inside or finds it itself.
set(NEEDS_NETTLE OFF)
set(NEEDS_SQLITE OFF)
set(PC_PRIVATE_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  set(PC_PRIVATE_LIBS "-ldl")
  if(NOT PYSANDBOX_NETTLE_ARCHIVE)
    set(NEEDS_NETTLE ON)
    string(PREPEND PC_PRIVATE_LIBS "-lnettle ")
  endif()
  if(PYSANDBOX_WITH_SQLITE)
    set(NEEDS_SQLITE ON)
    string(PREPEND PC_PRIVATE_LIBS "-lsqlite3 ")
  endif()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pysandbox)
install(TARGETS pysandbox EXPORT pysandbox-targets FILE_SET HEADERS)
install(EXPORT pysandbox-targets NAMESPACE pysandbox:: DESTINATION ${package_dir})
if(PYSANDBOX_WITH_NETWORK)
  install(TARGETS pysandbox_network EXPORT pysandbox-network-targets)
  install(EXPORT pysandbox-network-targets NAMESPACE pysandbox:: DESTINATION ${package_dir})
endif()
if(PYSANDBOX_WITH_POSTGRES)
  install(TARGETS pysandbox_postgres EXPORT pysandbox-postgres-targets)
  install(EXPORT pysandbox-postgres-targets NAMESPACE pysandbox:: DESTINATION ${package_dir})
endif()
if(PYSANDBOX_WITH_ENVIRONMENTS)
  install(TARGETS pysandbox_environments EXPORT pysandbox-environments-targets)
  install(EXPORT pysandbox-environments-targets NAMESPACE pysandbox:: DESTINATION ${package_dir})
endif()
configure_package_config_file(cmake/pysandbox-config.cmake.in ${PROJECT_BINARY_DIR}/pysandbox-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pysandbox-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pysandbox-config.cmake ${PROJECT_BINARY_DIR}/pysandbox-config-version.cmake
        DESTINATION ${package_dir})

# Relative to the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH PC_TO_PREFIX /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
configure_file(cmake/pysandbox.pc.in ${PROJECT_BINARY_DIR}/pysandbox.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pysandbox.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
