# IDL that nobody here wrote becomes C: every file that docs/omniorb-idl.md calls clean is generated, and compiles as C11, its header
# as C++17, without a warning.
# -DCORBELC= -DCC= -DCXX= -DTABLE=docs/omniorb-idl.md -DIDL=folder -DINCLUDES=dir;… -DLEAST=n -DWORK=folder
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")

fresh_folder("${WORK}")
file(STRINGS "${TABLE}" rows REGEX "^\\| [^ ]+\\.idl \\| clean ")
list(LENGTH rows count)
if(count LESS LEAST)
  fail("${count} clean files in ${TABLE}, expected at least ${LEAST}")
endif()
set(options "-I${WORK}" "-I${WORK}/COS")
foreach(folder IN LISTS INCLUDES)
  list(APPEND options "-I${folder}")
endforeach()
set(stems "")
foreach(row IN LISTS rows)
  string(REGEX REPLACE "^\\| ([^ ]+)\\.idl .*$" "\\1" stem "${row}")
  cmake_path(GET stem PARENT_PATH folder)
  run_corbelc(EXPECT 0 ARGS -I "${IDL}" -I "${IDL}/COS" -D ENABLE_CLIENT_IR_SUPPORT -o "${WORK}/${folder}" "${IDL}/${stem}.idl")
  list(APPEND stems "${stem}")
endforeach()

function(compile)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status ERROR_VARIABLE err)
  if(NOT status EQUAL 0)
    fail("${ARGN}\n${err}")
  endif()
endfunction()

foreach(stem IN LISTS stems)
  compile("${CC}" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only ${options} "${WORK}/${stem}.corbel.c")
  compile("${CXX}" -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only ${options} -x c++ "${WORK}/${stem}.corbel.h")
endforeach()
