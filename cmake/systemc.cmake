# SystemC as the target SystemC::systemc, looked for in this order: a target that the surrounding project has, a CMake
# configuration, pkg-config, SYSTEMC_HOME. Debian ships pkg-config only. Without success there is no target, and
# cimtlm_systemc_missing says so. The installed package reads this file too.
if(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
  set(cimtlm_global GLOBAL)
else()
  set(cimtlm_global)
endif()
if(NOT TARGET SystemC::systemc)
  find_package(SystemCLanguage CONFIG QUIET)
endif()
if(NOT TARGET SystemC::systemc)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(cimtlm_systemc QUIET IMPORTED_TARGET ${cimtlm_global} systemc)
  endif()
  if(TARGET PkgConfig::cimtlm_systemc) # not an alias: exported targets name what is behind an alias
    add_library(SystemC::systemc INTERFACE IMPORTED ${cimtlm_global})
    set_property(TARGET SystemC::systemc PROPERTY INTERFACE_LINK_LIBRARIES PkgConfig::cimtlm_systemc)
  endif()
endif()
if(NOT TARGET SystemC::systemc AND DEFINED ENV{SYSTEMC_HOME})
  find_library(CIMTLM_SYSTEMC_LIBRARY systemc PATHS $ENV{SYSTEMC_HOME} PATH_SUFFIXES lib lib64 lib-linux64
               NO_DEFAULT_PATH)
  find_path(CIMTLM_SYSTEMC_INCLUDE systemc PATHS $ENV{SYSTEMC_HOME} PATH_SUFFIXES include NO_DEFAULT_PATH)
  mark_as_advanced(CIMTLM_SYSTEMC_LIBRARY CIMTLM_SYSTEMC_INCLUDE)
  if(CIMTLM_SYSTEMC_LIBRARY AND CIMTLM_SYSTEMC_INCLUDE)
    find_package(Threads QUIET)
    add_library(SystemC::systemc UNKNOWN IMPORTED ${cimtlm_global})
    set_target_properties(SystemC::systemc PROPERTIES
                          IMPORTED_LOCATION ${CIMTLM_SYSTEMC_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${CIMTLM_SYSTEMC_INCLUDE}
                          INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endif()
set(cimtlm_systemc_missing "SystemC was not found. cimtlm looks for, in this order: a target SystemC::systemc of the \
surrounding project, a CMake configuration (SystemCLanguage_DIR or CMAKE_PREFIX_PATH), pkg-config (systemc.pc, \
PKG_CONFIG_PATH; Debian: libsystemc-dev), the environment variable SYSTEMC_HOME (an installation with include/ and \
lib/)")
