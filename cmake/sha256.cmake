# SHA-256 and its HMAC out of nettle's archive, as one object whose names are ours: a program that links libpysandbox.a
# needs no nettle for it, and may use another nettle beside it.
find_library(PYSANDBOX_NETTLE_ARCHIVE libnettle.a)
mark_as_advanced(PYSANDBOX_NETTLE_ARCHIVE)

# The sources are the files of `target` that call it.
function(take_sha256_into target)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/sha256.o)
  foreach(name nettle_sha256_init nettle_sha256_update nettle_sha256_digest
               nettle_hmac_sha256_set_key nettle_hmac_sha256_update nettle_hmac_sha256_digest)
    list(APPEND wanted --undefined=${name})
    list(APPEND renamed --redefine-sym ${name}=pysandbox_${name} --keep-global-symbol=pysandbox_${name})
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS ${name}=pysandbox_${name})
  endforeach()
  add_custom_command(OUTPUT ${object} DEPENDS ${PYSANDBOX_NETTLE_ARCHIVE} VERBATIM
                     COMMAND ${CMAKE_LINKER} -r ${wanted} -o ${object} ${PYSANDBOX_NETTLE_ARCHIVE}
                     COMMAND ${CMAKE_OBJCOPY} ${renamed} ${object}
                     COMMENT "Taking SHA-256 out of ${PYSANDBOX_NETTLE_ARCHIVE}")
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON)
  target_sources(${target} PRIVATE ${object})
  target_include_directories(${target} PRIVATE ${nettle_INCLUDE_DIRS})
endfunction()
