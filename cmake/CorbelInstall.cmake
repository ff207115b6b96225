# cmake --install: the library, its public headers, corbelc, the name server, the standard IDL files, and what find_package(Corbel) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Corbel")
# Programs find the library beside them, wherever the whole was put.
file(RELATIVE_PATH to_library "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
set_target_properties(corbelc corbel-ns nsc PROPERTIES INSTALL_RPATH "$ORIGIN/${to_library}")

install(TARGETS corbel corbelc EXPORT CorbelTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS corbel-ns nsc)
install(DIRECTORY runtime/include/corbel daemon/include/corbel DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(DIRECTORY idl/corbel DESTINATION "${CMAKE_INSTALL_DATADIR}/corbel/idl" FILES_MATCHING PATTERN "*.idl")
install(EXPORT CorbelTargets NAMESPACE Corbel:: DESTINATION "${package}")

configure_package_config_file(cmake/CorbelConfig.cmake.in "${CMAKE_BINARY_DIR}/CorbelConfig.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/CorbelConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/CorbelConfig.cmake" "${CMAKE_BINARY_DIR}/CorbelConfigVersion.cmake" cmake/CorbelGenerate.cmake
        DESTINATION "${package}")
