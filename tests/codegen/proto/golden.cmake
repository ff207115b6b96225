# The .proto files: those of this folder, byte by byte, and all golden ones with protoc, which has nothing to say.
# -DCORBELC= -DPROTOC= -DGOLDEN=folder -DIDL=folder -DWORK=folder [-DUPDATE=1: replaces those of this folder]
include("${CMAKE_CURRENT_LIST_DIR}/../common.cmake")

set(here "${CMAKE_CURRENT_LIST_DIR}")
fresh_folder("${WORK}")
run_corbelc(EXPECT 0 ARGS -Wno-undefined-interface --proto -MD -o "${WORK}" "${here}/everything.idl" "${here}/base.idl")
expect_files("${WORK}" everything.proto everything.proto.d base.proto base.proto.d)
foreach(name everything.proto base.proto)
  if(UPDATE)
    file(COPY_FILE "${WORK}/${name}" "${here}/${name}" ONLY_IF_DIFFERENT)
  else()
    same_bytes("${here}/${name}" "${WORK}/${name}")
  endif()
endforeach()
file(READ "${WORK}/everything.proto.d" text)
set(path "(\\\\ |[^ \n])*") # a blank in it is escaped
expect_match("${text}" "^${path}/everything.proto: \\\\\n ${path}/everything.idl \\\\\n ${path}/base.idl\n$")

# protoc(result file)
function(protoc result file)
  cmake_path(GET file PARENT_PATH folder)
  execute_process(COMMAND "${PROTOC}" "-I${folder}" "-I${GOLDEN}/folders" "-I${IDL}" "--descriptor_set_out=${WORK}/set" "${file}"
                  RESULT_VARIABLE status ERROR_VARIABLE err)
  set(${result} "${status}${err}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE protos "${GOLDEN}/*.proto" "${here}/*.proto" "${IDL}/*.proto")
list(FILTER protos EXCLUDE REGEX "/golden/partial/") # it imports files that are no golden ones
list(LENGTH protos count)
if(count LESS 16)
  fail("only ${count} .proto files")
endif()
foreach(proto IN LISTS protos)
  protoc(said "${proto}")
  if(NOT said STREQUAL "0")
    fail("${proto}: ${said}")
  endif()
endforeach()
message(STATUS "${count} files")

# It can fail: a planted field of a number that is taken.
file(READ "${here}/base.proto" text)
string(REPLACE "double y = 2;" "double y = 1;" text "${text}")
file(WRITE "${WORK}/planted.proto" "${text}")
protoc(said "${WORK}/planted.proto")
expect_match("${said}" "1.*Field number 1 has already been used")
