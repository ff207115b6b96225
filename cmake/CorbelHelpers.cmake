# What every room's CMakeLists.txt uses.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CORBEL_SANITIZER "" CACHE STRING "address (with undefined), thread, fuzzer, or empty")
if(CORBEL_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(CORBEL_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(CORBEL_SANITIZER STREQUAL "fuzzer")
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(CORBEL_SANITIZER)
  message(FATAL_ERROR "CORBEL_SANITIZER is '${CORBEL_SANITIZER}'; it can be address, thread, fuzzer, or empty")
endif()

# Properties of all code of ours: the warnings, the feature level of the C library, the source root for private includes.
add_library(corbel_build INTERFACE)
target_compile_options(corbel_build INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Werror -Wshadow -Wstrict-prototypes
                                              -Wmissing-prototypes)
target_compile_definitions(corbel_build INTERFACE _GNU_SOURCE)
target_include_directories(corbel_build INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/runtime/include"
                                                  "${PROJECT_SOURCE_DIR}/daemon/include")

# corbel_test(NAME name SOURCES file... [LIBRARIES lib...] [LABELS label...] [TIMEOUT seconds] [ARGS arg...] [FAILING_ALLOCATIONS])
# One cmocka program, one ctest. It fails, too, when it leaves a descriptor open or a process running (tests/support). Labels: unit, conformance, example, golden, system, law (what the sanitizer presets select from),
# and quick or long (quick when none of the two is given). FAILING_ALLOCATIONS: it may make any of our allocations fail
# (tests/runtime/support/alloc_fail.h).
function(corbel_test)
  cmake_parse_arguments(T "FAILING_ALLOCATIONS" "NAME;TIMEOUT" "SOURCES;LIBRARIES;LABELS;ARGS" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  if(T_FAILING_ALLOCATIONS)
    target_link_libraries(${T_NAME} PRIVATE test_alloc_fail)
  endif()
  target_link_libraries(${T_NAME} PRIVATE ${T_LIBRARIES} test_left corbel_build PkgConfig::CMOCKA Threads::Threads)
  set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${T_NAME} COMMAND ${T_NAME} ${T_ARGS})
  corbel_test_properties(${T_NAME} "${T_LABELS}" "${T_TIMEOUT}")
endfunction()

# Labels and timeout of a test that is not a cmocka program (a script, a program with input).
function(corbel_test_properties name labels timeout)
  if(NOT "long" IN_LIST labels)
    list(APPEND labels quick)
  endif()
  if(NOT timeout)
    set(timeout 120)
  endif()
  if(CORBEL_SANITIZER) # it only ends what hangs, also on a machine with other work
    math(EXPR timeout "${timeout} * 5")
  endif()
  # ran_NAME is what somebody requires who wants it to have run before.
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} FIXTURES_SETUP "ran_${name}")
  if(CORBEL_SANITIZER STREQUAL "thread")
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "TSAN_OPTIONS=suppressions='${PROJECT_SOURCE_DIR}/tests/tsan.supp'")
  endif()
endfunction()
