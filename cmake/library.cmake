# cimtlm_library(NAME SOURCES...): a library of the package, static or shared as BUILD_SHARED_LIBS says.
function(cimtlm_library name)
  set(target cimtlm_${name})
  add_library(${target} ${ARGN})
  add_library(cimtlm::${name} ALIAS ${target})
  # The warnings are ours: no dependency of the installed target.
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:cimtlm_options>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
                                             SOVERSION ${PROJECT_VERSION_MAJOR} INSTALL_RPATH "$ORIGIN")
  if(BUILD_SHARED_LIBS) # why a list of the linker: docs/decisions.md, "The package"
    set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
    target_link_options(${target} PRIVATE -Wl,--version-script=${exports}
                        $<$<NOT:$<BOOL:${CIMTLM_SANITIZE}>>:-Wl,--no-undefined>)
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${exports})
  endif()
endfunction()
