# cmake --install: the library, its public headers, corbelc, the name server, the standard IDL files, the man pages, the completion of shells, and what
# find_package(Corbel) and pkg-config read. Nothing of it knows where it is: the whole can be moved.
# tests/system/installed.txt lists every file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CORBEL_INSTALL_IDLDIR "${CMAKE_INSTALL_DATADIR}/corbel/idl")
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Corbel")

# Programs find the library beside them.
file(RELATIVE_PATH to_library "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
set_target_properties(corbel-ns nsc PROPERTIES INSTALL_RPATH "$ORIGIN/${to_library}")

install(TARGETS corbel corbelc EXPORT CorbelTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS corbel-ns nsc)
install(DIRECTORY runtime/include/corbel daemon/include/corbel DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(DIRECTORY idl/corbel DESTINATION "${CORBEL_INSTALL_IDLDIR}" FILES_MATCHING PATTERN "*.idl" PATTERN "*.proto")
install(FILES docs/man/corbelc.1 docs/man/corbel-ns.1 docs/man/nsc.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES docs/man/corbel.7 DESTINATION "${CMAKE_INSTALL_MANDIR}/man7")
install(FILES codegen/completion/corbelc DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES codegen/completion/_corbelc DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
install(FILES LICENSE CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT CorbelTargets NAMESPACE Corbel:: DESTINATION "${package}")
configure_package_config_file(cmake/CorbelConfig.cmake.in "${CMAKE_BINARY_DIR}/CorbelConfig.cmake" INSTALL_DESTINATION "${package}"
                              PATH_VARS CORBEL_INSTALL_IDLDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/CorbelConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/CorbelConfig.cmake" "${CMAKE_BINARY_DIR}/CorbelConfigVersion.cmake" cmake/CorbelGenerate.cmake
        DESTINATION "${package}")

# A folder that was given as an absolute path stays one; all others are below the prefix.
foreach(name bindir libdir includedir)
  string(TOUPPER "CMAKE_INSTALL_${name}" variable)
  set(${name} "${${variable}}")
endforeach()
set(idldir "${CORBEL_INSTALL_IDLDIR}")
foreach(name bindir libdir includedir idldir)
  if(NOT IS_ABSOLUTE "${${name}}")
    set(${name} "\${prefix}/${${name}}")
  endif()
endforeach()
file(RELATIVE_PATH to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
configure_file(cmake/corbel.pc.in "${CMAKE_BINARY_DIR}/corbel.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/corbel.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
