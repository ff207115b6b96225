# corbel_generate(<target> <file.idl>... [INCLUDES dir...] [PROTO] [NO_LIBRARY])
#
# Compiles IDL files with corbelc and adds the C to <target>; a target that does not exist becomes a static library. What
# links <target> gets the folder of the generated headers and Corbel::corbel with it.
#
# Everything is written below <build>/corbel/<target>/. An IDL file below one of the INCLUDES folders (the deepest that fits), or
# else below the current source folder, keeps its path from there, as #include wants it: idl/bank.idl becomes
# idl/bank.corbel.h, and with INCLUDES idl, bank.corbel.h. A file that is nowhere below goes by its name alone.
# INCLUDES folders are also corbelc's -I. The rules run again when the IDL, anything that it includes, or corbelc changes.
#
# corbel/naming.idl and the other files of Corbel's own can be named as #include names them, without a folder: they are in
# Corbel_IDL_DIR. Who includes <corbel/naming.idl> compiles it, too.
#
# PROTO: also write idl/bank.proto beside idl/bank.corbel.h: what travels, for other languages.
#
# NO_LIBRARY: do not link Corbel::corbel (what libcorbel itself is made of).

function(corbel_generate target)
  cmake_parse_arguments(PARSE_ARGV 1 G "NO_LIBRARY;PROTO" "" "INCLUDES")
  if(NOT G_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "corbel_generate(${target}): no IDL file")
  endif()
  if(TARGET corbelc)
    set(compiler corbelc)
  elseif(TARGET Corbel::corbelc)
    set(compiler Corbel::corbelc)
  else()
    message(FATAL_ERROR "corbel_generate(${target}): there is no target corbelc or Corbel::corbelc")
  endif()

  # The languages are those of the whole build: without C, CMake would leave the generated files out and say nothing.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    message(FATAL_ERROR "corbel_generate(${target}): the generated code is C: enable_language(C)")
  endif()

  set(root "${CMAKE_BINARY_DIR}/corbel/${target}")
  set(bases "")
  set(options "")
  foreach(folder IN LISTS G_INCLUDES)
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    cmake_path(SET folder NORMALIZE "${folder}/.")
    list(APPEND bases "${folder}")
    list(APPEND options -I "${folder}")
  endforeach()
  if(Corbel_IDL_DIR)
    cmake_path(SET folder NORMALIZE "${Corbel_IDL_DIR}/.")
    list(APPEND bases "${folder}")
  endif()

  set(sources "")
  foreach(file IN LISTS G_UNPARSED_ARGUMENTS)
    if(file MATCHES "^corbel/" AND Corbel_IDL_DIR AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      cmake_path(APPEND Corbel_IDL_DIR "${file}" OUTPUT_VARIABLE file)
    endif()
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    _corbel_place("${file}" "${bases}" place)
    cmake_path(GET file STEM LAST_ONLY stem)
    cmake_path(APPEND root "${place}" OUTPUT_VARIABLE folder)
    cmake_path(SET folder NORMALIZE "${folder}")
    string(REGEX REPLACE "/$" "" folder "${folder}")
    file(MAKE_DIRECTORY "${folder}")
    set(output "${folder}/${stem}.corbel")
    add_custom_command(
      OUTPUT "${output}.c" "${output}.h"
      COMMAND ${compiler} ${options} -MD -o "${folder}" "${file}"
      DEPENDS "${file}" ${compiler}
      DEPFILE "${output}.d"
      COMMENT "corbelc ${file}"
      VERBATIM)
    list(APPEND sources "${output}.c" "${output}.h")
    if(G_PROTO)
      add_custom_command(
        OUTPUT "${folder}/${stem}.proto"
        COMMAND ${compiler} ${options} --proto -MD -o "${folder}" "${file}"
        DEPENDS "${file}" ${compiler}
        DEPFILE "${folder}/${stem}.proto.d"
        COMMENT "corbelc --proto ${file}"
        VERBATIM)
      list(APPEND sources "${folder}/${stem}.proto")
    endif()
  endforeach()

  if(TARGET ${target})
    target_sources(${target} PRIVATE ${sources})
  else()
    add_library(${target} STATIC ${sources})
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set(scope PRIVATE)
  else()
    set(scope PUBLIC)
  endif()
  target_include_directories(${target} ${scope} "${root}")
  if(NOT G_NO_LIBRARY)
    target_link_libraries(${target} ${scope} Corbel::corbel)
  endif()
endfunction()

# The folder of a file below the deepest base that holds it, or "" when none does.
function(_corbel_place file bases result)
  cmake_path(GET file PARENT_PATH parent)
  set(place "")
  set(best -1)
  foreach(base IN LISTS bases)
    cmake_path(IS_PREFIX base "${parent}/." NORMALIZE holds)
    string(LENGTH "${base}" length)
    if(holds AND length GREATER best)
      set(best ${length})
      cmake_path(RELATIVE_PATH parent BASE_DIRECTORY "${base}" OUTPUT_VARIABLE place)
    endif()
  endforeach()
  if(best EQUAL -1)
    cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR "${parent}" NORMALIZE holds)
    if(holds)
      cmake_path(RELATIVE_PATH parent BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE place)
    endif()
  endif()
  if(place STREQUAL ".")
    set(place "")
  endif()
  set(${result} "${place}" PARENT_SCOPE)
endfunction()
