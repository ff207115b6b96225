# The target docs: the API reference from the public headers, in <build>/docs/api/index.html. It needs Doxygen, which nothing else does.
find_program(DOXYGEN doxygen)
set(output "${CMAKE_BINARY_DIR}/docs")
configure_file(cmake/Doxyfile.in "${output}/Doxyfile" @ONLY)
add_custom_target(docs VERBATIM
  COMMAND "${CMAKE_COMMAND}" "-DDOXYGEN=${DOXYGEN}" "-DOUTPUT=${output}" -P "${PROJECT_SOURCE_DIR}/cmake/RunDoxygen.cmake"
  COMMENT "API reference: ${output}/api/index.html")
