# What `cmake --install` puts down; docs/package.md lists it. Nothing in it holds an absolute path of the prefix, so that
# it can be moved.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cimtlm)
set(data_dir ${CMAKE_INSTALL_DATADIR}/cimtlm)

# Libraries: an export set a component.
set(core_targets cimtlm_core)
set(models_targets cimtlm_models)
set(config_targets cimtlm_workloads cimtlm_config)
foreach(component core models config)
  install(TARGETS ${${component}_targets} EXPORT cimtlm-${component}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT cimtlm-${component} NAMESPACE cimtlm:: FILE cimtlm-${component}-targets.cmake DESTINATION ${package_dir})
endforeach()

# Headers. The driver's lie flat in one folder, which models users include from: <cim_registers.h>.
install(DIRECTORY sc_models/cimtlm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(DIRECTORY driver/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cimtlm/driver FILES_MATCHING PATTERN *.h)
set(config_include ${CMAKE_INSTALL_INCLUDEDIR}/cimtlm_config) # <workloads/...>, <platforms/config/...>
install(FILES platforms/config/config.h platforms/config/files.h platforms/config/timeloop_problem.h
        DESTINATION ${config_include}/platforms/config)
install(FILES workloads/layer.h workloads/lowering.h workloads/models.h workloads/trace.h workloads/work.h
        DESTINATION ${config_include}/workloads)

# The program, and what it reads.
file(RELATIVE_PATH library_from_program "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
set_property(TARGET cimtlm PROPERTY INSTALL_RPATH "$ORIGIN/${library_from_program}")
install(TARGETS cimtlm RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY platforms DESTINATION ${data_dir} FILES_MATCHING PATTERN *.yaml PATTERN *.mapping
        PATTERN builder EXCLUDE PATTERN config EXCLUDE PATTERN program EXCLUDE)
install(DIRECTORY traces DESTINATION ${data_dir} FILES_MATCHING PATTERN *.csv)
install(DIRECTORY driver DESTINATION ${data_dir} FILES_MATCHING PATTERN *.[ch])
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# CMake package.
set(installed_data_dir ${data_dir})
configure_package_config_file(cmake/cimtlm-config.cmake.in ${PROJECT_BINARY_DIR}/package/cimtlm-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS installed_data_dir)
# Below 1.0 a new minor version may change interfaces.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/cimtlm-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/cimtlm-config.cmake
              ${PROJECT_BINARY_DIR}/package/cimtlm-config-version.cmake DESTINATION ${package_dir})
install(FILES cmake/systemc.cmake DESTINATION ${package_dir})

# pkg-config. Paths start from the folder of the .pc file.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix "${CMAKE_INSTALL_PREFIX}/${pc_dir}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
set(boost_cflags "")
get_target_property(boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
if(boost_include AND NOT boost_include IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
  set(boost_cflags " -I${boost_include}")
endif()
if(TARGET PkgConfig::cimtlm_systemc)
  set(systemc_requires " systemc")
  set(systemc_libs "")
else() # found otherwise: whoever uses the .pc file says where
  set(systemc_requires "")
  set(systemc_libs " -lsystemc")
endif()
if(BUILD_SHARED_LIBS)
  set(yaml_requires "")
else()
  set(yaml_requires " yaml-cpp")
endif()
foreach(component core models config)
  configure_file(cmake/cimtlm-${component}.pc.in ${PROJECT_BINARY_DIR}/package/cimtlm-${component}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/cimtlm-${component}.pc DESTINATION ${pc_dir})
endforeach()
